"""Score frames with a CLIP model. The only folder of the product that knows torch and open_clip; import it late.

The image tower computes on the chosen device and in its precision, and stays in memory. The text tower computes on the
processor in fp32, because terms are few and come rarely: it is read when there are new terms, and dropped again.
"""

from __future__ import annotations

from scanner.models.clip.architecture import (
    DEMO,
    DEMO_CONFIG,
    DEMO_WEIGHTS,
    MEAN,
    STD,
    Activation,
    build,
    needed_activation,
    require_activation,
    tokenizer,
)
from scanner.models.clip.hardware import machine
from scanner.models.clip.model import ClipModel
from scanner.models.clip.towers import require_fit
from scanner.models.clip.weights import Weights, cached_weights, find_weights, reach_hub

__all__ = [
    "DEMO",
    "DEMO_CONFIG",
    "DEMO_WEIGHTS",
    "MEAN",
    "STD",
    "Activation",
    "ClipModel",
    "Weights",
    "build",
    "cached_weights",
    "find_weights",
    "machine",
    "needed_activation",
    "reach_hub",
    "require_activation",
    "require_fit",
    "tokenizer",
]
