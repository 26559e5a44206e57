"""The connection between the coordinator and one box: two directions that delay, clog and break."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tests.simulation.timeline import Timeline


class Direction:
    """One direction of a connection: ordered, with a speed and a delay. Clogged, it keeps what is sent."""

    def __init__(self, timeline: Timeline, bytes_per_s: float, latency_s: float) -> None:
        self.bytes_per_s = bytes_per_s
        self.latency_s = latency_s
        self._timeline = timeline
        self._free_s = 0.0
        self._last_s = 0.0
        self._clogged = False
        self._cut = False
        self._held: deque[Callable[[], None]] = deque()

    def send(self, deliver: Callable[[], None], size_bytes: int = 0) -> None:
        """Call `deliver` when so many bytes have arrived, in the order of sending."""
        self._free_s = max(self._free_s, self._timeline.now) + size_bytes / self.bytes_per_s
        self._last_s = max(self._last_s, self._free_s + self.latency_s)
        self._timeline.at(self._last_s, lambda: self._arrive(deliver))

    def clog(self) -> None:
        """Let nothing through from now on."""
        self._clogged = True

    def unclog(self) -> None:
        """Let everything through that was kept, at once and in order."""
        self._clogged = False
        while self._held and not self._clogged:
            self._held.popleft()()

    @property
    def is_clogged(self) -> bool:
        """Say whether nothing gets through."""
        return self._clogged

    def cut(self) -> None:
        """Lose what is on its way, and all that is sent later."""
        self._cut = True
        self._held.clear()

    def _arrive(self, deliver: Callable[[], None]) -> None:
        if self._cut:
            return
        if self._clogged or self._held:
            self._held.append(deliver)
        else:
            deliver()


class Line:
    """One connection, known by its generation."""

    def __init__(self, timeline: Timeline, generation: int, bytes_per_s: float, latency_s: float) -> None:
        self.generation = generation
        self.down = Direction(timeline, bytes_per_s, latency_s)
        self.up = Direction(timeline, bytes_per_s, latency_s)
        self.open_at_coordinator = True
        self.open_at_box = True

    def clog(self) -> None:
        """Let nothing through in either direction."""
        self.down.clog()
        self.up.clog()

    def unclog(self) -> None:
        """Let everything through that was kept."""
        self.down.unclog()
        self.up.unclog()

    def cut(self) -> None:
        """Lose everything in both directions."""
        self.down.cut()
        self.up.cut()
