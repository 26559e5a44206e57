"""Whether the scanner of one connection may serve: what it says that it is, and what it must answer before it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from coordinator.judge.policy import Policy
from coordinator.trust.examination import Examination
from coordinator.trust.record import Identity, Trust
from coordinator.trust.tolerance import Rows
from coordinator.web.fitness import unfit
from shared.close_codes import CloseCode
from shared.messages import Hello

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
        policy: Policy,
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
        self._policy = policy
        self._ask = ask
        self._passed = passed
        self._end = end
        self._within_s = within_s
        self._loop = asyncio.get_running_loop()
        self._identity = Identity("", "", "", "", 0)
        self._began = False
        self._examination: Examination | None = None
        self._questions = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def weights(self) -> str:
        """Fingerprint of the weights of the model that serves; empty when it has none."""
        return self._identity.weights

    def meet(self, hello: Hello) -> str:
        """Take what a scanner says that it is, and say why it gets nothing; empty when it may be examined.

        A scanner that is set aside has to go when it may try again, so that it comes back.
        """
        if problem := unfit(self._policy, hello):
            return problem
        weights = next(model.fingerprint for model in hello.models if model.name == self._policy.model)
        self._identity = Identity(hello.software, hello.device, hello.precision, weights, hello.capacity)
        now = self._loop.time()
        if (aside := self._trust.aside_of(self._scanner, now)) is not None:
            self._timer = self._loop.call_at(aside.until_s, self._end, CloseCode.COME_BACK, "it may try again")
        return self._trust.problem_of(self._scanner, weights, now)

    def begin(self) -> None:
        """Ask the first question, or let a scanner pass that was away for a moment only. A second time does nothing."""
        if self._began:
            return
        self._began = True
        size = self._policy.frame_size
        self._examination = self._trust.examine(self._scanner, self._identity, frame_size=size, now=self._loop.time())
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
        self.asked, self._examination = "", None
        self.close()
        fault = self._trust.judge(self._scanner, self._identity, examination)
        for other, difference in examination.differences.items():
            if not difference.agrees:
                logger.warning("scanners %s and %s disagree on a reference: %s", self._scanner, other, difference)
        if fault:
            self.fail(fault)
        else:
            self._passed()
