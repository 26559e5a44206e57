"""Draw frames whose numbers resemble those of photographs, from nothing: to test a device without any picture at hand.

Photographs have an amplitude spectrum that falls as one over the frequency, things in front of each other with sharp
edges, colour channels that mostly move together, and grain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.models import Frames

Canvas = NDArray[np.float64]
"""Red, green and blue around 0.5, shape (size, size, 3)."""

THINGS = 40
SMALLEST, LARGEST = 0.02, 0.5
"""Radii of things, as a share of the side; small ones are many, as in views of the world: a cubic power law."""

GREY_SHARE = 0.85
"""How much of the texture all three channels have in common."""


def draw_photographs(count: int, size: int, *, seed: int) -> Frames:
    """Draw frames, uint8 of shape (count, size, size, 3). The same arguments give the same pixels."""
    rng = np.random.default_rng(seed)
    return np.stack([_photograph(size, rng) for _ in range(count)])


def _photograph(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    canvas = np.full((size, size, 3), np.clip(rng.uniform(0.2, 0.8) + rng.normal(0, 0.1, 3), 0, 1))
    textures = [_texture(size, rng) for _ in range(3)]
    for _ in range(THINGS):
        _place(canvas, textures[int(rng.integers(3))], rng)
    canvas += 0.1 * textures[0] * rng.uniform(0.5, 1.5)
    left, right = rng.uniform(0.7, 1.3, 2)
    light = np.linspace(left, right, size)
    canvas *= light[:, None, None] if rng.random() < 0.5 else light[None, :, None]
    canvas += rng.normal(0, rng.uniform(0.005, 0.04), canvas.shape)
    pixels: NDArray[np.uint8] = (np.clip(canvas, 0, 1) * 255).round().astype(np.uint8)
    return pixels


def _place(canvas: Canvas, texture: Canvas, rng: np.random.Generator) -> None:
    """Put an ellipse with a surface of its own in front of all that is there."""
    size = len(canvas)
    share = rng.random()
    # A density that falls with the cube of the radius, by inverting its distribution.
    radius = size * (SMALLEST**-2 * (1 - share) + LARGEST**-2 * share) ** -0.5
    y, x = np.mgrid[:size, :size]
    centre_y, centre_x = rng.uniform(0, size, 2)
    angle, flat = rng.uniform(0, np.pi), rng.uniform(0.3, 1)
    along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
    across = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)
    inside = along**2 + (across / flat) ** 2 < radius**2
    grey = rng.uniform(0.05, 0.95)
    colour = np.clip(grey + rng.normal(0, 0.12, 3), 0, 1)
    canvas[inside] = colour + rng.uniform(0, 0.25) * texture[inside]


def _texture(size: int, rng: np.random.Generator) -> Canvas:
    """Give noise of unit variance whose amplitude falls as one over the frequency."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    layers = []
    for _ in range(4):
        spectrum = np.fft.rfft2(rng.normal(size=(size, size))) / frequency
        layer = np.fft.irfft2(spectrum, s=(size, size))
        layers.append(layer / layer.std())
    grey = layers.pop()
    return np.stack([GREY_SHARE * grey + (1 - GREY_SHARE) * layer for layer in layers], axis=-1)
