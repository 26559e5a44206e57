"""From what is wrong at a moment to what is to be said. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coordinator.notices.alarm import Alarm, Patience, Turn
from coordinator.notices.notice import Notice, Tone
from coordinator.status.problems import Cause, Problem

TITLES = {
    Cause.NOT_CHECKED: ("uploads are NOT being checked", "uploads are being checked again"),
    Cause.SET_ASIDE: ("scanner {} is set aside", "scanner {} works again"),
    Cause.DEBTS_STUCK: ("debts cannot be paid", "debts are being paid again"),
}
"""Causes that are told, with the title for their beginning and their end."""


class Lookout:
    """Watch the causes, each with its own alarm."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._alarms: dict[tuple[Cause, str], Alarm] = {}

    def observe(self, problems: Iterable[Problem], now_s: float) -> Iterator[Notice]:
        """Take all problems of a moment; yield what is to be said about them and about those that are over."""
        present = {(problem.cause, problem.subject): problem for problem in problems if problem.cause in TITLES}
        for key in present:
            self._alarms.setdefault(key, Alarm(self._patience))
        for key, alarm in list(self._alarms.items()):
            problem = present.get(key)
            turn = alarm.observe(is_bad=problem is not None, now_s=now_s)
            cause, subject = key
            began, ended = (title.format(subject) for title in TITLES[cause])
            if turn is Turn.BEGAN:
                assert problem is not None
                yield Notice(Tone.PROBLEM, f"Fediward: {began}", f"{problem.text}\n{problem.todo}".strip())
            elif turn is Turn.ENDED:
                yield Notice(Tone.RECOVERY, f"Fediward: {ended}", f"{ended[0].upper()}{ended[1:]}.")
            if alarm.is_quiet:
                del self._alarms[key]
