"""A cause is told once when it lasts, and once when it is over."""

from __future__ import annotations

import pytest

from coordinator.notices.alarm import Alarm, Patience, Turn

PATIENCE = Patience(grace_s=60, recovery_s=30)


def play(*spells: tuple[bool, int], patience: Patience = PATIENCE) -> list[tuple[int, Turn]]:
    """Observe once a second through spells of (is bad, seconds); return what was told, and when."""
    alarm, now_s, told = Alarm(patience), 0, []
    for is_bad, seconds in spells:
        for _ in range(seconds):
            turn = alarm.observe(is_bad=is_bad, now_s=now_s)
            if turn is not None:
                told.append((now_s, turn))
            now_s += 1
    return told


def test_alarm_tells_a_lasting_cause_once() -> None:
    """After the grace time, and not again however long it lasts."""
    assert play((False, 10), (True, 1000)) == [(70, Turn.BEGAN)]


def test_alarm_passes_over_a_short_cause() -> None:
    """What is over within the grace time is no news, neither its beginning nor its end."""
    assert play((True, 60), (False, 100)) == []


def test_alarm_tells_the_end_once() -> None:
    """After the recovery time; a cause that comes again later is told again."""
    told = play((True, 100), (False, 100), (True, 100))
    assert told == [(60, Turn.BEGAN), (130, Turn.ENDED), (260, Turn.BEGAN)]


def test_alarm_takes_no_short_end_for_one() -> None:
    """A cause that flaps after it was told stays told: no message for each turn."""
    flapping = [(False, 29), (True, 5)] * 20
    assert play((True, 100), *flapping, (False, 31)) == [(60, Turn.BEGAN), (810, Turn.ENDED)]


def test_alarm_counts_flapping_as_one_cause() -> None:
    """Short ends do not start the grace time anew, or a link that comes and goes would never be told."""
    told = play(*[(True, 20), (False, 10)] * 10)
    assert told == [(60, Turn.BEGAN)]


def test_alarm_without_patience_tells_at_once() -> None:
    """With no grace and no recovery time each turn is told."""
    told = play((True, 1), (False, 1), (True, 1), patience=Patience(0, 0))
    assert [turn for _, turn in told] == [Turn.BEGAN, Turn.ENDED, Turn.BEGAN]


@pytest.mark.parametrize("spell", [0, 100])
def test_alarm_is_quiet_when_nothing_is_remembered(spell: int) -> None:
    """Before anything happened, and after an end, it may be thrown away."""
    alarm = Alarm(PATIENCE)
    for now_s in range(spell):
        alarm.observe(is_bad=True, now_s=now_s)
        assert not alarm.is_quiet
    assert alarm.is_told == (spell == 100)
    for now_s in range(spell, spell + 31):
        alarm.observe(is_bad=False, now_s=now_s)
    assert alarm.is_quiet
    assert not alarm.is_told
