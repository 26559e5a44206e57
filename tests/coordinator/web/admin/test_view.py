"""From a snapshot to what the page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coordinator.judge.outcomes import Mode, Outcome
from coordinator.status.scanner import Connection, Intent, IntentKind, Place, ScannerStatus, Timing
from coordinator.status.sentence import Checking, Sentence
from coordinator.status.snapshot import DebtStatus, LaneStatus, PolicyStatus, Snapshot
from coordinator.status.uploads import UploadsStatus
from coordinator.web.admin.static_files import StaticFiles
from coordinator.web.admin.templates import Templates
from coordinator.web.admin.view import anchor_of, cells_of, notices_of, rows_of, shape_of
from shared.messages import Lane

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def scanner(
    name: str = "box", connection: Connection = Connection.READY, *, intent: Intent | None = None
) -> ScannerStatus:
    """Return a row of the snapshot."""
    return ScannerStatus(
        name=name,
        connection=connection,
        why="",
        since=AT,
        intent=intent or Intent(),
        takes_uploads=connection is Connection.READY,
        host=name,
        version="1",
        device_asked="auto",
        device="cpu",
        model_asked="null",
        models=("null",),
        in_flight=3,
        capacity=8,
        scans=10,
        frames=20,
        frames_per_s=12.0,
        timing=Timing(),
        faults=0,
        last_fault="",
        disagreements=0,
        last_result=None,
        last_sign=AT,
        connected=AT,
        memory_used_bytes=0,
        memory_total_bytes=0,
    )


def snapshot(*scanners: ScannerStatus) -> Snapshot:
    """Return a snapshot of these scanners."""
    none = dict.fromkeys(Outcome, 0)
    return Snapshot(
        at=AT,
        version="0",
        started=AT,
        sentence=Sentence(Checking.CHECKED, "Uploads are being checked.", AT, 0, ""),
        scanners=scanners,
        refused=(),
        uploads=UploadsStatus(0, none, none, 0, 0, 0, (), ()),
        lanes=tuple(LaneStatus(lane, 0, 0, 0.0) for lane in Lane),
        debts=DebtStatus(0, None, is_payable=True, fault=""),
        policy=PolicyStatus("bright", "f" * 64, "null", "", Mode.ENFORCE, ()),
        callers=(),
        refused_requests=0,
    )


def test_view_cells_of_a_row() -> None:
    """Words and kinds for what is known, empty or a dash for what is not."""
    cells = cells_of(snapshot(scanner()))
    key = anchor_of("box")
    assert cells[f"{key}.state"] == ("ready", "ok")
    assert cells[f"{key}.flight"] == "3 / 8"
    assert cells[f"{key}.host"] == "1"
    assert cells[f"{key}.device"] == ("cpu", "")
    assert cells[f"{key}.model"] == "null"
    assert cells[f"{key}.result"] == ""
    assert cells[f"{key}.intent"] == ("", "")
    assert cells["title"] == "checked – Fediward"


def test_view_intents() -> None:
    """By whom and until when; what the machine itself ordered says so."""
    until = AT + timedelta(hours=1)
    for intent, cell in (
        (Intent(IntentKind.PAUSED, Place.PAGE, "anna", "warm", AT, until), ("paused by anna until", "wait")),
        (Intent(IntentKind.PAUSED, Place.PAGE, "anna"), ("paused by anna", "wait")),
        (Intent(IntentKind.PAUSED, Place.MACHINE, "box"), ("paused on its own machine", "wait")),
        (Intent(IntentKind.SET_ASIDE, note="3 faults", until=until), ("set aside until", "warn")),
        (Intent(IntentKind.REVOKED), ("revoked", "off")),
    ):
        assert cells_of(snapshot(scanner(intent=intent)))[f"{anchor_of('box')}.intent"] == cell


def test_view_shape_changes_with_what_a_row_offers() -> None:
    """Not with what it is doing; every action that comes or goes, and every row, does."""
    shown = [
        snapshot(scanner()),
        snapshot(scanner(connection=Connection.OFFLINE)),
        snapshot(scanner(intent=Intent(IntentKind.PAUSED, Place.PAGE, "anna"))),
        snapshot(scanner(intent=Intent(IntentKind.SET_ASIDE))),
        snapshot(scanner(intent=Intent(IntentKind.REVOKED))),
        snapshot(scanner(), scanner("two")),
        replace(snapshot(scanner()), started=AT + timedelta(seconds=1)),
        snapshot(),
    ]
    shapes = [shape_of(one, rows_of(one)) for one in shown]
    assert len(set(shapes)) == len(shapes)
    for same in (
        snapshot(scanner(connection=Connection.WORKING)),
        snapshot(scanner(connection=Connection.LATE)),
        snapshot(scanner(intent=Intent(IntentKind.PAUSED, Place.MACHINE))),
        replace(snapshot(scanner()), at=AT + timedelta(hours=1)),
    ):
        assert shape_of(same, rows_of(same)) == shapes[0]


def test_view_notices() -> None:
    """What is set aside, late, not served, on the wrong device, unlike the others, or owed and not payable."""
    assert notices_of(snapshot(scanner(), scanner("off", Connection.OFFLINE))) == ()
    bad = replace(
        snapshot(
            scanner(intent=Intent(IntentKind.SET_ASIDE, note="3 faults: internal")),
            replace(scanner("late", Connection.LATE), why="silent for 9 s"),
            replace(scanner("slow"), device_asked="cuda"),
            replace(scanner("odd"), disagreements=2),
        ),
        debts=DebtStatus(5, AT, is_payable=False, fault=""),
    )
    texts = [notice.text for notice in notices_of(bad)]
    assert texts[:4] == [
        "box is set aside: 3 faults: internal",
        "late: late (silent for 9 s)",
        "slow computes on cpu, although cuda was asked for",
        "odd disagreed with another scanner 2 times",
    ]
    assert "5 pictures" in texts[4]
    assert notices_of(replace(bad, scanners=(), debts=DebtStatus(1, AT, is_payable=True, fault="refused")))[0].text == (
        "1 picture accepted unseen and not looked at yet. refused"
    )


def test_view_every_cell_has_a_place() -> None:
    """What is sent to the page is in it, and every place in the page has its cell."""
    templates = Templates(StaticFiles())
    rows = rows_of(snapshot(scanner()))
    cells = cells_of(snapshot(scanner()))
    row = templates.piece("scanner_row.html", row=rows[0], cells=cells, csrf="0")
    for key in cells:
        if key.startswith(rows[0].anchor):
            assert f'data-live="{key}"' in row
