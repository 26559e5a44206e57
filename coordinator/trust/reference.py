"""Frames of noise of the moment, which nobody has seen before: what a scanner is asked before it counts as ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from coordinator.trust.tolerance import Rows

Noise: TypeAlias = Callable[[int], bytes]
"""Gives so many random bytes."""

BLOCKS = 8
"""Blocks a side, each of one colour: large shapes, of which a model makes something else every time."""

DARK, BRIGHT = 0, 128
"""The least value of the colours of the first frame and of the second; above it lie 112 more. So no two are alike."""

GRAIN = 0x0F
"""The bits of every byte that are noise."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A frame, and what a scanner said of it."""

    frame: bytes = field(repr=False)
    row: tuple[float, ...] = field(repr=False)


def draw_frames(noise: Noise, size: int) -> tuple[bytes, bytes]:
    """Make two frames of a size that show different things, one dark and one bright."""
    return _draw(noise, size, DARK), _draw(noise, size, BRIGHT)


def answers(frames: tuple[bytes, ...], rows: Rows) -> tuple[Reference, ...]:
    """Bind frames to what was said of them."""
    return tuple(Reference(frame, tuple(row)) for frame, row in zip(frames, rows, strict=True))


def _draw(noise: Noise, size: int, least: int) -> bytes:
    side = -(-size // BLOCKS)
    lines = []
    for _ in range(BLOCKS):
        values = noise(3 * BLOCKS)
        colours = [
            bytes(least + value * 112 // 255 for value in values[at : at + 3]) for at in range(0, len(values), 3)
        ]
        lines += [b"".join(colour * side for colour in colours)[: 3 * size]] * side
    smooth = int.from_bytes(b"".join(lines[:size]))
    grain = int.from_bytes(noise(3 * size * size)) & int.from_bytes(bytes([GRAIN]) * (3 * size * size))
    return (smooth ^ grain).to_bytes(3 * size * size)
