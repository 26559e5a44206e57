"""Errors of models are single sentences for an admin."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.models.errors import (
    ActivationMismatchError,
    ActivationNeededError,
    ModelError,
    ModelUnknownError,
    WeightsMismatchError,
    WeightsMissingError,
    WeightsUnreadableError,
)
from shared.errors import ConfigurationError

FILE = Path("/weights/some.safetensors")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ModelUnknownError("ViT/none", "no such tag"), "name it as ARCHITECTURE/TAG"),
        (WeightsMissingError("ViT-L-14/openai", "the cache /c", "no network"), "copy the file here"),
        (WeightsUnreadableError(FILE, "cut off"), "fetch or copy the file again"),
        (WeightsMismatchError(FILE, "ViT-L-14", "2 tensors are missing"), "name the architecture"),
        (ActivationNeededError(FILE), "--activation"),
        (ActivationMismatchError("m", needed="quickgelu", built="gelu"), "need the activation quickgelu"),
    ],
)
def test_model_error_says_what_to_do(error: ModelError, advice: str) -> None:
    """Every error is a wrong configuration and one line that says what to do about it."""
    assert isinstance(error, ConfigurationError)
    assert advice in str(error)
    assert "\n" not in str(error)
