"""Make what the demo model learns from: frames, which looks they show, and texts that are true of them or not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from scanner.demo.frames import Format, Frame, centre, decoded, encoded, whole
from scanner.demo.pictures import draw
from scanner.demo.scene import LOOKS, Kind, Look, compose

TEMPLATES = ("a {}", "{}", "a picture of a {}", "there is a {}", "one {}")
PAIR_TEMPLATES = ("a {} and a {}", "{} and {}", "a picture of a {} and a {}", "a {} with a {}")


LESSON_STREAM, ORDER_STREAM = 1, 2
"""Last numbers of the seeds for pictures and for everything else; the held-out pictures have one of their own."""


@dataclass(frozen=True)
class Lessons:
    """Frames of shape (count, size, size, 3), and for each which of the LOOKS it shows, shape (count, looks)."""

    frames: NDArray[np.uint8]
    shows: NDArray[np.bool_]


@dataclass(frozen=True)
class Texts:
    """Captions for a batch, and for each which of the LOOKS must be there for it to be true, shape (texts, looks)."""

    captions: Sequence[str]
    needs: NDArray[np.bool_]

    def truth(self, shows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which caption is true of which frame, shape (frames, texts)."""
        lacking = (~shows).astype(np.int32) @ self.needs.astype(np.int32).T
        true: NDArray[np.bool_] = lacking == 0
        return true


def make_lessons(count: int, *, frame_size: int, seed: int, workers: int) -> Lessons:
    """Draw the pictures in processes of their own; the result does not depend on how many those are."""
    one = partial(_lesson, frame_size=frame_size, seed=seed)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(one, range(count), chunksize=64))
    return Lessons(np.stack([frame for frame, _ in made]), np.stack([shows for _, shows in made]))


def make_texts(shows: NDArray[np.bool_], pairs: int, rng: np.random.Generator) -> Texts:
    """Name every look once, then `pairs` of looks: half of them seen together in a frame, half with colours swapped."""
    captions = [_pick(TEMPLATES, rng).format(look) for look in LOOKS]
    needs = [_needs(look) for look in LOOKS]
    for row in rng.permutation(len(shows)):
        seen = np.flatnonzero(shows[row])
        if len(captions) >= len(LOOKS) + pairs:
            break
        if len(seen) < 2:
            continue
        one, other = (LOOKS[index] for index in rng.permutation(seen)[:2])
        for first, second in ((one, other), (Look(other.colour, one.shape), Look(one.colour, other.shape))):
            captions.append(_pick(PAIR_TEMPLATES, rng).format(first, second))
            needs.append(_needs(first, second))
    return Texts(captions, np.stack(needs))


def _lesson(index: int, *, frame_size: int, seed: int) -> tuple[Frame, NDArray[np.bool_]]:
    rng = np.random.default_rng([seed, index, LESSON_STREAM])
    kind = list(Kind)[rng.choice(len(Kind), p=(0.3, 0.3, 0.4))]
    scene = compose(kind, rng)
    shorter = int(rng.integers(100, 320))
    longer = round(shorter * (1.0 if rng.random() < 0.5 else float(rng.uniform(1.0, 1.8))))
    size = (longer, shorter) if rng.random() < 0.5 else (shorter, longer)
    image = draw(scene, size, rng)
    # AVIF is left out: it is slow to write, and its traces at these sizes are like those of WebP.
    picture_format = [Format.JPEG, Format.WEBP, Format.PNG][rng.choice(3, p=(0.55, 0.15, 0.3))]
    image = decoded(encoded(image, picture_format, quality=int(rng.integers(35, 95))))
    if rng.random() < 0.2:
        shade = int(rng.integers(0, 256)) if rng.random() < 0.5 else 0
        frame = whole(image, frame_size, margin=(shade, shade, shade))
    else:
        frame = centre(image, frame_size)
    return frame, np.array([scene.shows(look) for look in LOOKS])


def _pick(templates: Sequence[str], rng: np.random.Generator) -> str:
    return templates[int(rng.integers(len(templates)))]


def _needs(*looks: Look) -> NDArray[np.bool_]:
    return np.array([look in looks for look in LOOKS])
