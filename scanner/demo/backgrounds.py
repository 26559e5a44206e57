"""Draw what lies behind the shapes: plain colours, noise, and surfaces that resemble photographs, all from numbers."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scanner.demo.scene import Background

Canvas = NDArray[np.float32]
"""Red, green and blue from 0 to 255, shape (height, width, 3)."""

COARSE = 96
"""Side in pixels at which the large forms of a photographic background are made before they are enlarged."""


def draw_background(background: Background, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Fill a picture of this (width, height)."""
    match background:
        case Background.PLAIN:
            canvas = _plain(size, rng)
        case Background.NOISY:
            canvas = _noisy(size, rng)
        case Background.PHOTOGRAPHIC:
            canvas = _photographic(size, rng)
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def muted_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Choose a colour that is none of those which captions name: greys, browns and pale tones."""
    if rng.random() < 0.5:
        return hsv(float(rng.uniform(0.02, 0.13)), float(rng.uniform(0.2, 0.65)), float(rng.uniform(0.15, 0.75)))
    return hsv(float(rng.random()), float(rng.uniform(0, 0.35)), float(rng.uniform(0.1, 0.85)))


def hsv(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    """Convert hue, saturation and value, each from 0 to 1, to RGB from 0 to 255; hue wraps around."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _colour(rng: np.random.Generator) -> Canvas:
    return np.array(hsv(*(float(part) for part in rng.random(3))), dtype=np.float32)


def _plain(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    canvas = np.empty((size[1], size[0], 3), dtype=np.float32)
    canvas[:] = _colour(rng)
    return canvas


def _noisy(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    grain = float(rng.uniform(1, 6)) * min(size) / 224
    return _plain(size, rng) + _noise(size, grain, rng, channels=3) * float(rng.uniform(8, 60))


def _noise(size: tuple[int, int], grain: float, rng: np.random.Generator, *, channels: int) -> Canvas:
    """Draw noise of unit variance whose spots are about `grain` pixels wide."""
    width, height = (max(2, round(side / max(1.0, grain))) for side in size)
    small = rng.standard_normal((height, width, channels), dtype=np.float32)
    return _enlarge(small, size)


def _enlarge(canvas: Canvas, size: tuple[int, int]) -> Canvas:
    layers = [
        np.asarray(Image.fromarray(np.ascontiguousarray(canvas[..., index])).resize(size, Image.Resampling.BICUBIC))
        for index in range(canvas.shape[2])
    ]
    return np.stack(layers, axis=-1)


def _photographic(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """Lay light, surfaces, clutter and grain over each other, the large forms at a small size first."""
    scale = COARSE / min(size)
    coarse = (max(COARSE, round(size[0] * scale)), max(COARSE, round(size[1] * scale)))
    canvas = _surfaces(coarse, rng)
    canvas += _octaves(coarse, rng) * float(rng.uniform(10, 50))
    if rng.random() < 0.25:
        canvas = _masonry(canvas, rng)
    if rng.random() < 0.2:
        canvas = _sparks(canvas, rng)
    canvas = _light(canvas, rng)
    enlarged = _enlarge(canvas, size)
    if rng.random() < 0.6:
        enlarged = _clutter(enlarged, rng)
    return enlarged + _noise(size, float(rng.uniform(1, 4)) * min(size) / 400, rng, channels=1) * rng.uniform(2, 22)


def _surfaces(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """Split the picture by some straight or wavy edges into fields of muted or natural colours."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(min(size))
    canvas = np.empty((height, width, 3), dtype=np.float32)
    canvas[:] = muted_colour(rng)
    for _ in range(int(rng.integers(0, 5))):
        angle, offset = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.1, 0.9))
        wave = float(rng.uniform(0, 0.15)) * np.sin(float(rng.uniform(2, 12)) * (x + y) + float(rng.uniform(0, 6)))
        distance = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + wave + 0.5 - offset
        share = np.clip(distance / float(rng.uniform(0.01, 0.4)), 0, 1)[..., None]
        colour = np.array(muted_colour(rng) if rng.random() < 0.75 else _colour(rng), dtype=np.float32)
        canvas = canvas * (1 - share) + colour * share
    return canvas


def _octaves(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """Add noise of halving grain and falling strength, mostly of one colour as in light and shade."""
    total = np.zeros((size[1], size[0], 3), dtype=np.float32)
    fall = float(rng.uniform(0.45, 0.95))
    for octave in range(5):
        grain = min(size) / 2 ** (octave + 1)
        total += _noise(size, grain, rng, channels=1) * fall**octave
        total += _noise(size, grain, rng, channels=3) * fall**octave * float(rng.uniform(0, 0.35))
    return total


def _masonry(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """Draw joints of a wall: rows of bricks, every second one shifted."""
    height, width = canvas.shape[:2]
    row, column, joint = (int(rng.integers(*bounds)) for bounds in ((6, 24), (10, 40), (1, 4)))
    y, x = np.mgrid[0:height, 0:width]
    shifted = x + (y // row % 2) * (column // 2)
    joints = (y % row < joint) | (shifted % column < joint)
    shade = np.float32(rng.uniform(-70, 70))
    walled: Canvas = canvas + joints[..., None].astype(np.float32) * shade
    return walled


def _sparks(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """Darken everything and set bright small spots of any tint, as of stars or lamps."""
    height, width = canvas.shape[:2]
    canvas = canvas * np.float32(rng.uniform(0.1, 0.7))
    for _ in range(int(rng.integers(5, 120))):
        y, x, side = int(rng.integers(height)), int(rng.integers(width)), int(rng.integers(1, 4))
        canvas[y : y + side, x : x + side] = hsv(float(rng.random()), float(rng.uniform(0, 0.7)), 1.0)
    return canvas


def _light(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """Let brightness fall off to one side."""
    height, width = canvas.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = (x / width - 0.5) * float(rng.uniform(-0.7, 0.7)) + (y / height - 0.5) * float(rng.uniform(-0.7, 0.7))
    lit: Canvas = canvas * (1 + slope[..., None])
    return lit


def _clutter(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """Put objects without a name into the picture: muted ellipses, boxes and strokes, sharp or blurred."""
    image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
    pen, unit = ImageDraw.Draw(image), min(image.size)
    for _ in range(int(rng.integers(1, 9))):
        colour = muted_colour(rng)
        x, y = float(rng.uniform(0, image.width)), float(rng.uniform(0, image.height))
        across, down = (float(value) * unit for value in rng.uniform(0.03, 0.3, size=2))
        match int(rng.integers(3)):
            case 0:
                pen.ellipse((x - across, y - down, x + across, y + down), fill=colour)
            case 1:
                pen.rectangle((x - across, y - down, x + across, y + down), fill=colour)
            case _:
                end = (x + float(rng.uniform(-1, 1)) * unit, y + float(rng.uniform(-1, 1)) * unit)
                pen.line((x, y, *end), fill=colour, width=max(1, round(across / 8)))
    return np.asarray(image, dtype=np.float32)
