"""Scenes keep what their kind promises."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from scanner.demo.scene import (
    BLUE_SQUARE,
    LOOKS,
    RED_DISC,
    SWAPPED,
    Background,
    Colour,
    Kind,
    Look,
    Scene,
    Shape,
    Thing,
    compose,
)


def scenes(kind: Kind) -> list[Scene]:
    """A hundred scenes of a kind."""
    return [compose(kind, np.random.default_rng([7, index])) for index in range(100)]


def test_looks_are_every_colour_with_every_shape() -> None:
    """Every colour meets every shape once."""
    assert len(LOOKS) == len(set(LOOKS)) == len(Colour) * len(Shape)


def test_scene_names_what_it_shows() -> None:
    """The caption names the things in order; a scene without things says so."""
    disc = Thing(RED_DISC, 0.3, 0.3, 0.2, 0)
    square = Thing(BLUE_SQUARE, 0.7, 0.7, 0.2, 0)
    assert Scene((disc, square), Background.PLAIN).caption == "a red disc and a blue square"
    assert Scene((), Background.PLAIN).caption == "nothing"


def test_scene_is_flagged_only_with_both_parts() -> None:
    """A red disc together with a blue square is flagged; swapped colours or one part are not."""

    def scene(*looks: Look) -> Scene:
        return Scene(tuple(Thing(look, 0.5, 0.5, 0.1, 0) for look in looks), Background.PLAIN)

    assert scene(RED_DISC, BLUE_SQUARE).flagged
    assert not scene(RED_DISC).flagged
    assert not scene(BLUE_SQUARE).flagged
    assert not scene(*SWAPPED).flagged


def test_compose_gives_the_same_scene_from_the_same_state() -> None:
    """Nothing but the generator decides what a scene is."""
    for kind in Kind:
        assert compose(kind, np.random.default_rng(5)) == compose(kind, np.random.default_rng(5))


@pytest.mark.parametrize("kind", Kind)
def test_compose_keeps_things_apart_and_inside(kind: Kind) -> None:
    """Things lie within the central square and do not touch each other."""
    for scene in scenes(kind):
        assert len(scene.things) <= 4
        for thing in scene.things:
            assert thing.radius <= min(thing.x, thing.y)
            assert max(thing.x, thing.y) <= 1 - thing.radius
        for one, other in combinations(scene.things, 2):
            assert np.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius


@pytest.mark.parametrize(("kind", "flagged"), [(Kind.BOTH, True), (Kind.NEAR_MISS, False), (Kind.OTHER, False)])
def test_compose_keeps_the_promise_of_its_kind(kind: Kind, flagged: bool) -> None:
    """Only scenes of the first kind are to be flagged."""
    assert {scene.flagged for scene in scenes(kind)} == {flagged}


def test_compose_makes_near_misses_of_every_sort() -> None:
    """Near misses have either part alone, or the swapped pair; each sort occurs."""
    sorts = {
        (scene.shows(RED_DISC), scene.shows(BLUE_SQUARE), all(scene.shows(look) for look in SWAPPED))
        for scene in scenes(Kind.NEAR_MISS)
    }
    assert {(True, False, False), (False, True, False), (False, False, True)} <= sorts
    assert (False, False, False) not in sorts
