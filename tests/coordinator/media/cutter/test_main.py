"""The program of a limited process, as it is started."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from coordinator.media.errors import MediaError, TooCostly
from coordinator.media.limited import COMMAND, Cutters
from coordinator.media.limits import Limits
from coordinator.media.looks import Cut, Views
from coordinator.media.pipe import REPLY_BYTES, Ready, Setup, parse_reply
from tests.coordinator.media.films import animation, film
from tests.coordinator.media.pictures import encoded, photograph

SAMPLES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(photograph(), "JPEG"),
    "progressive jpeg": lambda: encoded(photograph(), "JPEG", progressive=True),
    "truncated jpeg": lambda: encoded(photograph("gravel", (700, 700)), "JPEG")[:-9000],
    "cmyk jpeg": lambda: encoded(photograph().convert("CMYK"), "JPEG"),
    "png": lambda: encoded(photograph(), "PNG"),
    "png with words": lambda: encoded(photograph(), "PNG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"),
    "palette": lambda: encoded(photograph().quantize(16), "PNG"),
    "webp": lambda: encoded(photograph(), "WEBP"),
    "webp lossless": lambda: encoded(photograph().convert("RGBA"), "WEBP", lossless=True),
    "avif": lambda: encoded(photograph(), "AVIF"),
    "gif": lambda: animation("GIF", 12),
    "apng": lambda: animation("PNG", 12),
    "webp animation": lambda: animation("WEBP", 12),
    "avif animation": lambda: animation("AVIF", 12),
    "h264": film,
    "h265": lambda: film("libx265"),
    "av1": lambda: film("libsvtav1"),
    "vp8": lambda: film("libvpx", "webm"),
    "vp9": lambda: film("libvpx-vp9", "webm"),
    "sound": lambda: film(sound=True),
}
VIDEOS = {"h264", "h265", "av1", "vp8", "vp9", "sound"}


async def cut(cutters: Cutters, body: bytes) -> Cut:
    """Cut an upload with all its looks, and ask for its likeness."""
    end = asyncio.get_running_loop().time() + 20
    return await cutters.cut([body], size=64, views=Views.ALL, lane_is_live=True, deadline_s=end, likeness=True)


async def test_every_format_is_cut_behind_the_seals() -> None:
    """Everything that decodes in an open process decodes in a sealed one: nothing is left to be loaded later."""
    async with Cutters(limits=Limits(), likeness=True) as cutters:
        for name, sample in SAMPLES.items():
            result = await cut(cutters, sample())
            assert result.frames, name
            assert result.partial is False, name
            assert (result.likeness is None) is (name in VIDEOS), name
        assert cutters.snapshot().replaced == 0


def test_nothing_is_imported_for_an_upload() -> None:
    """Cutting every format imports no module that was not there before: files are out of reach by then."""
    program = (
        "import sys\n"
        "from coordinator.media.cutter import upload\n"
        "from coordinator.media.limits import Limits\n"
        "hasher = upload.prepare(Limits(), likeness=True)\n"
        "before = set(sys.modules)\n"
        "from coordinator.media.pipe import Request\n"
        "from coordinator.media.looks import Views\n"
        "from coordinator.media.sniff import sniff\n"
        "while length := int.from_bytes(sys.stdin.buffer.read(4), 'big'):\n"
        "    body = sys.stdin.buffer.read(length)\n"
        "    list(upload.cut_upload(body, Request(sniff(body), Views.ALL, 64, length, 60), Limits(), hasher))\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    bodies = [sample() for sample in SAMPLES.values()]
    fed = b"".join(len(body).to_bytes(4, "big") + body for body in bodies) + bytes(4)
    done = subprocess.run([sys.executable, "-I", "-c", program], input=fed, capture_output=True, check=True)
    assert done.stdout.decode().split() == []


async def test_process_ends_with_its_input() -> None:
    """When nobody is there any more to ask it, the program ends by itself, and cleanly."""
    process = await asyncio.create_subprocess_exec(*COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(Setup(os.getpid(), Limits()).pack())
    assert isinstance(parse_reply(await process.stdout.readexactly(REPLY_BYTES)), Ready)
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 5) == 0


@pytest.mark.parametrize("said", [b"", b"short", bytes(200)])
async def test_process_ends_without_a_setup(said: bytes) -> None:
    """What does not begin as it should is not served at all."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    )
    out, _ = await asyncio.wait_for(process.communicate(said), 10)
    assert out == b""
    assert process.returncode != 0


async def test_large_animation_is_partial_in_time() -> None:
    """An animation that costs more than it may is judged by what was cut before, in time, and costs no process."""
    frames = [photograph("gravel", (640, 480)).rotate(place) for place in range(40)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], compress_level=1)
    async with Cutters(limits=Limits(cpu_s=0.15, wall_s=4.0)) as cutters:
        began = time.monotonic()
        result = await cut(cutters, file.getvalue())
        assert time.monotonic() - began < 4.5
        assert result.partial
        assert 1 <= len(result.frames) < 8


async def test_processor_limit_kills() -> None:
    """A picture whose decoding alone costs more than it may ends its process, and is called too costly."""
    body = encoded(photograph(size=(5000, 4000)), "PNG", compress_level=1)
    async with Cutters(limits=Limits(cpu_s=0.1, wall_s=3.0)) as cutters:
        with pytest.raises(TooCostly):
            await cut(cutters, body)


async def test_50_megapixels_are_within_the_memory() -> None:
    """The largest picture that is allowed has room in the default address space, alpha included."""
    image = photograph(size=(8000, 6250)).convert("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    body = encoded(image, "PNG", compress_level=1)
    async with Cutters(limits=Limits(cpu_s=30, wall_s=60)) as cutters:
        assert (await cut(cutters, body)).width == 8000


async def test_damage_costs_no_process() -> None:
    """Files that are merely damaged are refused by a process that lives on."""
    bodies = [sample() for sample in SAMPLES.values()]
    async with Cutters(limits=Limits()) as cutters:
        for body in bodies:
            damaged = bytearray(body)
            damaged[len(damaged) // 3 : len(damaged) // 2] = bytes(len(damaged) // 2 - len(damaged) // 3)
            with contextlib.suppress(MediaError):
                await cut(cutters, bytes(damaged))
        assert cutters.snapshot().replaced == 0
