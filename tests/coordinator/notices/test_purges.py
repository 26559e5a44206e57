"""Purges are told in few messages, and never with a whole hash."""

from __future__ import annotations

from collections.abc import Iterable

from coordinator.ledger.audit import Entry, What
from coordinator.notices.notice import Tone
from coordinator.notices.purges import BETWEEN_S, FIRST_WAIT_S, Purges
from tests.coordinator.status.situations import NOW


def entries(numbers: Iterable[int], state: str = "gone") -> list[Entry]:
    """Make entries about pictures whose hashes begin with these numbers."""
    return [Entry(What.PURGE, NOW, "later look", f"{n:08x}" + "e" * 56, {"state": state}) for n in numbers]


def test_purges_are_gathered() -> None:
    """What is purged within a few seconds is one message; what follows waits for a quarter of an hour."""
    purges = Purges()
    assert purges.take(0) is None
    purges.note(entries([1]), 0)
    purges.note(entries(range(2, 31)), FIRST_WAIT_S - 1)
    assert purges.take(FIRST_WAIT_S - 0.1) is None
    first = purges.take(FIRST_WAIT_S)
    assert first is not None
    assert (first.tone, first.title) == (Tone.EVENT, "Fediward: 30 purged")
    assert "30 pictures (00000001, 00000002" in first.text
    assert "and 20 more" in first.text
    purges.note(entries([40]), FIRST_WAIT_S + 1)
    assert purges.take(FIRST_WAIT_S + BETWEEN_S - 1) is None
    second = purges.take(FIRST_WAIT_S + BETWEEN_S)
    assert second is not None
    assert "1 picture (00000028)" in second.text
    assert purges.take(10 * BETWEEN_S) is None


def test_purges_tell_what_stays_once() -> None:
    """What cannot be purged is tried again and again, and told once, until it was gone in between."""
    purges, told = Purges(), []
    for number, state in enumerate(["failed", "failed", "gone", "still served"]):
        now_s = number * 10 * BETWEEN_S
        purges.note(entries([7], state), now_s)
        told.append(purges.take(now_s + FIRST_WAIT_S))
    assert [notice and notice.tone for notice in told] == [Tone.PROBLEM, None, Tone.EVENT, Tone.PROBLEM]


def test_purges_hold_no_whole_hash() -> None:
    """Eight digits, no more."""
    purges = Purges()
    purges.note([*entries(range(20)), *entries(range(20, 40), "failed")], 0)
    notice = purges.take(FIRST_WAIT_S)
    assert notice is not None
    assert "e" * 9 not in notice.text
    assert "eeee" not in notice.text
