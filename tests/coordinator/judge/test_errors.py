"""The error of the package."""

from __future__ import annotations

import pytest

from coordinator.judge.errors import PolicyError
from shared.errors import ConfigurationError


@pytest.mark.parametrize(("key", "sentence"), [("rule", "mine.toml: rule is missing."), ("", "mine.toml is missing.")])
def test_policy_error_sentence(key: str, sentence: str) -> None:
    """The error is a wrong configuration, and one sentence of its fields."""
    error = PolicyError("mine.toml", key, "is missing")
    assert str(error) == sentence
    assert isinstance(error, ConfigurationError)
