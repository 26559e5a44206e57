"""The bare loop: open_clip's image tower from uint8 frames to cosines, as anybody would write it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import load_file, save_file

from scanner.models import Frames, Scores

SIZE = 224
TERMS = tuple(f"a photograph of {number} wooden chairs" for number in range(1, 101))
"""As many as a policy has, and harmless."""

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "int8": torch.float32}
"""What the bare tower computes in; int8 has none of its own, and is compared with fp32."""


def write_random_weights(architecture: str, folder: Path) -> Path:
    """Make a file of random weights, always the same ones; half a minute for ViT-L-14, and nothing once it is there."""
    path = folder / f"{architecture}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(5)
        clip = open_clip.create_model(f"{architecture}-quickgelu")
        part = path.with_suffix(".part")
        save_file({name: value.contiguous() for name, value in clip.state_dict().items()}, part)
        part.rename(path)
    return path


def photographs(count: int, *, seed: int = 1) -> Frames:
    """Give frames whose neighbouring pixels are alike, with some grain: uint8, shape (count, 224, 224, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8, 3)).astype(np.float32)
    smooth = coarse.repeat(SIZE // 8, axis=1).repeat(SIZE // 8, axis=2)
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Shape:
    """What a vision transformer's size says about its work."""

    width: int
    layers: int
    patch: int
    embedding: int

    @property
    def flop(self) -> float:
        """Floating-point operations of matrix products for one frame; a multiplication and an addition are two."""
        tokens = (SIZE // self.patch) ** 2 + 1
        layer = 2 * tokens * 12 * self.width**2 + 4 * tokens**2 * self.width
        return self.layers * layer + 2 * (tokens - 1) * 3 * self.patch**2 * self.width + 2 * self.width * self.embedding


def shape_of(architecture: str) -> Shape:
    """Read the size of an architecture from open_clip's configuration."""
    config: Any = open_clip.get_model_config(architecture)
    vision = config["vision_cfg"]
    return Shape(vision["width"], vision["layers"], vision["patch_size"], config["embed_dim"])


class Bare:
    """The tower with its weights on a device, in a precision, and random embeddings of terms to compare with."""

    def __init__(self, architecture: str, weights: Path, *, device: str, precision: str) -> None:
        self.device = torch.device(device)
        self.precision = PRECISIONS[precision]
        clip = open_clip.create_model(f"{architecture}-quickgelu")
        clip.load_state_dict(load_file(weights))
        self.tower = clip.visual.eval().requires_grad_(requires_grad=False).to(self.device, self.precision)
        mean, std = (
            torch.tensor(values, device=self.device).view(1, 3, 1, 1)
            for values in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
        )
        self._mean, self._std = mean, std
        terms = torch.randn(len(TERMS), shape_of(architecture).embedding, generator=torch.Generator().manual_seed(1))
        self._terms = torch.nn.functional.normalize(terms, dim=-1).to(self.device)

    @torch.inference_mode()
    def score(self, frames: Frames) -> Scores:
        """Go all the way: copy to the device, normalise, tower, cosines, copy back."""
        pixels = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2).float() / 255
        embeddings = self.tower(((pixels - self._mean) / self._std).to(self.precision)).float()
        scores: Scores = (torch.nn.functional.normalize(embeddings, dim=-1) @ self._terms.T).cpu().numpy()
        return scores

    @torch.inference_mode()
    def tower_s(self, batch: int, *, rounds: int) -> float:
        """Give the seconds of one batch in the tower alone, its input on the device already, batches back to back."""
        pixels = torch.randn(batch, 3, SIZE, SIZE, device=self.device).to(self.precision)
        self.tower(pixels)
        self.wait()
        began_s = time.perf_counter()
        for _ in range(rounds):
            self.tower(pixels)
        self.wait()
        return (time.perf_counter() - began_s) / rounds

    def wait(self) -> None:
        """Wait until the device has done all that it was told to."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def score_s(self, frames: Frames, *, rounds: int) -> float:
        """Give the seconds of one batch all the way, batches back to back."""
        began_s = time.perf_counter()
        for _ in range(rounds):
            self.score(frames)
        return (time.perf_counter() - began_s) / rounds
