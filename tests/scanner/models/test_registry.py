"""Models by name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from scanner.models import Embeddings, Frames
from scanner.models.null import NullModel
from scanner.models.registry import NULL_BATCH_FRAMES, choose_batch, fetch_weights, open_model
from scanner.settings import Settings, read_settings
from shared.errors import ConfigurationError
from tests.scanner.doubles import TestModel

DEMO = Path(__file__).parents[3] / "scanner" / "demo" / "weights.safetensors"


def test_null_model_must_be_allowed() -> None:
    """Nobody runs a scanner that looks at nothing by mistake."""
    settings = read_settings({"coordinator": "wss://a.example", "model": "null"}, env_file=None)
    with pytest.raises(ConfigurationError, match="--allow-null-model"):
        open_model(settings)


def test_null_model_that_is_allowed_is_opened() -> None:
    """A benchmark gets its null model."""
    options = {"coordinator": "wss://a.example", "model": "null", "allow_null_model": True}
    assert isinstance(open_model(read_settings(options, env_file=None)), NullModel)


def test_null_model_has_no_weights_to_fetch() -> None:
    """`pull` has nothing to do for it."""
    with pytest.raises(ConfigurationError, match="has no weights"):
        fetch_weights(read_settings({"model": "null"}, env_file=None, connects=False))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({"model": "perhaps"}, "MODEL"),
        ({"model": "ViT-B-32/perhaps"}, "MODEL"),
        ({"model": "ViT-B-32/openai", "architecture": "perhaps"}, "ARCHITECTURE"),
        ({"model": "mine", "weights": DEMO, "architecture": "perhaps", "activation": "gelu"}, "ARCHITECTURE"),
        ({"model": "mine", "weights": DEMO, "architecture": "ViT-B-32", "activation": "gelu"}, "ARCHITECTURE"),
        ({"model": "ViT-B-32/openai", "activation": "gelu"}, "ACTIVATION"),
        ({"model": "mine", "weights": DEMO, "architecture": "demo"}, "ACTIVATION"),
        ({"model": "demo", "weights": Path("/no/such"), "activation": "gelu"}, "WEIGHTS"),
        ({"model": "demo", "weights": Path(__file__), "activation": "gelu"}, "WEIGHTS"),
    ],
)
def test_wrong_model_is_one_sentence(options: dict[str, object], variable: str) -> None:
    """What is wrong with the model's settings is said before anything is fetched, by the name of the variable."""
    with pytest.raises(ConfigurationError) as caught:
        open_model(read_settings(options, env_file=None, connects=False))
    assert f"FEDIWARD_{variable}" in str(caught.value)
    assert "\n" not in str(caught.value)


class CountingModel(TestModel):
    """A model that counts the batches that its curve takes; a batch costs as much as its frames."""

    def __init__(self, *, device: str = "cpu (test)") -> None:
        super().__init__()
        self.device = device
        self.embedded = 0

    def embed(self, frames: Frames) -> Embeddings:
        """Take a while, so that larger batches bring nothing."""
        self.embedded += 1
        time.sleep(0.01 * len(frames))
        return super().embed(frames)


def settings_in(folder: Path, **options: object) -> Settings:
    """Read settings that keep notes in a folder."""
    return read_settings({"cache": folder, "model": "test", **options}, env_file=None, connects=False)


def test_curve_is_measured_once_for_a_device(tmp_path: Path) -> None:
    """The next start finds it in the notes; another device, precision or number of threads is measured anew."""
    first, second, other = CountingModel(), CountingModel(), CountingModel(device="cpu (test, 4 threads)")
    batch = choose_batch(first, settings_in(tmp_path))
    assert first.embedded > 0
    assert choose_batch(second, settings_in(tmp_path)) == batch
    assert second.embedded == 0
    choose_batch(other, settings_in(tmp_path))
    assert other.embedded > 0


def test_batch_that_is_set_is_not_measured(tmp_path: Path) -> None:
    """The admin knows better; and the null model has nothing to measure."""
    model = CountingModel()
    assert choose_batch(model, settings_in(tmp_path, batch=7)) == 7
    assert model.embedded == 0
    assert choose_batch(NullModel(), settings_in(tmp_path)) == NULL_BATCH_FRAMES
    assert not list(tmp_path.iterdir())
