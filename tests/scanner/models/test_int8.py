"""Products in int8: close for weights as they usually are, also with a few large columns; never chosen by itself."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from open_clip.transformer import VisionTransformer
from safetensors.torch import save_file

from scanner.errors import SelfTestError
from scanner.models.clip import ClipModel
from scanner.models.clip.architecture import build
from scanner.models.clip.int8 import Int8Attention, Int8Linear, round_products
from scanner.models.errors import Int8UnfitError
from scanner.photographs import draw_photographs
from scanner.selftest import LEAST_COSINE, require_fidelity

pytestmark = pytest.mark.torch

ARCHITECTURE = "ViT-S-32-alt"
TERMS = ("a photo of a cat", "a photo of a rocket", "a brick wall")


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the least cosine of a row of one with the row of the other."""
    return float(torch.nn.functional.cosine_similarity(one, other, dim=-1).min())


def write_weights(folder: Path, *, outliers: float) -> Path:
    """Write random weights in which two columns of all that goes into products are so many times as large."""
    torch.manual_seed(1)
    clip = build(ARCHITECTURE, "quickgelu", name="random")
    enlarge(clip.visual, outliers)
    path = folder / "outliers.safetensors"
    save_file({name: value.contiguous() for name, value in clip.state_dict().items()}, path)
    return path


def enlarge(tower: VisionTransformer, outliers: float) -> None:
    """Make two columns of all that goes into the products of a tower so many times as large."""
    for block in tower.transformer.resblocks:
        for norm in (block.ln_1, block.ln_2):
            norm.weight.data[[3, 77]] *= outliers


def test_linear_is_close_to_fp32() -> None:
    """Also where a few columns are a thousand times as large as the others, and where a token is all zeros."""
    torch.manual_seed(1)
    exact = torch.nn.Linear(256, 128)
    ours = Int8Linear(exact.weight.detach(), exact.bias.detach())
    values = torch.randn(3, 50, 256)
    values[..., [5, 200]] *= 1000
    values[1, 7] = 0
    with torch.inference_mode():
        right, got = exact(values), ours(values)
        assert got.shape == right.shape
        assert cosine(got, right) > 0.9999
        small = values.index_fill(2, torch.tensor([5, 200]), 0.0)
        assert cosine(ours(small), exact(small)) > 0.9995


def test_linear_without_a_bias() -> None:
    """Some architectures have none."""
    weight = torch.eye(64)
    assert torch.allclose(Int8Linear(weight, None)(torch.ones(20, 64)), torch.ones(20, 64), atol=0.02)


def test_attention_is_close_to_fp32() -> None:
    """Every token looks at all, in each head by itself."""
    torch.manual_seed(1)
    exact = torch.nn.MultiheadAttention(128, 4, batch_first=True).eval()
    values = torch.randn(2, 50, 128)
    with torch.inference_mode():
        right = exact(values, values, values, need_weights=False)[0]
        got, weights = Int8Attention(exact)(values, values, values, need_weights=False, attn_mask=None)
    assert weights is None
    assert cosine(got, right) > 0.999


@pytest.mark.parametrize("outliers", [1.0, 5.0, 30.0])
def test_tower_is_close_to_fp32(outliers: float) -> None:
    """Within the bound of the self-test, also with a few large columns, as trained transformers have."""
    torch.manual_seed(1)
    exact = VisionTransformer(
        image_size=64, patch_size=8, width=256, layers=6, heads=4, mlp_ratio=4, output_dim=128
    ).eval()
    enlarge(exact, outliers)
    ours = deepcopy(exact)
    round_products(ours, "small")
    frames = torch.from_numpy(draw_photographs(4, 64, seed=1)).permute(0, 3, 1, 2).float() / 127 - 1
    with torch.inference_mode():
        assert LEAST_COSINE < cosine(ours(frames), exact(frames)) < 1


def test_int8_that_is_not_close_is_refused(tmp_path: Path) -> None:
    """The weights decide: where the bounds do not hold the figures are said, and nothing else is chosen instead."""
    weights = write_weights(tmp_path, outliers=300.0)
    model = ClipModel.open(
        f"{ARCHITECTURE}/random", weights=weights, activation="quickgelu", device="cpu", precision="int8"
    )
    assert model.precision == "int8"
    assert model.device.startswith("cpu (int8, ")
    model.encode_terms(TERMS)
    with pytest.raises(SelfTestError, match=r"cosine to fp32 on the processor .* similarities differ by"):
        require_fidelity(model)
    assert not model.retreat()


def test_int8_refuses_a_tower_that_it_does_not_know() -> None:
    """One sentence, before anything is computed; the demo model is a convolutional network."""
    with pytest.raises(Int8UnfitError, match=r"^demo is no plain vision transformer.*FEDIWARD_PRECISION$"):
        ClipModel.open("demo", device="cpu", precision="int8")
