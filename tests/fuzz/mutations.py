"""Damage sound files, in ways that accidents and attackers have; the same random numbers give the same damage."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes, bytes], bytes]

_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 12_000, 65_500)
_NAMES = (
    "IHDR acTL fcTL IDAT fdAT iCCP tRNS PLTE eXIf VP8X ANIM ANMF VP8L ALPH RIFF NETSCAPE2.0 "
    "ftyp meta iloc iinf iprp ispe ipco pitm moov trak mdia stbl stsz stco stts ctts stsc stss elst mdhd tkhd "
    "avcC hvcC av1C moof trun tfhd mdat sidx"
)
_MARKS = (
    "ffc0 ffc2 ffda ffdb ffc4 ffe1 ffdd 21f904 2c0000 1a45dfa3 18538067 114d9b74 1f43b675 1c53bb6b 1654ae6b "
    "b0 ba 4489 2ad7b1 49492a00 4d4d002a"
)
_WORDS = (*(name.encode() for name in _NAMES.split()), *(bytes.fromhex(mark) for mark in _MARKS.split()))


def flip_bits(random: Random, body: bytes, other: bytes) -> bytes:
    """Flip one to thirty bits, near each other or not."""
    damaged = bytearray(body)
    for _ in range(random.choice((1, 1, 2, 5, 30))):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def flip_in_head(random: Random, body: bytes, other: bytes) -> bytes:
    """Change bytes among the first hundreds, where sizes and counts are."""
    damaged = bytearray(body)
    for _ in range(random.choice((1, 2, 4))):
        damaged[random.randrange(min(len(damaged), 600))] = random.randrange(256)
    return bytes(damaged)


def truncate(random: Random, body: bytes, other: bytes) -> bytes:
    """End too early."""
    return body[: random.randrange(1, len(body))]


def cut_out(random: Random, body: bytes, other: bytes) -> bytes:
    """Lose a piece."""
    at = random.randrange(len(body))
    return body[:at] + body[at + random.choice((1, 2, 3, 64, 1000)) :]


def splice(random: Random, body: bytes, other: bytes) -> bytes:
    """Go on as another file."""
    return body[: random.randrange(1, len(body))] + other[random.randrange(len(other)) :]


def repeat(random: Random, body: bytes, other: bytes) -> bytes:
    """Say a piece again and again."""
    at = random.randrange(len(body))
    piece = body[at : at + random.choice((4, 16, 200, 2000))]
    return body[:at] + piece * random.choice((2, 10, 200)) + body[at:]


def blank(random: Random, body: bytes, other: bytes) -> bytes:
    """Overwrite a piece with one byte."""
    at = random.randrange(len(body))
    piece = body[at : at + random.choice((4, 32, 500))]
    return body[:at] + bytes([random.choice((0, 0xFF, 0x80))]) * len(piece) + body[at + len(piece) :]


def lie(random: Random, body: bytes, other: bytes) -> bytes:
    """Set a number behind a known word, or in the head, to one at the edge of its range: sizes, counts, times."""
    found = [place for word in _WORDS for place in _places(body, word)]
    at = random.choice(found) if found else random.randrange(min(len(body), 200))
    at += random.choice((-4, 0, 0, 4, 8, 12, 16, 24))
    code = random.choice((">I", "<I", ">H", "<H", "B", ">Q"))
    value = random.choice(_EDGES)
    size = struct.calcsize(code)
    number = struct.pack(code, min(value, 256**size - 1))
    at = max(0, min(at, len(body) - size))
    return body[:at] + number + body[at + size :]


def loop(random: Random, body: bytes, other: bytes) -> bytes:
    """Have an offset point back to where it is read from, or to the beginning."""
    at = random.randrange(8, max(9, len(body) - 8))
    target = random.choice((0, at, max(0, at - 8), at - at % 256))
    code = random.choice((">I", "<I", ">Q"))
    return body[:at] + struct.pack(code, target) + body[at + struct.calcsize(code) :]


def swap(random: Random, body: bytes, other: bytes) -> bytes:
    """Put one piece where another was."""
    first, second = sorted(random.randrange(len(body)) for _ in range(2))
    length = random.choice((1, 8, 100))
    a, b = body[first : first + length], body[second : second + length]
    return body[:first] + b + body[first + length : second] + a + body[second + length :]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_in_head,
    truncate,
    cut_out,
    splice,
    repeat,
    blank,
    lie,
    lie,
    loop,
    swap,
)


def _places(body: bytes, word: bytes) -> list[int]:
    """Return up to eight places right behind a word."""
    places: list[int] = []
    at = body.find(word)
    while at >= 0 and len(places) < 8:
        places.append(at + len(word))
        at = body.find(word, at + 1)
    return places
