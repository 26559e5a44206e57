"""Decode the video track of an mp4 or webm, from wherever it is sought. The only module that knows PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.audio.codeccontext
import av.audio.stream
import av.container
import av.logging
import av.subtitles.codeccontext
import av.subtitles.stream
from PIL import Image

from coordinator.media.cutter.pillow import check_size
from coordinator.media.errors import Reason, Unreadable, Unsupported
from coordinator.media.limits import Limits
from coordinator.media.sniff import Format

STREAMS = (av.audio.stream, av.audio.codeccontext, av.subtitles.stream, av.subtitles.codeccontext)
"""What PyAV would import when a file has such a track; nothing can be imported by then."""

DAMAGE = (av.FFmpegError, OSError, ValueError, OverflowError)
"""What PyAV raises on damaged files."""

_DEMUXERS = {Format.MP4: "mov", Format.WEBM: "matroska"}
_CODECS = frozenset({"h264", "hevc", "av1", "vp8", "vp9"})
_DECODERS = "h264,hevc,libdav1d,av1,vp8,vp9,libvpx,libvpx-vp9"
_WIDEST_PIXEL = 4
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def prepare() -> None:
    """Silence FFmpeg: it writes what it thinks of a file to standard error."""
    av.logging.set_level(av.logging.PANIC)


class Reel:
    """Hold a video track: iterate over its frames, and `seek` to go on elsewhere. Times are in `tick_s` seconds.

    `size` is the pixels of a frame as shown (turned upright, with square pixels). Raises Unreadable, Unsupported,
    TooCostly, and what `DAMAGE` names.
    """

    def __init__(self, body: bytes, kind: Format, limits: Limits) -> None:
        self._limits = limits
        # Only these decoders may look at the file, the ones that guess at its tracks included.
        options = {"codec_whitelist": _DECODERS, "max_pixels": str(limits.still_px)}
        container = av.open(io.BytesIO(body), format=_DEMUXERS[kind], options=options)
        assert isinstance(container, av.container.InputContainer)
        self._container = container
        stream = self._container.streams.best("video")
        if not isinstance(stream, av.VideoStream):
            raise Unreadable(Reason.NO_PICTURE)
        codec = stream.codec_context
        if codec is None or codec.codec.canonical_name not in _CODECS:
            raise Unsupported(Reason.CODEC_NOT_READ)
        check_size(codec.width, codec.height, limits)
        codec.thread_count = 1
        # A third of the work of h264, for 2 to 4 of 255 levels at the size of a frame, eight seconds after a key frame.
        codec.options = {"max_pixels": str(limits.still_px), "skip_loop_filter": "all"}
        self._stream = stream
        self.tick_s: Fraction = stream.time_base or Fraction(1, 1000)
        self._frames = self._decoded()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    @property
    def length(self) -> int:
        """Return how long the file says that the track is, in ticks; 0 where it does not say."""
        if self._stream.duration:
            return int(self._stream.duration)
        if self._container.duration:
            return int(Fraction(self._container.duration, av.time_base) / self.tick_s)
        return 0

    def key_near(self, ticks: int, within: int) -> int | None:
        """Return where the nearest frame is that needs no other, if that is known and not further off than `within`."""
        entries = self._stream.index_entries
        near = []
        for backward in (True, False):
            place = entries.search_timestamp(ticks, backward=backward)
            if place >= 0:
                near.append(int(entries[place].timestamp))
        near = [key for key in near if abs(key - ticks) <= within]
        return min(near, key=lambda key: abs(key - ticks), default=None)

    def key_between(self, after: int, until: int) -> bool:
        """Say whether seeking saves decoding on the way from `after` to `until`; also where nobody knows."""
        entries = self._stream.index_entries
        place = entries.search_timestamp(until, backward=True)
        return place < 0 or entries[place].timestamp > after

    def hurry(self) -> None:
        """Skip frames that no other needs, from here on, where the decoder can; go back to the beginning."""
        self._stream.codec_context.skip_frame = "NONREF"
        # This is also what makes FFmpeg read the index of a webm.
        self.seek(0)

    def seek(self, ticks: int) -> bool:
        """Go on at the last frame before `ticks` that needs no other; False if the file cannot be sought in."""
        try:
            self._container.seek(ticks, stream=self._stream, backward=True)
        except DAMAGE:
            return False
        self._frames = self._decoded()
        return True

    def next(self) -> av.VideoFrame | None:
        """Return the next frame in the order of showing; None at the end."""
        return next(self._frames, None)

    def size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return the width and height of a frame as it is shown."""
        wide, high = max(1, round(frame.width * self._stretch())), frame.height
        return (high, wide) if frame.rotation % 180 else (wide, high)

    def image(self, frame: av.VideoFrame, size: tuple[int, int]) -> Image.Image:
        """Return a frame as a picture of `size`, turned upright."""
        turn = _TURNS.get(frame.rotation % 360)
        wide, high = size[::-1] if frame.rotation % 180 else size
        # One thread: no other may be started here.
        scaled = frame.reformat(width=wide, height=high, format="rgb24", interpolation="BICUBIC", threads=1)
        image: Image.Image = scaled.to_image()  # type: ignore[no-untyped-call]
        return image if turn is None else image.transpose(turn)

    def _stretch(self) -> float:
        """Return how much wider than high a pixel is; 1 for what no camera makes."""
        ratio = self._stream.sample_aspect_ratio
        if not ratio or not 1 / _WIDEST_PIXEL <= ratio <= _WIDEST_PIXEL:
            return 1.0
        return float(ratio)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        packets: Iterator[Any] = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except DAMAGE:
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except DAMAGE:
                # As players do: what is damaged is left out, and the next frame may be whole.
                continue
            for frame in frames:
                check_size(frame.width, frame.height, self._limits)
                yield frame
