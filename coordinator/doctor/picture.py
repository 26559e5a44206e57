"""A harmless picture that nobody has seen before: dark stripes and noise. Written by hand: decoders stay in cutters."""

from __future__ import annotations

import secrets
import struct
import zlib

SIDE_PX = 128
DARKEST, BRIGHTEST = 16, 48


def fresh_picture() -> bytes:
    """Return a PNG; no two calls return the same bytes or the same pixels."""
    rows = bytearray()
    for y in range(SIDE_PX):
        noise = secrets.token_bytes(3 * SIDE_PX)
        shade = DARKEST if y // 16 % 2 else BRIGHTEST
        rows += b"\0" + bytes(shade + value % 16 for value in noise)
    head = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
