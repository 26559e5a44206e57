"""Whose use of a GPU a reading shows, and when it is a reason to step aside."""

from __future__ import annotations

import pytest

from scanner.manners.gpu import ASIDE_AFTER_S, BACK_AFTER_S, CardReading, Gate, others_percent

OWN, GAME, DESKTOP = 7, 8, 9


def test_idle_scanner_counts_all_that_a_card_does_as_others() -> None:
    """While the model computes nothing, whatever the card does is somebody else's; no process list is needed."""
    assert others_percent([CardReading(62.0)], OWN, computed=False) == 62.0


def test_computing_scanner_counts_the_other_processes() -> None:
    """Its own share is no reason to step aside for."""
    card = CardReading(100.0, {OWN: 70.0, GAME: 25.0, DESKTOP: 4.0})
    assert others_percent([card], OWN, computed=True) == 29.0


def test_others_use_a_card_once_at_most() -> None:
    """Shares that were measured at unlike moments may add up to more than there is."""
    card = CardReading(100.0, {OWN: 1.0, GAME: 80.0, DESKTOP: 80.0})
    assert others_percent([card], OWN, computed=True) == 100.0


@pytest.mark.parametrize("by_process", [None, {}, {GAME: 90.0}], ids=["not told", "empty", "without the own one"])
def test_computing_scanner_that_cannot_tell_its_own_share_knows_nothing(by_process: dict[int, float] | None) -> None:
    """In a container the driver knows the process under another number: then its own work must not look like a game."""
    assert others_percent([CardReading(100.0, by_process)], OWN, computed=True) is None


def test_only_the_card_that_the_scanner_is_on_counts() -> None:
    """A game on the other card is in nobody's way."""
    cards = [CardReading(90.0), CardReading(3.0, ours=True)]
    assert others_percent(cards, OWN, computed=False) == 3.0


def test_busiest_card_counts_for_a_scanner_that_is_on_none() -> None:
    """A scanner on the processor, or one that the driver does not recognise, goes by the busiest card."""
    assert others_percent([CardReading(3.0), CardReading(None), CardReading(90.0)], OWN, computed=False) == 90.0


@pytest.mark.parametrize("cards", [[], [CardReading(None)]])
def test_cards_that_tell_nothing_give_nothing(cards: list[CardReading]) -> None:
    """No reading is not a reading of zero."""
    assert others_percent(cards, OWN, computed=False) is None


def test_gate_steps_aside_after_a_while_beyond_the_limit() -> None:
    """A share at the limit counts, once it has been there for the time that a window needs to open."""
    gate = Gate(30)
    gate.note(30, 0.0)
    gate.note(30, ASIDE_AFTER_S - 0.1)
    assert not gate.aside
    gate.note(30, ASIDE_AFTER_S)
    assert gate.aside


def test_gate_forgets_a_peak() -> None:
    """Two peaks with a lull between them are no game."""
    gate = Gate(30)
    for share, now_s in ((99, 0.0), (5, 1.0), (99, 2.0), (99, 3.0)):
        gate.note(share, now_s)
    assert not gate.aside


def test_gate_comes_back_after_a_long_lull() -> None:
    """A game that loads its next level is not over."""
    gate = aside_gate()
    gate.note(5, 100.0)
    gate.note(5, 100.0 + BACK_AFTER_S - 0.1)
    gate.note(99, 100.0 + BACK_AFTER_S)
    gate.note(5, 200.0)
    gate.note(5, 200.0 + BACK_AFTER_S - 0.1)
    assert gate.aside
    gate.note(5, 200.0 + BACK_AFTER_S)
    assert not gate.aside


def test_gate_learns_nothing_from_an_unknown_share() -> None:
    """What cannot be told neither confirms nor breaks what was seen."""
    gate = Gate(30)
    gate.note(99, 0.0)
    gate.note(None, ASIDE_AFTER_S)
    assert not gate.aside
    gate.note(99, ASIDE_AFTER_S)
    assert gate.aside


def test_gate_opens_when_the_driver_is_gone() -> None:
    """Without readings a scanner would stay away for ever."""
    gate = aside_gate()
    gate.open()
    assert not gate.aside


def aside_gate() -> Gate:
    """Return a gate for 30 % that stands aside since a time below 100 s."""
    gate = Gate(30)
    gate.note(99, 0.0)
    gate.note(99, ASIDE_AFTER_S)
    assert gate.aside
    return gate
