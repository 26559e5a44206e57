"""What a generated picture shows: coloured shapes at their places. Nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np


class Shape(StrEnum):
    """Outlines that the demo model tells apart."""

    DISC = "disc"
    SQUARE = "square"
    TRIANGLE = "triangle"
    STAR = "star"
    RING = "ring"
    CROSS = "cross"


class Colour(StrEnum):
    """Colours that the demo model tells apart."""

    RED = "red"
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    PURPLE = "purple"
    WHITE = "white"


class Background(StrEnum):
    """What lies behind the shapes."""

    PLAIN = "plain"
    NOISY = "noisy"
    PHOTOGRAPHIC = "photographic"


class Kind(StrEnum):
    """How a scene relates to the demo policy."""

    BOTH = "both"  #: a red disc and a blue square
    NEAR_MISS = "near miss"  #: only one of the two, or their colours swapped
    OTHER = "other"  #: anything else, nothing at all included


@dataclass(frozen=True)
class Look:
    """A colour and a shape, without a place: what a caption names."""

    colour: Colour
    shape: Shape

    def __str__(self) -> str:
        return f"{self.colour.value} {self.shape.value}"


LOOKS = tuple(Look(colour, shape) for colour, shape in product(Colour, Shape))
"""Every look there is, in a fixed order."""

RED_DISC = Look(Colour.RED, Shape.DISC)
BLUE_SQUARE = Look(Colour.BLUE, Shape.SQUARE)
SWAPPED = (Look(Colour.BLUE, Shape.DISC), Look(Colour.RED, Shape.SQUARE))


@dataclass(frozen=True)
class Thing:
    """One shape at its place: centre and radius in units of the central square's side, turn in degrees."""

    look: Look
    x: float
    y: float
    radius: float
    turn: float


@dataclass(frozen=True)
class Scene:
    """Things in front of a background, in drawing order; they do not touch each other."""

    things: tuple[Thing, ...]
    background: Background

    def shows(self, look: Look) -> bool:
        """Tell whether a thing with this look is in the picture."""
        return any(thing.look == look for thing in self.things)

    @property
    def flagged(self) -> bool:
        """Whether the demo policy ought to flag a picture of this scene."""
        return self.shows(RED_DISC) and self.shows(BLUE_SQUARE)

    @property
    def caption(self) -> str:
        """Name the things, for example `a red disc and a blue square`."""
        return " and ".join(f"a {thing.look}" for thing in self.things) or "nothing"


def compose(kind: Kind, rng: np.random.Generator) -> Scene:
    """Make up a scene of this kind. Two generators in the same state give the same scene."""
    looks = _looks(kind, rng)
    rng.shuffle(looks)
    background = list(Background)[rng.integers(len(Background))]
    return Scene(tuple(_place(looks, rng)), background)


def _looks(kind: Kind, rng: np.random.Generator) -> list[Look]:
    match kind:
        case Kind.BOTH:
            wanted = [RED_DISC, BLUE_SQUARE]
        case Kind.NEAR_MISS:
            wanted = [[RED_DISC], [BLUE_SQUARE], [*SWAPPED]][rng.integers(3)]
        case Kind.OTHER:
            wanted = []
    others = [LOOKS[index] for index in rng.integers(len(LOOKS), size=rng.integers(0, 5 - len(wanted)))]
    if kind is not Kind.BOTH:
        others = _without_the_pair(wanted, others)
    return wanted + others


def _without_the_pair(wanted: list[Look], others: list[Look]) -> list[Look]:
    """Leave out of the others whatever would complete the pair that the policy flags."""
    missing = {RED_DISC, BLUE_SQUARE} - set(wanted)
    if len(missing) == 2 and not wanted:
        missing = {BLUE_SQUARE} if RED_DISC in others else set()
    return [look for look in others if look not in missing]


def _place(looks: list[Look], rng: np.random.Generator) -> list[Thing]:
    """Give every look a place that touches no other, with smaller radii the longer that takes."""
    things: list[Thing] = []
    largest = 0.26 if len(looks) <= 2 else 0.21
    while len(things) < len(looks):
        radius = float(rng.uniform(0.10, largest))
        x, y = (float(value) for value in rng.uniform(radius, 1 - radius, size=2))
        if all(np.hypot(x - other.x, y - other.y) > radius + other.radius for other in things):
            things.append(Thing(looks[len(things)], x, y, radius, turn=float(rng.uniform(-25, 25))))
        else:
            largest = max(0.12, largest * 0.98)
    return things
