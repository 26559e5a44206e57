"""One generated picture for one scanner, asked by an admin: does it answer, and how long does that take?"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from coordinator.dispatch.state import Phase, ScannerState
from coordinator.judge.policy import Policy
from coordinator.judge.scores import Scores, ScoresError
from shared.errors import FediwardError
from shared.messages import Cancel, Failure, Frame, FromCoordinator, FromScanner, Lane, Progress, Received, Result, Scan

TRIAL_S = 8.0
FRAMES = 1
PREFIX = "trial-"

_numbers = itertools.count(1)


class TrialError(FediwardError):
    """A scanner did not do what the trial asked of it. `str` is a sentence."""


@dataclass(frozen=True, slots=True)
class TrialTimes:
    """How long a trial took, in milliseconds."""

    total: float
    """From the push to the scores."""
    line: float
    """What is not the scanner's own time: both ways, and our own."""
    queue: float
    """Within the scanner, before the model."""
    infer: float


class Trial:
    """One trial over one connection, beside what dispatch pushes. It must have left FRAMES of room for it."""

    def __init__(self, put: Callable[..., None], policy: Policy) -> None:
        """Take what sends messages, and the policy whose terms the scores are for."""
        self._put = put
        self._policy = policy
        self._scan_id = f"{PREFIX}{next(_numbers)}"
        self._done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    async def run(self) -> TrialTimes:
        """Send the picture and wait for its scores. Raises TrialError."""
        loop = asyncio.get_running_loop()
        size = self._policy.frame_size
        began_s = loop.time()
        messages: tuple[FromCoordinator, ...] = (
            Scan(self._scan_id, 1, TRIAL_S * 1e3, Lane.LIVE, FRAMES, size),
            Frame(self._scan_id, 0, picture(size)),
        )
        self._put(*messages)
        try:
            async with asyncio.timeout(TRIAL_S):
                result = await self._done
        except TimeoutError:
            raise TrialError(f"It did not answer within {TRIAL_S:.0f} s.") from None
        finally:
            # Nobody waits any more, here or at the page; the scanner must drop it before its room is given away.
            if self._done.cancelled():
                self._put(Cancel(self._scan_id))
        total = (loop.time() - began_s) * 1e3
        line = max(total - result.queue_ms - result.infer_ms, 0.0)
        return TrialTimes(total, line, result.queue_ms, result.infer_ms)

    def takes(self, message: FromScanner) -> bool:
        """Take a message about this trial; False for any other."""
        if not isinstance(message, Received | Progress | Result | Failure) or message.scan_id != self._scan_id:
            return False
        if self._done.done():
            return True
        if isinstance(message, Failure):
            self._done.set_exception(TrialError(f"It failed: {message.kind}."))
        elif isinstance(message, Result):
            self._take_result(message)
        return True

    def end(self) -> None:
        """Let the one who waits know that the connection has ended."""
        if not self._done.done():
            self._done.set_exception(TrialError("Its connection ended meanwhile."))

    def _take_result(self, result: Result) -> None:
        try:
            if (result.frames, result.terms) != (FRAMES, len(self._policy.terms)):
                raise ScoresError("of another shape than was asked for")
            Scores.parse(result.scores, frames=result.frames, terms=result.terms)
        except ScoresError as error:
            self._done.set_exception(TrialError(f"Its scores make no sense: {error}."))
        else:
            self._done.set_result(result)


class Trials:
    """The trials of one connection, one at a time."""

    def __init__(
        self,
        put: Callable[..., None],
        policy: Policy,
        state: Callable[[], ScannerState | None],
        reserve: Callable[[int], None],
    ) -> None:
        """Take what sends messages, the policy, how dispatch sees the scanner, and what has it leave room there."""
        self._put = put
        self._policy = policy
        self._state = state
        self._reserve = reserve
        self._trial: Trial | None = None

    async def run(self) -> TrialTimes:
        """Ask for the scores of a generated picture, also of a scanner that is held. Raises TrialError."""
        state = self._state()
        if self._trial is not None:
            raise TrialError("It is being tested already.")
        if state is None or state.phase is Phase.WARMING:
            raise TrialError("It is not ready yet.")
        if state.room < FRAMES:
            raise TrialError("It takes nothing now: it is paused on its own machine, or full.")
        self._trial = Trial(self._put, self._policy)
        self._reserve(FRAMES)
        try:
            return await self._trial.run()
        finally:
            self._trial = None
            self._reserve(0)

    def takes(self, message: FromScanner) -> bool:
        """Take a message about a trial that is going on; False for any other."""
        return self._trial is not None and self._trial.takes(message)

    def end(self) -> None:
        """Let the one who waits know that the connection has ended."""
        if self._trial is not None:
            self._trial.end()


def picture(size_px: int) -> bytes:
    """Return a frame with a gradient: red from left to right, green from top to bottom, some blue."""
    steps = [place * 255 // (size_px - 1) for place in range(size_px)]
    return b"".join(bytes((red, green, 96)) for green in steps for red in steps)
