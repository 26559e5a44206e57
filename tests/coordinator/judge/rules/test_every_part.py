"""The plainest rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coordinator.judge.loader import load_policy
from tests.coordinator.judge.frames import raised, rises

POLICY = load_policy("demo")
LIMITS = [limit for table in POLICY.definition.thresholds.values() for limit in table.values()]


def near(limit: float) -> st.SearchStrategy[float]:
    """Draw similarities around a threshold, the threshold itself among them."""
    return st.one_of(st.just(limit), st.floats(limit - 0.05, limit + 0.05))


@given(frame=st.tuples(*map(near, LIMITS)).map(list))
def test_every_part_flags_all(frame: list[float]) -> None:
    """A frame is flagged exactly when each of the demo's two parts is strictly over its threshold."""
    over = [value > limit for value, limit in zip(frame, LIMITS, strict=True)]
    verdict = POLICY.judge(frame)
    assert verdict.flagged == all(over)
    assert list(verdict.parts) == [name for name, is_over in zip(POLICY.parts.values(), over, strict=True) if is_over]


@given(frame=st.tuples(*map(near, LIMITS)).map(list), column=st.integers(0, len(LIMITS) - 1), rise=rises())
def test_every_part_monotone(frame: list[float], column: int, rise: float) -> None:
    """Raising a similarity never turns flagged into clean."""
    assert POLICY.judge(raised(frame, column, rise)).flagged >= POLICY.judge(frame).flagged


def test_every_part_strictness() -> None:
    """A part that is stricter by 0.01 is found from 0.01 lower on, and no lower."""
    stricter = load_policy("demo", strictness={"disc": 0.01})
    disc = LIMITS[0]
    assert stricter.judge([disc - 0.0099, 0.9]).flagged
    assert not stricter.judge([round(disc - 0.01, 10), 0.9]).flagged
