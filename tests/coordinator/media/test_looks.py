"""Looks and cuts."""

from __future__ import annotations

import pytest

from coordinator.media.looks import MAX_LOOKS, PDQ_BYTES, Cut, Likeness, Look, LookKind


def made(looks: int, frames: int, length: int = 12) -> Cut:
    """Return a cut of that many looks and frames of 2 x 2 pixels."""
    look = Look(LookKind.CENTRE)
    return Cut("png", 4, 4, 2, (look,) * looks, (b"secret"[:1] * length,) * frames, False, 1.0)


def test_look_says_what_it_shows() -> None:
    """A look has a short name for the answer."""
    assert str(Look(LookKind.CENTRE)) == "centre"
    assert str(Look(LookKind.MOMENT, 1200)) == "moment 1.200 s"
    assert str(Look(LookKind.WHOLE, over_black=True)) == "whole over black"


@pytest.mark.parametrize(("looks", "frames"), [(0, 0), (1, 2), (2, 1), (MAX_LOOKS + 1, MAX_LOOKS + 1)])
def test_cut_refuses_wrong_number(looks: int, frames: int) -> None:
    """A cut has as many looks as frames, from one to sixteen."""
    with pytest.raises(ValueError, match="looks for"):
        made(looks, frames)


def test_cut_refuses_wrong_shape() -> None:
    """A frame has exactly its pixels."""
    with pytest.raises(ValueError, match="not 2 x 2"):
        made(1, 1, 11)


def test_cut_repr_has_no_pixels() -> None:
    """What is printed of a cut contains nothing of the picture."""
    assert "frames" not in repr(made(2, 2))


@pytest.mark.parametrize(
    ("length", "quality"), [(PDQ_BYTES - 1, 50), (PDQ_BYTES + 1, 50), (PDQ_BYTES, -1), (PDQ_BYTES, 101)]
)
def test_likeness_refuses_what_is_none(length: int, quality: int) -> None:
    """A PDQ has 256 bits, and its quality is a percentage."""
    with pytest.raises(ValueError, match="a PDQ of"):
        Likeness(bytes(length), quality)
