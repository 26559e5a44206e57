"""Limits of one upload."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from coordinator.media.limits import (
    MAX_ADDRESS_BYTES,
    MAX_SIDE_PX,
    MAX_STILL_PX,
    MAX_TIME_S,
    MAX_TOTAL_PX,
    MAX_UPLOADS,
    Limits,
)

MOST = Limits(
    side_px=MAX_SIDE_PX,
    still_px=MAX_STILL_PX,
    total_px=MAX_TOTAL_PX,
    address_bytes=MAX_ADDRESS_BYTES,
    cpu_s=MAX_TIME_S,
    wall_s=MAX_TIME_S,
    uploads=MAX_UPLOADS,
)


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_limits_refuse_nothing(name: str) -> None:
    """No limit may be zero or less: that would refuse everything, or forbid nothing."""
    for value in (0, -1):
        with pytest.raises(ValueError, match=name):
            replace(Limits(), **{name: value})


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_limits_are_bounded(name: str) -> None:
    """No limit is more than can be told to a process, or than it can keep to."""
    with pytest.raises(ValueError, match=name):
        replace(MOST, **{name: getattr(MOST, name) + 1})
