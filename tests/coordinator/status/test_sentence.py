"""The sentence on top: what is the case, and what helps."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.judge.outcomes import Answer, Mode
from coordinator.status.refusals import RefusalCause, RefusedAttempt
from coordinator.status.scanner import Connection, Intent, IntentKind, Place, ScannerStatus
from coordinator.status.sentence import Checking, Sentence, advice, checking_of, sentence_of
from tests.coordinator.status.situations import NOW, scanner

REFUSED = RefusedAttempt(RefusalCause.UNKNOWN, "", "203.0.113.7", NOW, NOW, 3)


def sentence(checking: Checking, count: int = 0, mode: Mode = Mode.ENFORCE, **changes: Any) -> Sentence:
    """Make a sentence, without scanners unless the test says some."""
    return sentence_of(checking, since=NOW, count=count, mode=mode, **{"scanners": (), **changes})


@pytest.mark.parametrize(
    ("is_checked", "answer", "expected"),
    [
        (True, Answer.ACCEPT, Checking.CHECKED),
        (True, Answer.REJECT, Checking.CHECKED),
        (False, Answer.ACCEPT, Checking.UNSEEN),
        (False, Answer.REJECT, Checking.REJECTED),
    ],
)
def test_sentence_state_follows_the_table(is_checked: bool, answer: Answer, expected: Checking) -> None:
    """Whether somebody looks decides first, then the answer that an upload without a scanner gets."""
    assert checking_of(is_checked=is_checked, answer=answer) is expected


def test_sentence_when_uploads_are_checked() -> None:
    """Nothing to do; shadow mode is said; uploads that were answered unseen lately are something to do."""
    assert sentence(Checking.CHECKED).text == "Uploads are being checked."
    assert sentence(Checking.CHECKED).todo == ""
    assert "nothing is rejected" in sentence(Checking.CHECKED, mode=Mode.SHADOW).text
    assert "in the last five minutes: 3." in sentence(Checking.CHECKED, 3).todo


@pytest.mark.parametrize(("checking", "word"), [(Checking.UNSEEN, "accepted unseen"), (Checking.REJECTED, "rejected")])
def test_sentence_when_uploads_are_not_checked(checking: Checking, word: str) -> None:
    """What happens instead, since when, and to how many."""
    found = sentence(checking, 12)
    assert found.text == f"Uploads are NOT being checked: {word} since 2026-11-23 12:00 UTC (12 so far)."
    assert (found.since, found.count) == (NOW, 12)
    assert found.todo


PAUSED_HERE = Intent(IntentKind.PAUSED, Place.PAGE, "admin", "new fan")
PAUSED_THERE = Intent(IntentKind.PAUSED, Place.MACHINE, "box", "outside its hours")
ASIDE = Intent(IntentKind.SET_ASIDE, note="is wrong")
OFFLINE = scanner("away", Connection.OFFLINE)
NEW = scanner("new", Connection.NEVER_CONNECTED, last_sign=None)


@pytest.mark.parametrize(
    ("scanners", "expected"),
    [
        ((), "Make a token"),
        ((scanner(intent=Intent(IntentKind.REVOKED)),), "Make a token"),
        ((NEW,), "Start the scanner new: no scanner has connected yet. The last attempt was refused: its token"),
        ((OFFLINE, NEW), "Start the scanner away"),
        ((OFFLINE, scanner(connection=Connection.WARMING_UP)), "Wait: box prepares its model."),
        ((OFFLINE, scanner(intent=PAUSED_HERE)), "Resume box: it was paused here (new fan)."),
        ((OFFLINE, scanner(intent=PAUSED_THERE)), "Resume box: it was paused on its own machine (outside its hours)."),
        ((scanner("away", Connection.OFFLINE, intent=PAUSED_HERE), NEW), "Start the scanner away"),
        ((OFFLINE, scanner(connection=Connection.CANNOT_SERVE, why="wrong model")), "Correct box: wrong model."),
        ((scanner(connection=Connection.REFUSED, why="its version is old"),), "Correct box: its version is old."),
        (
            (OFFLINE, scanner(connection=Connection.CANNOT_SERVE, intent=ASIDE)),
            "Look at box: it is set aside (is wrong)",
        ),
        ((OFFLINE, scanner(connection=Connection.LATE)), "Look at the line and the machine of box"),
    ],
)
def test_sentence_advises_what_helps_soonest(scanners: tuple[ScannerStatus, ...], expected: str) -> None:
    """What only needs waiting or a click goes before what needs a walk to the machine."""
    assert advice(scanners, (REFUSED,)).startswith(expected)


def test_sentence_advice_without_attempts() -> None:
    """Nobody tried: nothing is said of attempts."""
    assert advice((NEW,), ()) == "Start the scanner new: no scanner has connected yet."
