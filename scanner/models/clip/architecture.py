"""Architectures and their activation: open_clip only warns of the wrong one, here it is an error."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import open_clip
import torch
from open_clip.transformer import QuickGELU

from scanner.models.errors import ActivationMismatchError, ModelUnknownError

Activation = Literal["gelu", "quickgelu"]

DEMO = "demo"
DEMO_CONFIG = Path(__file__).parents[2] / "demo" / "config.json"
DEMO_WEIGHTS = DEMO_CONFIG.with_name("weights.safetensors")

MEAN: tuple[float, ...] = open_clip.OPENAI_DATASET_MEAN
STD: tuple[float, ...] = open_clip.OPENAI_DATASET_STD


def build(architecture: str, activation: Activation, *, name: str) -> Any:
    """Build an architecture with this activation and random weights, and make sure that it really has it.

    Under `torch.device("meta")` it costs neither time nor memory, and has no weights at all. Raises ModelUnknownError,
    and ActivationMismatchError when the architecture insists on the other activation.
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


def side_of(clip: Any) -> int:
    """Give the side of the square frames that a model wants, in pixels."""
    size = clip.visual.image_size
    return int(size[0] if isinstance(size, tuple) else size)


def _config(architecture: str) -> Any:
    """Give an architecture's configuration as a fresh dict, or None."""
    return json.loads(DEMO_CONFIG.read_text()) if architecture == DEMO else open_clip.get_model_config(architecture)
