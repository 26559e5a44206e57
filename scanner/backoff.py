"""When the scanner connects again, and after how long. tenacity enters nowhere else."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import WaitBaseT, wait_base

from scanner.errors import RetriedError
from shared.limits import RETRY_FIRST_S, RETRY_LONGEST_S

logger = logging.getLogger(__name__)

IS_RETRIED = retry_if_exception_type(RetriedError)
"""What a later attempt may get past. Every other error ends the scanner."""

RESTART_ATTEMPTS = 10
"""So many attempts, 13 s on average, are what a restart of the coordinator may take."""

RESTART_LONGEST_S = 4.0
"""Longest pause between them, so that scanners are back within 5 s of a restart. With RETRY_LONGEST_S from the first
attempt on, 3 % of them would take longer after a restart of 2 s, and 20 % after one of 5 s (simulated)."""


class FullJitter(wait_base):
    """Wait uniformly between 0 and a bound that doubles from RETRY_FIRST_S to RETRY_LONGEST_S.

    So that scanners that lost the same coordinator come back spread out.
    """

    def __call__(self, retry_state: RetryCallState) -> float:
        """Give the pause in seconds after an attempt."""
        number = retry_state.attempt_number
        longest_s = RESTART_LONGEST_S if number <= RESTART_ATTEMPTS else RETRY_LONGEST_S
        return random.uniform(0, min(longest_s, RETRY_FIRST_S * 2 ** min(number - 1, 16)))


FULL_JITTER = FullJitter()

NOISE_INTERVAL_S = 60.0
"""Time between two log lines about one outage."""


def at_once() -> float:
    """Give the pause in seconds after a healthy connection has dropped."""
    return random.uniform(0, RETRY_FIRST_S)


def retrying(outage: OutageLog, stopping: asyncio.Event, *, wait: WaitBaseT = FULL_JITTER) -> AsyncRetrying:
    """Begin a series of attempts that ends with a result, or with an error that is not worth retrying.

    Once `stopping` is set, a failed attempt is the last one, and the series gives True: nothing is left to do.
    """

    def note(state: RetryCallState) -> None:
        if state.outcome is not None:
            outage.note(state.outcome.exception())

    return AsyncRetrying(
        retry=IS_RETRIED,
        wait=wait,
        stop=lambda _: stopping.is_set(),
        before_sleep=note,
        retry_error_callback=lambda _: True,
    )


class OutageLog:
    """Say the first fault of an outage at once, and then the newest one a minute."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet_until_s: float | None = None
        self._faults = 0

    def note(self, fault: BaseException | None) -> None:
        """Take note of an attempt that failed."""
        self._faults += 1
        now_s = self._clock()
        if self._quiet_until_s is not None and now_s < self._quiet_until_s:
            return
        self._quiet_until_s = now_s + NOISE_INTERVAL_S
        logger.info("%s; trying again (attempt %d failed)", fault, self._faults)

    def end(self) -> None:
        """Forget the outage: the coordinator is there again."""
        self._quiet_until_s = None
        self._faults = 0
