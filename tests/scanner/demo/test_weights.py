"""The bundled weights are small, and tell shapes from everything else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("torch")

from scanner.demo.figures import TERMS, flagged, measure
from scanner.demo.frames import Format, centre, decoded, encoded, whole
from scanner.models.clip import DEMO_WEIGHTS, ClipModel

pytestmark = pytest.mark.torch

PHOTOGRAPHS = ("chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "gravel", "stereo_motorcycle")


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def demo(request: pytest.FixtureRequest) -> ClipModel:
    """The bundled model on the processor, in both precisions that processors use."""
    return ClipModel.open("demo", device="cpu", precision=request.param, threads=2)


def photograph(name: str) -> Image.Image:
    """A photograph of things that comes with scikit-image; of the pair of the motorcycle, the left one."""
    pixels = getattr(data, name)()
    return Image.fromarray(pixels[0] if isinstance(pixels, tuple) else pixels).convert("RGB")


def test_weights_are_small() -> None:
    """The file is small enough for git."""
    assert DEMO_WEIGHTS.stat().st_size <= 8_000_000


def test_weights_judge_held_out_pictures() -> None:
    """Of the first 200 held-out pictures at least 95 % are judged rightly."""
    figures = measure(ClipModel.open("demo", device="cpu", precision="fp32", threads=2), 200)
    assert figures.accuracy >= 0.95, str(figures)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_weights_flag_no_photograph(name: str, demo: ClipModel) -> None:
    """A photograph is not flagged by its centre nor whole, in any format."""
    demo.encode_terms(TERMS)
    for picture_format in Format:
        image = decoded(encoded(photograph(name), picture_format))
        looks = [centre(image, demo.frame_size), whole(image, demo.frame_size)]
        looks.append(whole(image, demo.frame_size, margin=(128, 128, 128)))
        assert not flagged(demo.score(np.stack(looks))).any()
