"""The centre look beside open_clip's own preprocessing: by pixels, and by what ViT-L-14 makes of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from coordinator.media.looks import Views
from tests.coordinator.media.cutter.cutting import cut
from tests.coordinator.media.pictures import encoded, photograph

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]

SIZE = 224
NAMES = ("chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "gravel")
EXACT, REDUCED = 2.0, 6.0
"""How far from open_clip's pixels a frame may be on average, of 255, without and with decoding at a reduced size."""


def large(name: str) -> Image.Image:
    """Return a photograph enlarged to 12 Mpx."""
    image = photograph(name)
    return photograph(name, (4000, 3000) if image.width > image.height else (3464, 3464))


def theirs(body: bytes) -> Any:
    """Return what open_clip's preprocessing makes of a file, with levels from 0 to 1."""
    from open_clip.transform import image_transform

    transform = image_transform(SIZE, is_train=False, mean=(0.0,) * 3, std=(1.0,) * 3)
    with Image.open(io.BytesIO(body)) as image:
        return transform(image)


def ours(body: bytes) -> Any:
    """Return the centre look of a file in the same shape."""
    (frame,) = cut(body, size=SIZE, views=Views.CENTRE).frames
    return torch.frombuffer(bytearray(frame), dtype=torch.uint8).reshape(SIZE, SIZE, 3).permute(2, 0, 1) / 255


def difference(body: bytes) -> float:
    """Return the mean absolute difference between the two, of 255."""
    return float((theirs(body) - ours(body)).abs().mean() * 255)


@pytest.mark.parametrize("name", NAMES)
def test_centre_agrees_without_reduced_decoding(name: str) -> None:
    """Small photographs in any format, and large ones that are decoded in full, give open_clip's pixels."""
    image = photograph(name)
    for form in ("JPEG", "PNG", "WEBP", "AVIF"):
        small = encoded(photograph(name, (image.width // 2, image.height // 2)), form)
        assert difference(small) <= EXACT
    assert difference(encoded(large(name), "PNG", compress_level=1)) <= EXACT


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [75, 90])
def test_centre_agrees_with_reduced_decoding(name: str, quality: int) -> None:
    """Twelve megapixels as JPEG, decoded at a reduced size, are near enough to open_clip's pixels."""
    assert difference(encoded(large(name), "JPEG", quality=quality)) <= REDUCED


@pytest.mark.slow
def test_centre_embeds_alike() -> None:
    """ViT-L-14 cannot tell our frames from open_clip's, though it tells one photograph from another."""
    from open_clip.model import CLIPVisionCfg, _build_vision_tower

    torch.manual_seed(1)
    config = open_clip.get_model_config("ViT-L-14-quickgelu")
    tower = _build_vision_tower(config["embed_dim"], CLIPVisionCfg(**config["vision_cfg"]), quick_gelu=True).eval()
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN).reshape(3, 1, 1)
    std = torch.tensor(open_clip.OPENAI_DATASET_STD).reshape(3, 1, 1)
    with torch.inference_mode():
        # Random weights make every picture the same; larger ones, through 24 layers, tell them apart.
        for parameter in tower.transformer.parameters():
            if parameter.ndim == 2:
                parameter.mul_(2.5)
        bodies = [encoded(large(name), "JPEG", quality=90) for name in ("coffee", "rocket", "brick")]
        pictures = torch.stack([*map(theirs, bodies), *map(ours, bodies)])
        embedded = torch.nn.functional.normalize(tower((pictures - mean) / std), dim=-1)
    cosines = embedded @ embedded.T
    assert cosines[:3, 3:].diagonal().min() >= 0.995
    assert cosines[:3, :3].triu(1).max() < 0.9
