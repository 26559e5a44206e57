"""From a snapshot to what the page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coordinator.judge.outcomes import Mode, Outcome
from coordinator.status.debts import DebtStatus
from coordinator.status.problems import Cause, Problem
from coordinator.status.scanner import Connection, Intent, IntentKind, Place, ScannerStatus, Timing
from coordinator.status.sentence import Checking, Sentence
from coordinator.status.snapshot import LaneStatus, PolicyStatus, Snapshot
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
        problems=(),
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
    """Problems, but for what the sentence says; who is late, on the wrong device, unlike the others; what is owed."""
    assert notices_of(snapshot(scanner(), scanner("off", Connection.OFFLINE))) == ()
    bad = replace(
        snapshot(
            replace(scanner("late", Connection.LATE), why="silent for 9 s"),
            replace(scanner("slow"), device_asked="cuda"),
            replace(scanner("odd"), disagreements=2),
        ),
        problems=(
            Problem(Cause.NOT_CHECKED, "", "Not checked.", "Start one.", AT),
            Problem(Cause.SET_ASIDE, "box", "Set aside.", "Wait.", AT),
            Problem(Cause.DEBTS_STUCK, "", "Stuck.", "Look.", AT),
        ),
        debts=DebtStatus(5, AT, is_payable=False, fault=""),
    )
    notices = notices_of(bad)
    assert [notice.anchor for notice in notices] == [
        anchor_of("box"),
        "debts",
        anchor_of("late"),
        anchor_of("slow"),
        anchor_of("odd"),
        "debts",
    ]
    assert [notice.text for notice in notices][:5] == [
        "Set aside. Wait.",
        "Stuck. Look.",
        "The scanner late is late: silent for 9 s.",
        "The scanner slow computes on cpu, although cuda was asked for.",
        "The scanner odd disagreed with another one 2 times.",
    ]
    assert notices[5].text.startswith("5 pictures accepted unseen.")


def test_view_debts() -> None:
    """Why they are not paid, where they are not."""
    for debts, text in (
        (DebtStatus(0, None, is_payable=False, fault=""), ""),
        (DebtStatus(1, AT, is_payable=True, fault=""), ""),
        (DebtStatus(1, AT, is_payable=False, fault=""), "They are only listed"),
        (DebtStatus(1, AT, is_payable=True, fault="no answer"), "They cannot be looked at now: no answer."),
    ):
        said = cells_of(replace(snapshot(), debts=debts))["debts.fault"]
        assert isinstance(said, str)
        assert said.startswith(text)
        assert bool(said) is bool(text)


def test_view_every_cell_has_a_place() -> None:
    """What is sent to the page is in it, and every place in the page has its cell."""
    templates = Templates(StaticFiles())
    rows = rows_of(snapshot(scanner()))
    cells = cells_of(snapshot(scanner()))
    row = templates.piece("scanner_row.html", row=rows[0], cells=cells, csrf="0")
    for key in cells:
        if key.startswith(rows[0].anchor):
            assert f'data-live="{key}"' in row
