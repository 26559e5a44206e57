"""Score frames with a CLIP model. The only file of the product that knows torch and open_clip; import it late.

The image tower computes on the chosen device and in its precision; the text tower stays on the processor in fp32,
because terms are few and come rarely.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import huggingface_hub
import numpy as np
import open_clip
import torch
from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME
from open_clip.factory import load_state_dict
from open_clip.transformer import QuickGELU
from safetensors import SafetensorError

from scanner.models import Frames, Scores
from scanner.models.device import Choice, Machine, choose
from scanner.models.errors import (
    ActivationMismatchError,
    ActivationNeededError,
    ModelUnknownError,
    WeightsMismatchError,
    WeightsMissingError,
    WeightsUnreadableError,
)

Activation = Literal["gelu", "quickgelu"]

DEMO = "demo"
DEMO_CONFIG = Path(__file__).parent.parent / "demo" / "config.json"
DEMO_WEIGHTS = DEMO_CONFIG.with_name("weights.safetensors")

MEAN: tuple[float, ...] = open_clip.OPENAI_DATASET_MEAN
STD: tuple[float, ...] = open_clip.OPENAI_DATASET_STD

TERMS_AT_ONCE = 64
REACH_TIMEOUT_S = 5.0
"""Time to reach the model hub once. Its own client tries for 23 s a file without a network (measured)."""

_PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Weights:
    """A file of weights and what has to be known to use it."""

    path: Path
    activation: Activation
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD


class ClipModel:
    """A CLIP model that is ready to score. Make one with `open`; call its methods from one thread."""

    def __init__(self, name: str, clip: Any, tokenizer: Any, weights: Weights, choice: Choice) -> None:
        self.name = name
        self.fingerprint = _digest(weights.path)
        self.frame_size = _side(clip)
        self.device_asked = choice.asked
        self.device = choice.words(_detail(choice))
        self._clip = clip
        self._tokenizer = tokenizer
        self._device = torch.device(choice.kind)
        self._precision = _PRECISIONS[choice.precision]
        self._visual = clip.visual.to(self._device, self._precision)
        self._mean = torch.tensor(weights.mean, device=self._device).view(1, 3, 1, 1)
        self._std = torch.tensor(weights.std, device=self._device).view(1, 3, 1, 1)
        self._terms: torch.Tensor | None = None

    @classmethod
    def open(
        cls,
        name: str,
        *,
        weights: Path | None = None,
        architecture: str | None = None,
        activation: Activation | None = None,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        cache: Path | None = None,
    ) -> ClipModel:
        """Load the model called `demo` or `ARCHITECTURE/TAG`; takes seconds, and minutes when weights are fetched.

        `weights` names a file (safetensors, or a checkpoint of open_clip) to use instead of the tag's, and demands
        the `activation`. `architecture` replaces the name's left side. `device` is auto, cpu, cuda or mps;
        `precision` auto, fp32, fp16 or bf16; `threads` bounds the processor threads of one operation; `cache` is the
        folder for fetched weights. Raises ModelError (see `scanner.models.errors`), and ValueError for a device or
        precision that is none of those.
        """
        choice = choose(device, precision, _machine())
        if threads is not None:
            torch.set_num_threads(threads)
        left, _, tag = name.partition("/")
        architecture = architecture or left
        found = _file(weights, activation) if weights else _published(name, architecture, tag, activation, cache)
        state = _read(found.path)
        clip = build(architecture, found.activation, name=name)
        _fill(clip, state, found.path, architecture)
        return cls(name, clip.eval().requires_grad_(requires_grad=False), tokenizer(architecture), found, choice)

    @torch.inference_mode()
    def encode_terms(self, terms: Sequence[str]) -> None:
        """Compute the embeddings of bare terms, without a template around them, on the processor in fp32."""
        rows = [
            torch.nn.functional.normalize(
                self._clip.encode_text(self._tokenizer(list(terms[start : start + TERMS_AT_ONCE]))).float(), dim=-1
            )
            for start in range(0, len(terms), TERMS_AT_ONCE)
        ]
        self._terms = torch.cat(rows).to(self._device)

    @torch.inference_mode()
    def score(self, frames: Frames) -> Scores:
        """Compare frames, uint8 of shape (n, size, size, 3), with the terms. Gives float32 of shape (n, terms)."""
        if self._terms is None:
            raise RuntimeError("score before encode_terms: there is nothing to compare the frames with")
        # Frames lie over received bytes, which are read-only; torch wants memory that it might write to.
        writable = np.require(frames, requirements=["C", "W"])
        pixels = torch.from_numpy(writable).to(self._device).permute(0, 3, 1, 2).float() / 255
        embeddings = self._visual(((pixels - self._mean) / self._std).to(self._precision)).float()
        scores = torch.nn.functional.normalize(embeddings, dim=-1) @ self._terms.T
        result: Scores = scores.clamp(-1, 1).cpu().numpy().astype(np.float32, copy=False)
        return result

    def __repr__(self) -> str:
        terms = 0 if self._terms is None else len(self._terms)
        return f"<ClipModel {self.name} on {self.device}, frames of {self.frame_size}, {terms} terms>"


def build(architecture: str, activation: Activation, *, name: str) -> Any:
    """Build an architecture with this activation and random weights, and make sure that it really has it.

    Raises ModelUnknownError, and ActivationMismatchError when the architecture insists on the other activation.
    """
    config = _config(architecture)
    if config is None:
        raise ModelUnknownError(name, f"open_clip has no architecture {architecture}")
    if activation == "quickgelu":
        config["quick_gelu"] = True
    made = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    clip = made(**config)
    require_activation(clip, activation, name=name)
    return clip


def require_activation(clip: torch.nn.Module, needed: Activation, *, name: str) -> None:
    """Raise ActivationMismatchError unless this is the only activation in the towers of the model."""
    has_quick = any(isinstance(module, QuickGELU) for module in clip.modules())
    has_plain = any(isinstance(module, torch.nn.GELU) for module in clip.modules())
    built = {(True, True): "both", (True, False): "quickgelu", (False, True): "gelu"}.get(
        (has_quick, has_plain), "none"
    )
    if built != needed:
        raise ActivationMismatchError(name, needed=needed, built=built)


def needed_activation(architecture: str, tag: str) -> Activation | None:
    """Look up what the weights of a tag, or the bundled ones, were trained with; None for an unknown tag."""
    if architecture == DEMO and not tag:
        return "gelu"
    published = open_clip.get_pretrained_cfg(architecture, tag)
    if not published:
        return None
    return "quickgelu" if published.get("quick_gelu") else "gelu"


@cache
def tokenizer(architecture: str) -> Any:
    """Give what turns terms into numbers for this architecture; reads open_clip's vocabulary once."""
    if architecture == DEMO:
        return open_clip.SimpleTokenizer(
            context_length=json.loads(DEMO_CONFIG.read_text())["text_cfg"]["context_length"]
        )
    return open_clip.get_tokenizer(architecture)


def _config(architecture: str) -> Any:
    """Give an architecture's configuration as a fresh dict, or None."""
    return json.loads(DEMO_CONFIG.read_text()) if architecture == DEMO else open_clip.get_model_config(architecture)


def _file(path: Path, activation: Activation | None) -> Weights:
    if activation is None:
        raise ActivationNeededError(path)
    if not path.is_file():
        raise WeightsUnreadableError(path, "there is no such file")
    return Weights(path, activation)


def _published(name: str, architecture: str, tag: str, asked: Activation | None, cache: Path | None) -> Weights:
    """Find bundled or tagged weights; what is wrong is said before anything is fetched."""
    needed = needed_activation(architecture, tag)
    if needed is None:
        raise ModelUnknownError(name, f"open_clip has no weights {tag or 'without a tag'} for {architecture}")
    if asked not in (None, needed):
        raise ActivationMismatchError(name, needed=needed, built=asked)
    if architecture == DEMO:
        return Weights(DEMO_WEIGHTS, needed)
    published = open_clip.get_pretrained_cfg(architecture, tag)
    path = _cached(published, cache) or _fetched(name, published, cache)
    return Weights(path, needed, tuple(published.get("mean", MEAN)), tuple(published.get("std", STD)))


def _cached(published: Mapping[str, Any], cache: Path | None) -> Path | None:
    """Look for the weights without asking the hub, so that a scanner starts without a network too."""
    repository, file_name = os.path.split(published.get("hf_hub", ""))
    if not repository:
        return None
    for candidate in (file_name,) if file_name else (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME):
        path = huggingface_hub.try_to_load_from_cache(repository, candidate, cache_dir=cache)
        if isinstance(path, str):
            return Path(path)
    return None


def _fetched(name: str, published: Mapping[str, Any], cache: Path | None) -> Path:
    place = f"the cache {cache or huggingface_hub.constants.HF_HUB_CACHE}"
    hub = huggingface_hub.constants.ENDPOINT
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        raise WeightsMissingError(name, place, "HF_HUB_OFFLINE forbids it")
    try:
        _reach(hub)
        return Path(open_clip.download_pretrained(dict(published), cache_dir=None if cache is None else str(cache)))
    except OSError as error:
        raise WeightsMissingError(name, place, f"{hub} was not reached or refused: {error}") from error


def _reach(hub: str) -> None:
    """Ask the hub for anything, once. Raises OSError when it does not answer."""
    request = Request(hub, method="HEAD")  # noqa: S310 - the admin sets the address
    try:
        with urlopen(request, timeout=REACH_TIMEOUT_S):  # noqa: S310 - the admin sets the address
            pass
    except HTTPError as answer:
        answer.close()


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a file; nothing in it is ever run."""
    try:
        state: dict[str, torch.Tensor] = load_state_dict(str(path), device="cpu", weights_only=True)
    except (OSError, EOFError, SafetensorError, UnpicklingError, RuntimeError, AttributeError, TypeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".: ") or type(error).__name__
        raise WeightsUnreadableError(path, reason[:200]) from error
    return state


def _fill(clip: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path, architecture: str) -> None:
    """Copy the weights into the model: all of them, each of the right shape."""
    expected = clip.state_dict()
    lacking, unknown = expected.keys() - state.keys(), state.keys() - expected.keys()
    if lacking or unknown:
        raise WeightsMismatchError(
            path, architecture, f"{len(lacking)} tensors are missing, {len(unknown)} are unknown"
        )
    for key, value in expected.items():
        if state[key].numel() != value.numel():
            shapes = f"{tuple(state[key].shape)} instead of {tuple(value.shape)}"
            raise WeightsMismatchError(path, architecture, f"{key} has the shape {shapes}")
    clip.load_state_dict({key: value.reshape(expected[key].shape) for key, value in state.items()})


def _machine() -> Machine:
    cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return Machine(cuda=cuda, mps=torch.backends.mps.is_available(), bf16=_computes_bf16(Path("/proc/cpuinfo")))


def _computes_bf16(cpuinfo: Path) -> bool:
    """Tell from the kernel's list whether the processor multiplies in bfloat16; False where there is no list."""
    if not cpuinfo.is_file():
        return False
    words = cpuinfo.read_text().split()
    return "avx512_bf16" in words or "amx_bf16" in words


def _detail(choice: Choice) -> str:
    match choice.kind:
        case "cuda":
            return torch.cuda.get_device_name(0)
        case "mps":
            return "Apple GPU"
        case "cpu":
            return f"{torch.get_num_threads()} threads"


def _side(clip: Any) -> int:
    size = clip.visual.image_size
    return int(size[0] if isinstance(size, tuple) else size)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
