"""Contents are asked about as long as that helps."""

from __future__ import annotations

from coordinator.sweep.hunch import MISSES, TRY_EVERY, Hunch


def asked(hunch: Hunch, contents: int) -> int:
    """Ask about so many contents, none of which is known; return how many were asked about."""
    count = 0
    for _ in range(contents):
        if hunch.is_worth_asking():
            count += 1
            hunch.note(is_known=False)
    return count


def test_hunch_asks_while_contents_are_known() -> None:
    """In a store that was looked at before, every content is asked about."""
    hunch = Hunch()
    for _ in range(100):
        assert hunch.is_worth_asking()
        hunch.note(is_known=True)


def test_hunch_gives_up_in_a_new_store() -> None:
    """Where nothing is known, a few are asked about at first, and later one now and then."""
    assert asked(Hunch(), 1000) == MISSES + (1000 - MISSES) // TRY_EVERY


def test_hunch_asks_again_once_something_is_known() -> None:
    """One content that was known, asked about or sent, brings the asking back."""
    hunch = Hunch()
    asked(hunch, 100)
    hunch.note(is_known=True)
    assert asked(hunch, MISSES) == MISSES
