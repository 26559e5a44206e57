"""Limits of one upload."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from coordinator.media.limits import Limits


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_limits_refuse_nothing(name: str) -> None:
    """No limit may be zero or less: that would refuse everything, or forbid nothing."""
    for value in (0, -1):
        with pytest.raises(ValueError, match=name):
            replace(Limits(), **{name: value})
