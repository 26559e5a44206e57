"""The self-test compares a device with what is right, and knows its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.errors import SelfTestError
from scanner.models import Embeddings
from scanner.selftest import Fidelity, check, compare, require_fidelity, settle
from tests.scanner.doubles import TestModel

RIGHT = np.eye(4, 8, dtype=np.float32)
SCORES = np.zeros((4, 3), np.float32)


class HonestModel(TestModel):
    """A model whose device gives what `reference` says, until `noise` is added; in fp32 there is none."""

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.noise = noise
        self.encode_terms(("one", "two"))

    def reference(self, frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> tuple[Embeddings, Embeddings]:
        """Give what the device would give without the noise."""
        return np.ones((len(frames), 1), np.float32), super().score(frames) - np.float32(self.noise)

    def retreat(self) -> bool:
        """Lose the noise, when that is allowed."""
        if not super().retreat():
            return False
        self.noise = 0.0
        return True


def test_same_numbers_are_right() -> None:
    """What is equal has cosine 1 and no difference."""
    fidelity = compare(RIGHT, SCORES, RIGHT, SCORES)
    assert fidelity == Fidelity(4, 1.0, 0.0)
    assert fidelity.holds


def test_worst_frame_counts() -> None:
    """One frame that turned away by an angle, and one similarity that moved, are what is reported."""
    turned = RIGHT.copy()
    turned[2, 7] = np.tan(0.1)
    moved = SCORES.copy()
    moved[1, 2] = -0.004
    fidelity = compare(turned, moved, RIGHT, SCORES)
    assert fidelity.cosine == pytest.approx(np.cos(0.1))
    assert fidelity.difference == pytest.approx(0.004)
    assert not fidelity.holds


@pytest.mark.parametrize(
    ("cosine", "difference", "holds"),
    [(0.999, 0.002, True), (0.9989, 0.0, False), (1.0, 0.0021, False), (float("nan"), 0.0, False)],
)
def test_bounds_of_the_self_test(cosine: float, difference: float, holds: bool) -> None:
    """A cosine of at least 0.999 and similarities within 0.002 let a device serve."""
    assert Fidelity(4, cosine, difference).holds is holds


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_fail(value: float) -> None:
    """A device that gives NaN or infinity computes something else, in embeddings or in scores."""
    broken = RIGHT.copy()
    broken[0, 0] = value
    assert not compare(broken, SCORES, RIGHT, SCORES).holds
    broken_scores = SCORES.copy()
    broken_scores[0, 0] = value
    assert not compare(RIGHT, broken_scores, RIGHT, SCORES).holds


def test_embeddings_of_nothing_fail() -> None:
    """A device that gives zeros is told apart, and nothing is divided by zero."""
    assert compare(np.zeros_like(RIGHT), SCORES, RIGHT, SCORES).cosine == 0.0


def test_model_without_a_reference_is_not_tested() -> None:
    """The null model has nothing to compare with."""
    assert check(TestModel()) is None
    require_fidelity(TestModel())


def test_require_fidelity_raises_the_figures() -> None:
    """A device that fails is refused, with how far off it was."""
    with pytest.raises(SelfTestError, match=r"similarities differ by 0\.00500 \(at most 0\.002\), over 2 frames"):
        require_fidelity(HonestModel(noise=0.005))


def test_settle_goes_on_more_precisely() -> None:
    """A precision that we chose ourselves is given up for a better one, once."""
    model = HonestModel(noise=0.005)
    model.retreats = 1
    fidelity = settle(model)
    assert fidelity is not None
    assert fidelity.holds
    assert model.noise == 0


def test_settle_leaves_alone_what_holds() -> None:
    """A device that passes is not made slower."""
    model = HonestModel(noise=0.0)
    model.retreats = 1
    settle(model)
    assert model.retreats == 1
