"""What is wrong with one direction of a line, in the words of Toxiproxy. Changed while bytes pass."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class Toxics:
    """The faults of one direction, of all connections of a proxy. As made, there are none."""

    latency_s: float = 0.0
    """How long every byte is on its way."""
    bytes_per_s: float = 0.0
    """Bandwidth; 0: as fast as the machine."""
    blackhole: bool = False
    """Bytes are taken and lost (Toxiproxy: timeout). A connection that has lost some is reset once this ends: TCP never
    delivers a stream with a hole."""
    slice_bytes: int = 0
    """Send in pieces of this many bytes; 0: as they come (Toxiproxy: slicer)."""
    slice_delay_s: float = 0.0
    """Pause between two pieces."""
    limit_bytes: int = 0
    """Close a connection after so many bytes; 0: never (Toxiproxy: limit_data)."""
    slow_close_s: float = 0.0
    """How much later the end of the stream is passed on (Toxiproxy: slow_close)."""
    passed_bytes: int = 0
    """Bytes passed on so far."""
    _reading: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        self._reading.set()

    @property
    def zero_window(self) -> bool:
        """Say whether nothing is read, so that the sender's buffers fill and its window closes."""
        return not self._reading.is_set()

    @zero_window.setter
    def zero_window(self, closed: bool) -> None:
        if closed:
            self._reading.clear()
        else:
            self._reading.set()

    async def window_open(self) -> None:
        """Wait until bytes may be read."""
        await self._reading.wait()

    def clear(self) -> None:
        """End all faults."""
        self.latency_s = self.bytes_per_s = self.slice_delay_s = self.slow_close_s = 0.0
        self.slice_bytes = self.limit_bytes = 0
        self.blackhole = self.zero_window = False
