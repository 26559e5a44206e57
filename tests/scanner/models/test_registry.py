"""Models by name."""

from __future__ import annotations

import pytest

from scanner.models.null import NullModel
from scanner.models.registry import open_model
from scanner.settings import read_settings
from shared.errors import ConfigurationError


def test_null_model_must_be_allowed() -> None:
    """Nobody runs a scanner that looks at nothing by mistake."""
    settings = read_settings({"coordinator": "wss://a.example", "model": "null"}, env_file=None)
    with pytest.raises(ConfigurationError, match="--allow-null-model"):
        open_model(settings)


def test_null_model_that_is_allowed_is_opened() -> None:
    """A benchmark gets its null model."""
    options = {"coordinator": "wss://a.example", "model": "null", "allow_null_model": True}
    assert isinstance(open_model(read_settings(options, env_file=None)), NullModel)
