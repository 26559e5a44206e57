"""Places that tell when a file came."""

from __future__ import annotations

import pytest

from coordinator.sweep.order import came_s, first_since, may_hold_newer

MOMENT_S = 0x019AB2C3D4E5 / 1e3


def test_order_reads_the_time_of_a_place() -> None:
    """A version-7 UUID tells its time, cut into folders or whole; others do not."""
    assert came_s(b"01/9a/b2/c3/d4/e5/7f/aa/bb/cc/ddeeff001122.png") == MOMENT_S
    assert came_s(b"x/019ab2c3-d4e5-7faa-8bcc-ddeeff001122.png") == MOMENT_S
    assert came_s(b"x/019ab2c3-d4e5-4faa-8bcc-ddeeff001122.png") is None
    assert came_s(b"ff/ff/ff/ff/ff/ff/7f/aa/x") is None
    assert came_s(b"holiday.png") is None


@pytest.mark.parametrize(
    ("folder", "later_s", "answer"),
    [
        (b"01/", 0, True),
        (b"01/9a/b2/c3/d4/e5/", 0, True),
        (b"01/9a/b2/c3/d4/e5/", 1, False),
        (b"01/9a/b2/c3/d4/e4/", 0, False),
        (b"01/9a/b2/c2/", 0, False),
        (b"01/9a/b2/c4/", 0, True),
        (b"01/9a/b2/c3/d4/e5/7f/", 99, True),
        (b"holidays/", 99, True),
    ],
)
def test_order_passes_over_old_folders(folder: bytes, later_s: float, answer: bool) -> None:
    """A folder is passed over when all that may be in it came before."""
    assert may_hold_newer(folder, MOMENT_S + later_s) == answer


def test_order_gives_a_place_to_begin_at() -> None:
    """What came since a time is sorted behind the place of that time, and what came before, before it."""
    begin = first_since(MOMENT_S)
    assert begin == b"01/9a/b2/c3/d4/e5"
    assert b"01/9a/b2/c3/d4/e4/7f/x" < begin < b"01/9a/b2/c3/d4/e5/7f/x"
