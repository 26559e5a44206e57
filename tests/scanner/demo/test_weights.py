"""The bundled weights are small, and tell shapes from everything else."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from scanner.demo.figures import measure
from scanner.demo.photographs import PHOTOGRAPHS, flagged_photographs
from scanner.demo.scene import Kind
from scanner.models.clip import DEMO_WEIGHTS, ClipModel

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def demo(request: pytest.FixtureRequest) -> ClipModel:
    """The bundled model on the processor, in both precisions that processors use."""
    return ClipModel.open("demo", device="cpu", precision=request.param, threads=2)


def test_weights_are_small() -> None:
    """The file is small enough for git."""
    assert DEMO_WEIGHTS.stat().st_size <= 8_000_000


@pytest.mark.parametrize(
    "pictures", [200, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(600)], id="all")]
)
def test_weights_judge_held_out_pictures(pictures: int) -> None:
    """Of the held-out pictures, a quarter of them near misses, at least 95 % are judged rightly."""
    figures = measure(ClipModel.open("demo", device="cpu", precision="fp32", threads=2), pictures)
    assert figures.total[Kind.NEAR_MISS] == pictures // 4
    assert figures.accuracy >= 0.95, str(figures)


def test_weights_flag_no_photograph(demo: ClipModel) -> None:
    """A photograph is not flagged by its centre nor whole, in any format."""
    assert len(PHOTOGRAPHS) >= 6
    assert flagged_photographs(demo) == []
