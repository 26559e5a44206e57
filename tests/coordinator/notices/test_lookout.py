"""What is said about what is wrong."""

from __future__ import annotations

from coordinator.notices.alarm import Patience
from coordinator.notices.lookout import Lookout
from coordinator.notices.notice import Tone
from coordinator.status.problems import Cause, Problem

NOT_CHECKED = Problem(Cause.NOT_CHECKED, "", "Uploads are NOT being checked.", "Start a scanner.", None)
ASIDE = Problem(Cause.SET_ASIDE, "box", "The scanner box is set aside: 3 faults.", "", None)
OTHER = Problem(Cause.SET_ASIDE, "cellar", "The scanner cellar is set aside: 3 faults.", "", None)
UNFIT = Problem(Cause.CANNOT_SERVE, "box", "The scanner box gets nothing.", "", None)


def test_lookout_says_a_cause_and_its_end() -> None:
    """The text says what is wrong and what to do; the end is a word of its own."""
    lookout = Lookout(Patience(10, 5))
    assert not list(lookout.observe([NOT_CHECKED], 0))
    (began,) = lookout.observe([NOT_CHECKED], 10)
    assert (began.tone, began.title) == (Tone.PROBLEM, "Fediward: uploads are NOT being checked")
    assert began.text == "Uploads are NOT being checked.\nStart a scanner."
    assert not list(lookout.observe([], 11))
    (ended,) = lookout.observe([], 16)
    assert (ended.tone, ended.text) == (Tone.RECOVERY, "Uploads are being checked again.")
    assert not list(lookout.observe([], 100))


def test_lookout_keeps_causes_apart() -> None:
    """Two scanners are two causes, each with a time of its own; what is only shown on the page is not said."""
    lookout = Lookout(Patience(10, 5))
    assert not list(lookout.observe([ASIDE, UNFIT], 0))
    assert not list(lookout.observe([ASIDE, OTHER, UNFIT], 5))
    assert [notice.title for notice in lookout.observe([ASIDE, OTHER, UNFIT], 10)] == [
        "Fediward: scanner box is set aside"
    ]
    assert [notice.title for notice in lookout.observe([OTHER, UNFIT], 15)] == ["Fediward: scanner cellar is set aside"]
    assert [notice.title for notice in lookout.observe([OTHER, UNFIT], 20)] == ["Fediward: scanner box works again"]
