"""How far scores may lie apart."""

from __future__ import annotations

import pytest

from coordinator.trust.tolerance import difference_of, tolerance_of
from scanner.selftest import MOST_DIFFERENCE


def test_tolerance_of_two_is_the_sum_of_what_either_may_be_wrong() -> None:
    """fp32 is held tighter than half precision; what does not say its precision, as half."""
    assert tolerance_of("fp32", "fp32") == pytest.approx(0.001)
    assert tolerance_of("fp32", "bf16") == pytest.approx(0.0025)
    assert tolerance_of("fp16", "") == pytest.approx(0.004)


def test_tolerance_lets_pass_what_self_tests_let_pass() -> None:
    """Two scanners in half precision that both pass their self-test cannot disagree."""
    assert tolerance_of("bf16", "fp16") >= 2 * MOST_DIFFERENCE


def test_difference_is_the_largest_of_the_frames_that_both_have() -> None:
    """A spot check may hold fewer frames than the scan."""
    assert difference_of([[0.1, 0.5], [0.9, 0.9]], [[0.2, 0.2]]) == pytest.approx(0.3)
