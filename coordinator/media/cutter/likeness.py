"""The likeness of a picture among the pieces of an upload, for whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from PIL import Image

from coordinator.media.cutter.picture import Picture, over_white
from coordinator.media.looks import Likeness
from coordinator.media.pipe import Alike

Hasher: TypeAlias = Callable[[Image.Image], Likeness]
"""Works out the likeness of a picture without transparency."""


def alike(picture: Picture, hasher: Hasher | None) -> Iterator[tuple[Alike, bytes]]:
    """Yield the likeness of all of a picture, over white; nothing where nobody asks."""
    if hasher is not None:
        likeness = hasher(over_white(picture.image))
        yield Alike(likeness.quality), likeness.pdq
