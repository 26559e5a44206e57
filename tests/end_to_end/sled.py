"""Change the database of a pict-rs that is stopped, in the one way that tests need.

An alias without a delete token is a thing of old databases; the pict-rs of today makes none, by whatever way a file
comes. So its log is edited: sled 0.34 writes a pair as one message, CRC-32 first.
"""

from __future__ import annotations

import uuid
import zlib
from pathlib import Path

HEADER_BYTES = 8
"""CRC-32 (4), kind, length, segment number and page number, each below 128 and so of one byte in a small database."""

TOKEN_BYTES = 16


def drop_delete_token(home: Path, alias: str) -> None:
    """Have the pict-rs whose files are in `home` forget the delete token of an alias.

    Its key is changed into that of an alias that does not exist.
    """
    (file,) = home.glob("repo/*/db")
    log = bytearray(file.read_bytes())
    name, dot, extension = alias.partition(".")
    key = uuid.UUID(name).bytes + (dot + extension).encode()
    pair = bytes([0, len(key)]) + key + bytes([TOKEN_BYTES])
    assert log.count(pair) == 1, "the log is not as expected: stop pict-rs soon after the upload"
    begin = log.index(pair)
    header, body = slice(begin - HEADER_BYTES + 4, begin), slice(begin, begin + len(pair) + TOKEN_BYTES)
    assert log[header][1] == len(log[body]), "not a message of one pair"
    assert _checksum(log[header], log[body]) == log[begin - HEADER_BYTES : begin - HEADER_BYTES + 4]
    log[begin + 2 + len(key) - 1] ^= 1
    log[begin - HEADER_BYTES : begin - HEADER_BYTES + 4] = _checksum(log[header], log[body])
    file.write_bytes(log)


def _checksum(header: bytearray, body: bytearray) -> bytes:
    return (zlib.crc32(body + header) ^ 0xFFFFFFFF).to_bytes(4, "little")
