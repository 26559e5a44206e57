"""One figure of a benchmark, with what it is compared to."""

from __future__ import annotations

from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
"""{name, value, unit, floor, ratio, bar, ok}; floor, ratio, bar and ok are None where there is none."""


def at_most(name: str, value: float, unit: str, *, floor: float | None = None, bar: float | None = None) -> Row:
    """Make a row whose ratio to its floor, or whose value where there is no floor, may be at most `bar`."""
    return _row(name, value, unit, floor, bar, sign=1)


def at_least(name: str, value: float, unit: str, *, floor: float | None = None, bar: float | None = None) -> Row:
    """Make a row whose ratio to its floor, or whose value where there is no floor, must be at least `bar`."""
    return _row(name, value, unit, floor, bar, sign=-1)


def _row(name: str, value: float, unit: str, floor: float | None, bar: float | None, *, sign: int) -> Row:
    ratio = value / floor if floor else None
    compared = value if ratio is None else ratio
    ok = None if bar is None else sign * compared <= sign * bar
    return {"name": name, "value": value, "unit": unit, "floor": floor, "ratio": ratio, "bar": bar, "ok": ok}
