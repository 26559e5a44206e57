"""What a library says about a policy."""

from __future__ import annotations

from coordinator.judge.margins import ALL_PARTS
from coordinator.sweep.asking import Margins, PolicyInForce
from coordinator.sweep.calibration import Calibration, written


def calibration(strictness: dict[str, float] | None = None) -> Calibration:
    """Return a calibration of 1,000 pictures: part a is found in 100, of which b is found in all but 90."""
    made = Calibration(PolicyInForce(name="mine", parts={"a": "the a", "b": "the b"}, strictness=strictness or {}))
    for number in range(1000):
        a, b = (number - 899.5) / 10_000, 0.05 if number >= 990 else -0.15
        made.add(
            Margins(
                flagged=a > 0 and b > 0,
                parts={"a": a, "b": b},
                flagged_from={"a": -a if b > 0 else None, "b": -b if a > 0 else None, ALL_PARTS: -min(a, b)},
            )
        )
    return made


def test_calibration_counts_what_is_flagged_and_found() -> None:
    """The share flagged in all and the share in which each part is found."""
    made = calibration()
    assert (made.share.count, made.share_of("a").count, made.share_of("b").count) == (10, 100, 10)
    assert str(made.share).startswith("10 of 1000: 1.000%, 95 % between 0.5")


def test_calibration_suggests_what_gives_a_share() -> None:
    """For each part and for all: the strictest setting in its steps that flags no more than wanted."""
    found = {one.part: one for one in calibration().suggestions(0.005)}
    assert list(found) == [ALL_PARTS, "a", "b"]
    assert found["a"].setting == "a:-0.0095"
    assert (found["a"].share.count, found["b"].share.count) == (5, 0)
    assert found["b"].setting == "b:-0.05"
    assert found[ALL_PARTS].setting == "a:-0.0095,b:-0.0095"


def test_calibration_suggests_on_top_of_what_is_set() -> None:
    """The setting holds what was set before; parts that cannot do it within the limits are left out."""
    found = {one.part: one.setting for one in calibration({"a": 0.01, "b": -0.17}).suggestions(0.005)}
    assert found["a"] == "a:+0.0005,b:-0.17"
    assert "b" not in found


def test_calibration_writes_a_strictness_as_the_setting_takes_it() -> None:
    """Parts that are not moved are left out."""
    assert written({"b": 0.0, "a": -0.01, "c": 0.5}) == "a:-0.01,c:+0.5"
