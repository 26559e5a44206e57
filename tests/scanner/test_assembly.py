"""A scan whose frames are arriving."""

from __future__ import annotations

import pytest

from scanner.assembly import Assembly
from shared.errors import UnexpectedMessageError
from shared.messages import Frame
from tests.scanner.doubles import SIZE, make_frame, make_scan


def test_assembly_is_complete_when_all_frames_are_there() -> None:
    """Frames may come in any order; each lands at its index."""
    assembly = Assembly(make_scan("s", frames=2), began_s=0.0)
    complete = []
    for index, light in ((1, 7), (0, 3)):
        assembly.add(make_frame("s", index, light=light))
        complete.append(assembly.complete)
    assert complete == [False, True]
    assert assembly.frames[:, 0, 0, 0].tolist() == [3, 7]


def test_pixels_are_read_row_by_row() -> None:
    """The first SIZE * 3 bytes of a frame are its top row."""
    assembly = Assembly(make_scan("s"), began_s=0.0)
    row = bytes(range(SIZE * 3))
    assembly.add(Frame("s", 0, row + bytes(SIZE * 3) * (SIZE - 1)))
    assert assembly.frames[0, 0].tobytes() == row
    assert not assembly.frames[0, 1:].any()


def test_frame_that_came_before_is_refused() -> None:
    """No index comes twice."""
    assembly = Assembly(make_scan("s", frames=2), began_s=0.0)
    assembly.add(make_frame("s", 0))
    with pytest.raises(UnexpectedMessageError, match="index"):
        assembly.add(make_frame("s", 0))


def test_frame_beyond_the_announced_number_is_refused() -> None:
    """The announcement says how many frames there are."""
    assembly = Assembly(make_scan("s", frames=2), began_s=0.0)
    with pytest.raises(UnexpectedMessageError, match="index"):
        assembly.add(make_frame("s", 2))


@pytest.mark.parametrize("pixels", [b"", bytes(SIZE * SIZE * 3 - 1), bytes(SIZE * SIZE * 3 + 1)])
def test_frame_of_wrong_length_is_refused(pixels: bytes) -> None:
    """A frame has exactly the bytes of its size, and one that does not is not counted."""
    assembly = Assembly(make_scan("s"), began_s=0.0)
    with pytest.raises(UnexpectedMessageError, match="bytes"):
        assembly.add(Frame("s", 0, pixels))
    assert not assembly.complete
