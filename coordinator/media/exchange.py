"""Follow what a limited process says about one upload, and turn it into a cut or an error.

Pure: it is given messages and pixels, and never waits.
"""

from __future__ import annotations

from coordinator.media.errors import CutTimedOut, MediaError, NoPlace, Reason, TooCostly, Unreadable, Unsupported
from coordinator.media.looks import MAX_LOOKS, PDQ_BYTES, Cut, Likeness, Look
from coordinator.media.pipe import Alike, Done, Fault, Frame, Head, Nonsense, Reply

_FAULTS: dict[Fault, type[MediaError]] = {
    Fault.UNREADABLE: Unreadable,
    Fault.UNSUPPORTED: Unsupported,
    Fault.TOO_COSTLY: TooCostly,
}
_ENDS: dict[Reason, type[MediaError]] = {
    Reason.PROCESSOR: TooCostly,
    Reason.MEMORY: TooCostly,
    Reason.WALL_TIME: CutTimedOut,
    Reason.DEADLINE: CutTimedOut,
    Reason.CLOSED: NoPlace,
}


class Exchange:
    """Collect the answer about one upload, frames of `size` pixels a side; a message out of turn raises Nonsense.

    The order is one head, the likeness if that was asked for, frames with their pixels, the end; the head is missing
    where nothing decodes.
    """

    def __init__(self, size: int, *, likeness: bool = False) -> None:
        self.size = size
        self._may_have_likeness = likeness
        self._likeness: Likeness | None = None
        self.frame_bytes = size * size * 3
        self.nonsense = False
        self.done: Done | None = None
        self._head: Head | None = None
        self._announced: Frame | Alike | None = None
        self._frames: list[tuple[int, Look, bytes]] = []

    def __repr__(self) -> str:
        state = "ended" if self.done else "under way"
        return f"<Exchange {state}, {len(self._frames)} frames>"

    def follow(self, reply: Reply) -> int:
        """Take a message, and return how many bytes, of pixels or a PDQ, come before the next one."""
        if self.done is not None:
            raise Nonsense("a message after the end")
        match reply:
            case Head() if self._head is None:
                self._head = reply
            case Alike() if self._head is not None and self._may_have_likeness:
                self._may_have_likeness = False
                self._announced = reply
                return PDQ_BYTES
            case Frame() if self._head is not None and len(self._frames) < MAX_LOOKS:
                self._announced = reply
                return self.frame_bytes
            case Done(Fault.NONE) if not self._frames:
                raise Nonsense("no frame and no fault")
            case Done():
                self.done = reply
            case _:
                raise Nonsense("a message out of turn")
        return 0

    def add(self, data: bytes) -> None:
        """Take the pixels of the frame, or the bytes of the PDQ, that was announced last."""
        match self._announced:
            case Alike(quality):
                self._likeness = Likeness(data, quality)
            case Frame(look, rank):
                assert len(data) == self.frame_bytes
                self._frames.append((rank, look, data))
            case None:
                raise AssertionError("nothing was announced")
        self._announced = None

    def result(self) -> Cut:
        """Return what was cut, once the process has said that it is done; raise a MediaError if that is nothing."""
        assert self.done is not None
        done = self.done
        if done.reason is None:
            return self._cut(partial=done.partial, decode_us=done.decode_us)
        if self._frames:
            return self._cut(partial=True, decode_us=done.decode_us)
        raise _FAULTS[done.fault](done.reason)

    def broken_off(self, reason: Reason, *, after_s: float) -> Cut:
        """Return what was cut before a limit ended the process after `after_s`; raise a MediaError if nothing."""
        if self._frames and reason in (Reason.PROCESSOR, Reason.MEMORY, Reason.WALL_TIME, Reason.DEADLINE):
            return self._cut(partial=True, decode_us=int(after_s * 1e6))
        raise _ENDS.get(reason, Unreadable)(reason)

    def _cut(self, *, partial: bool, decode_us: int) -> Cut:
        assert self._head is not None
        ordered = sorted(self._frames, key=lambda frame: frame[0])
        return Cut(
            format=self._head.format.value,
            width=self._head.width,
            height=self._head.height,
            size=self.size,
            looks=tuple(look for _, look, _ in ordered),
            frames=tuple(pixels for _, _, pixels in ordered),
            partial=partial,
            decode_ms=decode_us / 1000,
            likeness=self._likeness,
        )
