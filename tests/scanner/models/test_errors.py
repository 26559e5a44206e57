"""Errors of models are single sentences for an admin."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.models.errors import (
    ActivationMismatchError,
    ActivationNeededError,
    Int8UnfitError,
    ModelError,
    ModelUnknownError,
    SpaceMissingError,
    WeightsMismatchError,
    WeightsMissingError,
    WeightsUnreadableError,
)
from shared.errors import ConfigurationError

FILE = Path("/weights/some.safetensors")


@pytest.mark.parametrize(
    ("error", "advice", "variable"),
    [
        (ModelUnknownError("ViT/none", "no such tag"), "name it as ARCHITECTURE/TAG", "MODEL"),
        (ModelUnknownError("ViT/none", "no such architecture"), "stands for the left side", "ARCHITECTURE"),
        (WeightsMissingError("ViT-L-14/openai", "the cache /c", "no network"), "copy the file here", "WEIGHTS"),
        (SpaceMissingError("ViT-L-14/openai", FILE.parent), "make room", "CACHE"),
        (WeightsUnreadableError(FILE, "cut off"), "fetch or copy the file again", "WEIGHTS"),
        (WeightsMismatchError(FILE, "ViT-L-14", "2 are missing"), "name the architecture", "ARCHITECTURE"),
        (ActivationNeededError(FILE), "gelu or quickgelu", "ACTIVATION"),
        (ActivationMismatchError("m", needed="quickgelu", built="gelu"), "activation quickgelu", "ACTIVATION"),
        (Int8UnfitError("RN50/openai"), "choose another", "PRECISION"),
    ],
)
def test_model_error_says_what_to_do(error: ModelError, advice: str, variable: str) -> None:
    """Every error is a wrong configuration and one line that says what to do about it, by which variable."""
    assert isinstance(error, ConfigurationError)
    assert advice in str(error)
    assert f"FEDIWARD_{variable}" in str(error)
    assert "\n" not in str(error)
