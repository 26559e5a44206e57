"""The snapshot in a terminal."""

from __future__ import annotations

from datetime import timedelta

from coordinator.commands.status_text import history, lines
from coordinator.status.debts import DebtStatus
from coordinator.status.refusals import RefusalCause, RefusedAttempt
from coordinator.status.scanner import Connection, Intent, IntentKind, ScannerEvent, Split, Timing
from coordinator.status.sentence import Checking, Sentence
from coordinator.status.snapshot import LaneStatus, Snapshot, as_plain
from coordinator.status.upload_log import UploadLog
from shared.messages import Lane
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE, decided, scanner, snapshot


def text(state: Snapshot) -> str:
    """Return the lines as one text."""
    return "\n".join(lines(state.as_json()))


def test_status_text_begins_with_the_sentence() -> None:
    """Then what to do; without scanners and uploads it says so."""
    sad = Sentence(Checking.UNSEEN, "Uploads are NOT being checked.", NOW, 3, "Start the scanner box.")
    shown = text(snapshot(sentence=sad))
    assert shown.splitlines()[:2] == ["Uploads are NOT being checked.", "Start the scanner box."]
    assert "policy bright (ffffffffffff), enforce" in shown
    assert "no scanners" in shown
    assert "last hour: no uploads" in shown


def test_status_text_shows_everything_that_needs_attention() -> None:
    """Scanners in columns with what is meant and why, lanes, debts, refused attempts."""
    log = UploadLog(NOW_S)
    log.note(decided())
    split = Split(total=123.4)
    shown = text(
        snapshot(
            scanner("box", timing=Timing(3, 3, split, split), in_flight=2, scans=7),
            scanner(
                "cellar",
                Connection.OFFLINE,
                why="connection lost",
                intent=Intent(IntentKind.SET_ASIDE, note="3 faults: internal", until=NOW + timedelta(minutes=5)),
            ),
            uploads=log.status(TIMELINE, 0),
            lanes=(LaneStatus(Lane.LIVE, 4, 16, 1.25), LaneStatus(Lane.SWEEP, 0, 0, 0.0)),
            debts=DebtStatus(2, NOW, is_payable=False, fault=""),
            refused=(RefusedAttempt(RefusalCause.UNKNOWN, "", "203.0.113.7", NOW, NOW, 1),),
        )
    )
    box, cellar = (next(line for line in shown.splitlines() if line.startswith(name)) for name in ("box", "cellar"))
    assert box.split()[:2] == ["box", "ready"]
    assert "2/8" in box
    assert "123" in box
    assert "offline" in cellar
    assert "set aside until" in cellar
    assert cellar.endswith("(3 faults: internal); connection lost")
    assert "last hour: clean 1" in shown
    assert "waiting: 4 live, the oldest for 1.2 s" in shown
    assert "sweep" not in shown
    assert "accepted unseen: 2" in shown
    assert "FEDIWARD_PICTRS_URL" in shown
    assert "its token is unknown or was revoked (203.0.113.7" in shown


def test_status_text_of_one_scanner() -> None:
    """Its row, then its events; none is said in words."""
    event = ScannerEvent(NOW, "left: connection lost")
    shown = list(history({"scanner": as_plain(scanner("box")), "events": as_plain((event,))}))
    assert shown[1].startswith("box")
    assert shown[-1].endswith("  left: connection lost")
    assert list(history({"scanner": as_plain(scanner()), "events": []}))[-1].startswith("nothing happened")
