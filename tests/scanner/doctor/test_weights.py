"""The scanner's doctor looks at weights and model: each test breaks exactly one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.doctor.weights import look_at_model, look_at_weights
from scanner.models import Model
from scanner.models.errors import DeviceLostError
from scanner.models.null import NullModel
from scanner.settings import Settings, read_settings
from shared.errors import ConfigurationError
from shared.findings import State


def settings(tmp_path: Path, **options: object) -> Settings:
    """Return settings with a cache of the test's own."""
    return read_settings({"cache": tmp_path / "cache", **options}, env_file=None, connects=False)


def reached(_: Settings) -> None:
    """Reach the hub."""


def not_reached(_: Settings) -> None:
    """Reach no hub."""
    raise OSError("Network is unreachable")


def plenty(_: Path) -> int:
    """Leave plenty of room."""
    return 10**12


@pytest.mark.torch
def test_weights_bundled_are_here(tmp_path: Path) -> None:
    """The demo's weights come with it."""
    assert look_at_weights(settings(tmp_path, model="demo")).state is State.GOOD


@pytest.mark.torch
def test_weights_to_be_fetched(tmp_path: Path) -> None:
    """Weights that are not here are no fault, unless the hub is out of reach or there is no room for them."""
    ours = settings(tmp_path)
    found = look_at_weights(ours, reach=reached, free_bytes=plenty)
    assert (found.state, found.cure) == (State.UNKNOWN, "Run `fediward-scanner pull` now.")
    found = look_at_weights(ours, reach=not_reached, free_bytes=plenty)
    assert (found.state, found.part) == (State.WRONG, "this machine's way to the model hub")
    found = look_at_weights(ours, reach=reached, free_bytes=lambda _: 10**6)
    assert (found.state, found.part) == (State.WRONG, "disk")


@pytest.mark.torch
def test_weights_that_cannot_be_used_are_wrong(tmp_path: Path) -> None:
    """A file that is cut off, and a model that nobody knows, are wrong."""
    file = tmp_path / "cut-off.safetensors"
    file.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    found = look_at_weights(settings(tmp_path, weights=file, architecture="ViT-B-32", activation="gelu"))
    assert (found.state, found.part) == (State.WRONG, "weights")
    assert look_at_weights(settings(tmp_path, model="no/such")).state is State.WRONG


def test_null_model_is_told(tmp_path: Path) -> None:
    """The model that looks at nothing is told as that."""
    assert "protects nobody" in look_at_weights(settings(tmp_path, model="null")).sentence


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (ConfigurationError("FEDIWARD_MODEL is wrong"), "settings"),
        (MemoryError("out of memory"), "device"),
        (DeviceLostError("CUDA error"), "device"),
    ],
)
def test_model_that_does_not_compute_is_wrong(fault: Exception, part: str) -> None:
    """A model that cannot be loaded or computes nothing is wrong, with what to do."""

    def fail() -> Model:
        raise fault

    model, found = look_at_model(fail)
    assert model is None
    assert (found.state, found.part) == (State.WRONG, part)


def test_model_that_computes_is_good() -> None:
    """A model that looks at a frame is good, and handed on."""
    model, found = look_at_model(NullModel)
    assert model is not None
    assert found.state is State.GOOD
