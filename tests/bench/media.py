"""Milliseconds from a file to its frames, beside Pillow's full decode and fedi-safety's way.

Decoding is measured in processor time of one process on one core, in alternating rounds; the round trip on the clock.
"""

from __future__ import annotations

import asyncio
import io
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import av
from PIL import Image, ImageChops

from coordinator.media.cutter.upload import cut_upload, prepare
from coordinator.media.limited import Cutters, Limits
from coordinator.media.looks import Views
from coordinator.media.pipe import Request
from coordinator.media.sniff import sniff
from tests.bench.rows import Row, at_most
from tests.coordinator.media.pictures import encoded, photograph

ROUNDS = 9
ROUND_TRIPS = 300
SIZE = 224
FILM = Path("build/bench-1080p.mp4")


def rows() -> list[Row]:
    """Measure everything here; about a minute, and half a minute more the first time, for making the video."""
    prepare(Limits())
    with _one_core():
        made = [*_stills(), *_moving()]
    return [*made, asyncio.run(_round_trip())]


def _stills() -> Iterator[Row]:
    jpeg = encoded(_grainy((4000, 3000)), "JPEG", quality=90)
    ours, full, thumbnail = _alternating(partial(_ours, jpeg), partial(_full, jpeg), partial(_thumbnail, jpeg))
    yield at_most("12 Mpx JPEG to frames, beside the full decode", ours, "ms", floor=full, bar=1 / 3)
    yield at_most("12 Mpx JPEG to frames, beside thumbnail", ours, "ms", floor=thumbnail)
    for name, size, form, options in (
        ("2 Mpx WebP", (1632, 1224), "WEBP", {"quality": 85}),
        ("2 Mpx AVIF", (1632, 1224), "AVIF", {"quality": 70, "speed": 8}),
        ("12 Mpx PNG", (4000, 3000), "PNG", {"compress_level": 3}),
    ):
        body = encoded(_grainy(size), form, **options)
        ours, thumbnail = _alternating(partial(_ours, body), partial(_thumbnail, body))
        yield at_most(f"{name} to frames, beside thumbnail", ours, "ms", floor=thumbnail, bar=1.0)


def _moving() -> Iterator[Row]:
    gif = _gif(100)
    (ours,) = _alternating(partial(_ours, gif))
    yield at_most("100-frame GIF to frames", ours, "ms", bar=250)
    if not FILM.exists():
        FILM.parent.mkdir(exist_ok=True)
        FILM.write_bytes(_film(20))
    film = FILM.read_bytes()
    (ours,) = _alternating(partial(_ours, film), rounds=3)
    yield at_most("20 s 1080p MP4 to frames", ours, "ms", bar=1500)


async def _round_trip() -> Row:
    """Measure what a limited process costs beyond its own work, for a photograph of about 336 KB."""
    body = encoded(_grainy((1024, 768)), "JPEG", quality=90)
    beyond = []
    async with Cutters(limits=Limits()) as cutters:
        for _ in range(ROUND_TRIPS):
            began = time.perf_counter()
            end = asyncio.get_running_loop().time() + 8
            cut = await cutters.cut([body], size=SIZE, views=Views.ALL, lane_is_live=True, deadline_s=end)
            beyond.append((time.perf_counter() - began) * 1000 - cut.decode_ms)
    name = f"limited process, beyond decoding, {len(body) / 1000:.0f} KB"
    return at_most(name, statistics.median(beyond), "ms", bar=1.5)


def _alternating(*ways: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the median milliseconds of processor time of each way, measured in turns after one round that is not."""
    taken: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for way, times in zip(ways, taken, strict=True):
            began = time.process_time()
            way()
            if number:
                times.append((time.process_time() - began) * 1000)
    return [statistics.median(times) for times in taken]


def _ours(body: bytes) -> int:
    kind = sniff(body)
    assert kind is not None
    return sum(1 for _ in cut_upload(body, Request(kind, Views.ALL, SIZE, len(body), 60.0), Limits()))


def _full(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as image:
        image.load()
        return _centre(image)


def _thumbnail(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as image:
        image.thumbnail((512, 512))
        return _centre(image)


def _centre(image: Image.Image) -> bytes:
    """Cut the frame that a model gets, the way open_clip does."""
    scale = SIZE / min(image.size)
    small = image.convert("RGB").resize(
        (max(SIZE, int(image.width * scale)), max(SIZE, int(image.height * scale))), Image.Resampling.BICUBIC
    )
    left, top = (small.width - SIZE) // 2, (small.height - SIZE) // 2
    return small.crop((left, top, left + SIZE, top + SIZE)).tobytes()


def _grainy(size: tuple[int, int]) -> Image.Image:
    """Return a photograph, enlarged, with the grain that enlarging lacks."""
    image = photograph("coffee", size)
    noise = Image.effect_noise(size, 12).point(lambda level: max(0, level - 110))
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)))


def _panorama(size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    """Yield the frames of a walk along a wide picture."""
    wide = _grainy((size[0] * 3, size[1]))
    for place in range(count):
        left = (wide.width - size[0]) * place // max(1, count - 1)
        yield wide.crop((left, 0, left + size[0], size[1]))


def _gif(count: int) -> bytes:
    frames = [frame.quantize(64) for frame in _panorama((480, 270), count)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=50)
    return file.getvalue()


def _film(length_s: int, rate: int = 30) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        for image in _panorama((1920, 1080), length_s * rate):
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())
    return file.getvalue()


@contextmanager
def _one_core() -> Iterator[None]:
    """Run on one core for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
