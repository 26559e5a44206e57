"""Make files that are hostile by design: small ones that claim, or contain, far too much."""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache

from PIL import Image

from tests.coordinator.media.films import animation, film
from tests.coordinator.media.pictures import encoded, photograph

_UNKNOWN_SEGMENT = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
_SHORT_CODES = b"\x00\x02\x02\x4c\x01\x00"


@lru_cache
def crafted() -> dict[str, bytes]:
    """Return the hostile files by name."""
    jpeg = encoded(photograph("coffee", (128, 96)), "JPEG")
    return {
        "png bomb": png(30_000, 30_000, bytes(30_001) * 3_000),
        "png bomb within the size": png(7_000, 7_000, bytes(7_001 * 7_000)),
        "png bomb of one row": png(12_000, 1, bytes(1 << 27)),
        "png of no size": png(0, 0, b""),
        "png text bomb": png(8, 8, bytes(9 * 8), (b"zTXt", b"words\x00\x00" + zlib.compress(bytes(1 << 26)))),
        "png profile bomb": png(8, 8, bytes(9 * 8), (b"iCCP", b"name\x00\x00" + zlib.compress(bytes(1 << 26)))),
        "png of chunks": png(8, 8, bytes(9 * 8), *[(b"tEXt", b"a\x00b")] * 20_000),
        "apng of many frames": _counted(animation("PNG", 3), 2**31 - 1),
        "gif of the largest size": b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(3) + gif_frame(0, 0, 1, 1),
        "gif growing": gif(*[gif_frame(0, 0, 1 << place, 1 << place) for place in range(16)]),
        "gif of 10,000 frames": gif(*[gif_frame(0, 0, 8, 8)] * 10_000),
        "gif of 300,000 frames": gif(*[gif_frame(0, 0, 1, 1)] * 300_000),
        "gif of large frames": gif(*[gif_frame(0, 0, 6_000, 6_000)] * 200, size=(6_000, 6_000)),
        "gif of comments": gif(*[b"!\xfe\x01a\x00"] * 200_000, gif_frame(0, 0, 8, 8)),
        "gif without an end": b"GIF89a" + struct.pack("<HH", 8, 8) + bytes(3) + b"!\xfe" + b"\x01a" * 200_000,
        "jpeg of scans": _scans(3_000),
        "jpeg of the largest size": _sized(jpeg, 65_500, 65_500),
        "jpeg larger than the limits by a row": _sized(jpeg, 7_072, 7_072),
        "jpeg of fill bytes": jpeg[:2] + b"\xff" * 2_000_000 + jpeg[2:],
        "jpeg of segments": jpeg[:2] + b"\xff\xfe\x00\x02" * 300_000 + jpeg[2:],
        "jpeg with looping exif": encoded(photograph("coffee", (64, 64)), "JPEG", exif=_looping_exif()),
        "webp of the largest size": _webp_canvas(16_383, 16_383),
        "webp of the limit": _webp_canvas(7_000, 7_000),
        "avif of boxes": _boxes(b"avif", 100_000),
        "mp4 of boxes": _boxes(b"isom", 100_000),
        "mp4 of nested boxes": _nested(2_000),
        "mp4 of samples": _sample_count(film(), 0x7FFFFFFF),
        "webm of clusters": film("libvpx-vp9", "webm")[:200] + b"\x1f\x43\xb6\x75\x80" * 200_000,
        "webm of unknown sizes": film("libvpx-vp9", "webm")[:60]
        + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 999,
        "zeros": b"\xff\xd8\xff" + bytes(1 << 20),
        "gif and zip": encoded(Image.new("P", (8, 8)), "GIF") + b"PK\x03\x04" + bytes(1000),
    }


def png(width: int, height: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a grey PNG that says it has that size, with `rows` in it, whatever they are."""
    head = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data)) for name, data in parts
    )


def gif(*blocks: bytes, size: tuple[int, int] = (8, 8)) -> bytes:
    """Return a GIF of these blocks."""
    return b"GIF89a" + struct.pack("<HH", *size) + b"\x80\x00\x00" + bytes(6) + b"".join(blocks) + b";"


def gif_frame(left: int, top: int, width: int, height: int) -> bytes:
    """Return a frame of a GIF that says it has that size, and has next to no data."""
    return b"!\xf9\x04\x04\x01\x00\x00\x00," + struct.pack("<HHHH", left, top, width, height) + _SHORT_CODES


def _counted(body: bytes, count: int) -> bytes:
    at = body.index(b"acTL")
    changed = body[: at + 4] + struct.pack("!I", count) + body[at + 8 :]
    return changed[: at + 12] + struct.pack("!I", zlib.crc32(changed[at : at + 12])) + changed[at + 16 :]


def _sized(jpeg: bytes, width: int, height: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack("!HH", height, width) + jpeg[at + 4 :]


def _scans(count: int) -> bytes:
    """Return a large progressive JPEG whose last scan is there `count` times: each costs a pass over the picture."""
    body = encoded(Image.new("L", (6_000, 6_000), 128), "JPEG", progressive=True)
    at = body.rindex(b"\xff\xda")
    return body[:at] + body[at:-2] * count + body[-2:]


def _looping_exif() -> bytes:
    """Return Exif whose directory names itself as the next one, and as its own part."""
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    return b"Exif\x00\x00MM\x00*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 8)


def _webp_canvas(width: int, height: int) -> bytes:
    """Return an animated WebP with a canvas of that size, and one small frame."""
    frame = encoded(Image.new("RGB", (16, 16), "red"), "WEBP")[12:]
    anmf = bytes(6) + _three(15) + _three(15) + _three(100) + b"\x00" + frame
    chunks = _chunk(b"VP8X", b"\x02\x00\x00\x00" + _three(width - 1) + _three(height - 1))
    chunks += _chunk(b"ANIM", bytes(6)) + _chunk(b"ANMF", anmf) * 20
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def _boxes(brand: bytes, count: int) -> bytes:
    head = struct.pack("!I", 24) + b"ftyp" + brand + bytes(4) + brand + b"mif1"
    return head + (struct.pack("!I", 8) + b"free") * count + (struct.pack("!I", 8) + b"meta") * count


def _nested(depth: int) -> bytes:
    head = struct.pack("!I", 20) + b"ftypisom" + bytes(4) + b"isom"
    inner = b""
    for _ in range(depth):
        inner = struct.pack("!I", len(inner) + 8) + b"moov" + inner
    return head + inner


def _sample_count(body: bytes, count: int) -> bytes:
    for name, offset in ((b"stsz", 12), (b"stts", 8), (b"stsc", 8)):
        at = body.index(name) + offset
        body = body[:at] + struct.pack("!I", count) + body[at + 4 :]
    return body


def large_animation(count: int) -> bytes:
    """Return an animation of noise, of `count` frames, that takes time to decode."""
    file = io.BytesIO()
    frames = [photograph("gravel", (640, 480)).rotate(place) for place in range(count)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], compress_level=1)
    return file.getvalue()
