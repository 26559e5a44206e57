"""Draw scenes as pictures, and give the pictures that are held back from training."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from scanner.demo.backgrounds import draw_background, hsv
from scanner.demo.scene import Colour, Kind, Scene, Shape, Thing, compose

HELD_OUT_SIZES = ((400, 400), (640, 480), (600, 800), (1200, 800), (1000, 1000))
"""Width and height in pixels of held-out pictures, in turn: what people upload, small to middling."""

HELD_OUT_KINDS = (Kind.NEAR_MISS, Kind.BOTH, Kind.OTHER, Kind.BOTH, Kind.NEAR_MISS, Kind.OTHER, Kind.BOTH, Kind.OTHER)
"""Kinds of held-out pictures, in turn: a quarter of them near misses, three eighths to be flagged."""

HELD_OUT_STREAM = 3
"""Last number of the seeds of held-out pictures; training uses 1 and 2."""

_LOWEST_CONTRAST = 100.0
"""Distance in RGB below which a thing gets a border, so that it can be told from what is behind it."""

_TONES = {
    Colour.RED: ((-0.02, 0.02), (0.8, 1.0), (0.65, 1.0)),
    Colour.BLUE: ((0.6, 0.67), (0.75, 1.0), (0.55, 1.0)),
    Colour.GREEN: ((0.3, 0.4), (0.7, 1.0), (0.45, 0.9)),
    Colour.YELLOW: ((0.14, 0.17), (0.75, 1.0), (0.85, 1.0)),
    Colour.PURPLE: ((0.76, 0.83), (0.6, 1.0), (0.5, 0.9)),
    Colour.WHITE: ((0.0, 1.0), (0.0, 0.05), (0.93, 1.0)),
}
"""Ranges of hue, saturation and value that bear a colour's name."""


def draw(scene: Scene, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Draw a scene as an RGB picture of this (width, height); all things lie within its central square.

    Tones, light and background come from `rng`; two generators in the same state give the same picture.
    """
    image = draw_background(scene.background, size, rng)
    for thing in scene.things:
        _draw_thing(image, thing, rng)
    return image


def held_out(count: int, seed: int) -> Iterator[tuple[Scene, Image.Image]]:
    """Yield pictures for measuring, each with the scene that it shows. Pictures with the same seed and place are equal.

    Training never draws these: its streams of random numbers are others, whatever the seed.
    """
    for index in range(count):
        rng = np.random.default_rng([seed, index, HELD_OUT_STREAM])
        scene = compose(HELD_OUT_KINDS[index % len(HELD_OUT_KINDS)], rng)
        yield scene, draw(scene, HELD_OUT_SIZES[index % len(HELD_OUT_SIZES)], rng)


def _draw_thing(image: Image.Image, thing: Thing, rng: np.random.Generator) -> None:
    side = min(image.size)
    radius = thing.radius * side
    left = round((image.width - side) / 2 + thing.x * side - radius)
    top = round((image.height - side) / 2 + thing.y * side - radius)
    mask = _mask(thing.look.shape, max(4, round(2 * radius)), thing.turn)
    box = (left, top, left + mask.width, top + mask.height)
    tone = np.array(_tone(thing.look.colour, rng), dtype=np.float32)
    behind = np.asarray(image.crop(box), dtype=np.float32).mean(axis=(0, 1))
    if float(np.linalg.norm(tone - behind)) < _LOWEST_CONTRAST:
        border = (15, 15, 15) if float(tone.mean()) > 90 else (240, 240, 240)
        image.paste(border, box, mask)
        mask = ImageChops.multiply(mask, _inner(thing.look.shape, mask.width, thing.turn))
    image.paste(_surface(tone, mask.size, rng), box, mask)


def _tone(colour: Colour, rng: np.random.Generator) -> tuple[int, int, int]:
    return hsv(*(float(rng.uniform(*bounds)) for bounds in _TONES[colour]))


def _surface(tone: NDArray[np.float32], size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Shade a tone slightly from one side to the other and roughen it."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = (x / width - 0.5) * float(rng.uniform(-0.2, 0.2)) + (y / height - 0.5) * float(rng.uniform(-0.2, 0.2))
    rough = rng.standard_normal((height, width, 1), dtype=np.float32) * float(rng.uniform(0, 8))
    return Image.fromarray(np.clip(tone * (1 + slope[..., None]) + rough, 0, 255).astype(np.uint8))


def _mask(shape: Shape, side: int, turn: float) -> Image.Image:
    """Cover a shape's area with 255, smooth at its edge, in a square of this side in pixels."""
    large = side * 3
    mask = Image.new("L", (large, large), 0)
    pen = ImageDraw.Draw(mask)
    match shape:
        case Shape.DISC | Shape.RING:
            pen.ellipse((0, 0, large - 1, large - 1), fill=255)
            if shape is Shape.RING:
                hole = large * 0.24
                pen.ellipse((hole, hole, large - 1 - hole, large - 1 - hole), fill=0)
        case Shape.SQUARE:
            pen.polygon(_corners([1.0] * 4, large, turn + 45), fill=255)
        case Shape.TRIANGLE:
            pen.polygon(_corners([1.0] * 3, large, turn - 90), fill=255)
        case Shape.STAR:
            pen.polygon(_corners([1.0, 0.4] * 5, large, turn - 90), fill=255)
        case Shape.CROSS:
            pen.polygon(_cross(large, turn), fill=255)
    return mask.resize((side, side), Image.Resampling.BOX)


def _inner(shape: Shape, side: int, turn: float) -> Image.Image:
    """Cover the same shape a little smaller, with an empty margin: what a border leaves of the area."""
    inner = Image.new("L", (side, side), 0)
    margin = max(1, round(side * 0.05))
    inner.paste(_mask(shape, max(2, side - 2 * margin), turn), (margin, margin))
    return inner


def _corners(radii: list[float], side: float, turn: float) -> list[tuple[float, float]]:
    """Give the corners of a polygon around the centre, one for each radius, evenly spread, from `turn` degrees on."""
    half, first = side / 2, turn * pi / 180
    return [
        (
            half + half * radius * cos(first + 2 * pi * index / len(radii)),
            half + half * radius * sin(first + 2 * pi * index / len(radii)),
        )
        for index, radius in enumerate(radii)
    ]


def _cross(side: float, turn: float) -> list[tuple[float, float]]:
    arm, width, half, angle = 0.95, 0.3, side / 2, turn * pi / 180
    quarter = [(arm, -width), (arm, width), (width, width)]
    points = []
    for _ in range(4):
        points += quarter
        quarter = [(-y, x) for x, y in quarter]
    return [
        (half + half * (x * cos(angle) - y * sin(angle)), half + half * (x * sin(angle) + y * cos(angle)))
        for x, y in points
    ]
