"""One scan whose frames are arriving. Pure."""

from __future__ import annotations

import numpy as np

from scanner.models import Frames
from shared.errors import UnexpectedMessageError
from shared.messages import Frame, Scan


class Assembly:
    """Collect the frames of a scan, each index once, each of the announced size."""

    def __init__(self, scan: Scan, *, began_s: float) -> None:
        """Take the announcement, and when it came."""
        self.scan = scan
        self.began_s = began_s
        self.frames: Frames = np.empty((scan.frames, scan.frame_size, scan.frame_size, 3), np.uint8)
        self._missing = set(range(scan.frames))

    @property
    def complete(self) -> bool:
        """Say whether all frames are there."""
        return not self._missing

    def add(self, frame: Frame) -> None:
        """Keep one frame.

        Raises UnexpectedMessageError when its index was not announced or came before, or when its size is wrong.
        """
        if frame.index not in self._missing:
            raise UnexpectedMessageError(Frame.TYPE, "an index that was not announced, or came before")
        place = self.frames[frame.index]
        if len(frame.pixels) != place.size:
            raise UnexpectedMessageError(Frame.TYPE, f"{len(frame.pixels)} bytes instead of {place.size}")
        place[...] = np.frombuffer(frame.pixels, np.uint8).reshape(place.shape)
        self._missing.discard(frame.index)
