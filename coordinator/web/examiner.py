"""Ask the scanner of one connection what it must answer before it counts as ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from coordinator.trust.examination import Examination
from coordinator.trust.record import Identity, Trust
from coordinator.trust.tolerance import Rows
from shared.close_codes import CloseCode

logger = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 60.0
"""For all questions, at most six frames: a processor that needs longer is of no use within an upload's deadline."""


class Examiner:
    """Bring an examination, the connection and the clock together. Call `close` when the connection ends."""

    def __init__(
        self,
        scanner: str,
        *,
        trust: Trust,
        ask: Callable[[str, Sequence[bytes], float], None],
        passed: Callable[[], None],
        end: Callable[[CloseCode, str], None],
        within_s: float = ANSWERS_WITHIN_S,
    ) -> None:
        """Take how to push frames under a scan id within seconds, and what to do when the scanner passed or must go."""
        self.asked = ""
        """Scan id of the open question."""
        self._scanner = scanner
        self._trust = trust
        self._ask = ask
        self._passed = passed
        self._end = end
        self._within_s = within_s
        self._loop = asyncio.get_running_loop()
        self._identity: Identity | None = None
        self._examination: Examination | None = None
        self._questions = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, identity: Identity, *, frame_size: int) -> None:
        """Ask the first question, or let a scanner pass that was away for a moment only."""
        if self._identity is not None:
            return
        self._identity = identity
        self._examination = self._trust.examine(self._scanner, identity, frame_size=frame_size, now=self._loop.time())
        if self._examination is None:
            self._passed()
            return
        late = f"did not answer the reference within {self._within_s:.0f} s"
        self._timer = self._loop.call_later(self._within_s, self._end, CloseCode.STALLED, late)
        self._next()

    def take(self, rows: Rows) -> None:
        """Take the answer to the open question; ask the next one, or decide."""
        assert self._examination is not None
        self._examination.take(rows)
        if self._examination.question:
            self._next()
        else:
            self._decide(self._examination)

    def fail(self, fault: str) -> None:
        """Set the scanner aside because of what it answered."""
        pause_s = self._trust.set_aside(self._scanner, fault, self._loop.time())
        logger.warning("scanner %s is set aside for %.0f s: %s", self._scanner, pause_s, fault)
        self._end(CloseCode.COME_BACK, f"set aside: {fault}")

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        assert self._examination is not None
        self._questions += 1
        self.asked = f"r{self._questions}"
        self._ask(self.asked, self._examination.question, self._within_s)

    def _decide(self, examination: Examination) -> None:
        assert self._identity is not None
        self.asked = ""
        self.close()
        fault = self._trust.judge(self._scanner, self._identity, examination)
        for other, difference in examination.differences.items():
            if not difference.agrees:
                logger.warning("scanners %s and %s disagree on a reference: %s", self._scanner, other, difference)
        if fault:
            self.fail(fault)
        else:
            self._passed()
