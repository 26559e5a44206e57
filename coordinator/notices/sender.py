"""Sends notices from a thread of its own: services are slow, and the loop must not wait for them."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from coordinator.notices.notice import Notice

logger = logging.getLogger(__name__)

PAUSES_S = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""After each try that failed; then every half hour."""

GIVE_UP_S = 86_400.0
"""A notice that is a day old is not sent any more."""

MOST_WAITING = 100
CLOSE_S = 5.0


class Target(Protocol):
    """A service that takes notices."""

    @property
    def label(self) -> str:
        """A name for logs, without secrets."""

    def send(self, notice: Notice) -> bool:
        """Send, within a bounded time; say whether it was taken."""


class Sender:
    """Queue notices and send each to every target, again and again until it is taken. Use from one thread."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        pauses_s: Sequence[float] = PAUSES_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._targets = targets
        self._pauses_s = pauses_s
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, int, float, Target, Notice]] = []
        self._changed = threading.Condition()
        self._is_closing = False
        # A daemon: a service that hangs must not keep the coordinator from ending.
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def send(self, notice: Notice) -> None:
        """Have a notice sent soon; returns at once. When too many wait already, it is dropped and logged."""
        logger.info("notice: %s", notice.title)
        now_s = self._clock()
        with self._changed:
            for target in self._targets:
                if len(self._waiting) >= MOST_WAITING:
                    logger.error("a notice for service %s is dropped: %d wait", target.label, MOST_WAITING)
                    continue
                heapq.heappush(self._waiting, (now_s, next(self._numbers), 0, now_s, target, notice))
            self._changed.notify()

    def close(self, within_s: float = CLOSE_S) -> int:
        """Stop, letting what was just handed over leave; return how many notices were not sent."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(within_s)
        with self._changed:
            return len(self._waiting)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._is_due():
                    if self._is_closing:
                        return
                    self._changed.wait(self._wait_s())
                due = heapq.heappop(self._waiting)
            self._try(*due)

    def _is_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= self._clock()

    def _wait_s(self) -> float | None:
        return max(self._waiting[0][0] - self._clock(), 0.0) if self._waiting else None

    def _try(self, due_s: float, number: int, tries: int, since_s: float, target: Target, notice: Notice) -> None:
        if target.send(notice):
            return
        now_s = self._clock()
        pause_s = self._pauses_s[min(tries, len(self._pauses_s) - 1)]
        if now_s + pause_s - since_s > GIVE_UP_S:
            logger.error("a notice for service %s is given up: it was not taken for a day", target.label)
            return
        logger.warning("service %s did not take a notice; trying again in %.0f s", target.label, pause_s)
        with self._changed:
            heapq.heappush(self._waiting, (now_s + pause_s, number, tries + 1, since_s, target, notice))
