"""Make small harmless animations and videos whose colour says at what time each frame is shown."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import av
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 96, 64

_OPTIONS: dict[str, dict[str, object]] = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"x265-params": "log-level=none:pools=none:frame-threads=1"},
    # Threads of these wait by spinning, which takes minutes where others want the processor too.
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "threads": "1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "threads": "1"},
    "libsvtav1": {"svtav1-params": "lp=1"},
}


def shade(place: int, count: int) -> tuple[int, int, int]:
    """Return the colour of a frame: red rises over the length of a film while blue falls."""
    level = round(255 * place / max(1, count - 1))
    return level, 60, 255 - level


def drawn(place: int, count: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Return a frame: its shade, with a green bar on the left edge that says which way is up."""
    image = Image.new("RGB", size, shade(place, count))
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 8, size[1] // 8), fill=(0, 255, 0))
    return image


def animation(form: str, count: int, *, duration_ms: int = 50, **options: Any) -> bytes:
    """Return an animation of `count` frames in the format that Pillow calls `form`."""
    first, *later = (drawn(place, count) for place in range(count))
    file = io.BytesIO()
    first.save(file, form, save_all=True, append_images=later, duration=duration_ms, **options)
    return file.getvalue()


@lru_cache
def film(
    codec: str = "libx264",
    form: str = "mp4",
    *,
    count: int = 40,
    rate: int = 10,
    gop: int = 250,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    turn: int = 0,
    sound: bool = False,
    container_options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return a video of `count` frames, `rate` a second, every `gop`th of which needs no other."""
    file = io.BytesIO()
    with (
        _ordinary_priority(),
        av.open(file, "w", format=form, container_options=dict(container_options)) as container,
    ):
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1
        stream.options = dict(_OPTIONS.get(codec, {}))
        if turn:
            stream.set_display_rotation(turn)
        if sound:
            _add_silence(container, count / rate)
        for place in range(count):
            frame = av.VideoFrame.from_image(drawn(place, count, size))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


@contextmanager
def _ordinary_priority() -> Iterator[None]:
    """Take back the real-time priority that libsvtav1 gives a process of root: it would starve the whole machine."""
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _add_silence(container: Any, length_s: float) -> None:
    stream = container.add_stream("aac", rate=44_100)
    for at in range(0, int(length_s * 44_100), 1024):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts = 44_100, at
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
