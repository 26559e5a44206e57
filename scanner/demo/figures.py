"""Measure how well a model does on the pictures that were held back from its training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.demo.frames import Format, Frame, centre, decoded, encoded
from scanner.demo.pictures import HELD_OUT_KINDS, held_out
from scanner.demo.scene import Kind
from scanner.models import Scorer, Scores

TERMS = ("a red disc", "a blue square")
"""One term for each part of the demo policy, in its order."""

THRESHOLD = 0.3
"""Score that each term has to exceed: the same stands in the policy, and training separates true from false there."""

HELD_OUT_SEED = 20_000
"""Seed of the pictures that `train` and the tests measure on."""

BATCH = 100


@dataclass(frozen=True)
class Figures:
    """Pictures that were judged rightly, of how many, by kind of scene."""

    right: Counter[Kind]
    total: Counter[Kind]

    @property
    def accuracy(self) -> float:
        """Share of pictures that were judged rightly, from 0 to 1."""
        return self.right.total() / self.total.total()

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind.value} {self.right[kind]}/{self.total[kind]}" for kind in Kind)
        return f"held-out pictures judged rightly: {self.accuracy:.1%} of {self.total.total()} ({kinds})"


def flagged(scores: Scores) -> NDArray[np.bool_]:
    """Apply the rule of the demo policy, every part found, to scores of shape (frames, terms)."""
    every_part: NDArray[np.bool_] = np.all(scores > np.float32(THRESHOLD), axis=1)
    return every_part


def measure(model: Scorer, count: int, *, seed: int = HELD_OUT_SEED) -> Figures:
    """Judge this many held-out pictures, sent as JPEG, PNG, WebP and AVIF in turn, by their centre look."""
    model.encode_terms(TERMS)
    right: Counter[Kind] = Counter()
    total: Counter[Kind] = Counter()
    for cases in _batches(_cases(count, seed, model.frame_size)):
        found = flagged(model.score(np.stack([frame for frame, _, _ in cases])))
        for (_, expected, kind), answer in zip(cases, found, strict=True):
            total[kind] += 1
            right[kind] += bool(answer) == expected
    return Figures(right, total)


def _cases(count: int, seed: int, frame_size: int) -> Iterator[tuple[Frame, bool, Kind]]:
    formats = list(Format)
    for index, (scene, image) in enumerate(held_out(count, seed)):
        body = encoded(image, formats[index % len(formats)])
        yield centre(decoded(body), frame_size), scene.flagged, HELD_OUT_KINDS[index % len(HELD_OUT_KINDS)]


def _batches(cases: Iterable[tuple[Frame, bool, Kind]]) -> Iterator[list[tuple[Frame, bool, Kind]]]:
    batch: list[tuple[Frame, bool, Kind]] = []
    for case in cases:
        batch.append(case)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
