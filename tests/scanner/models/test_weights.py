"""Weights are fetched once, by the hub's own client, from whatever hub the environment names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.exit_codes import ExitCode
from tests.scanner.models.hub import Hub
from tests.scanner.test_checks import call

pytestmark = pytest.mark.torch

SAFETENSORS, CHECKPOINT = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"
OTHERS = (Path(__file__).parents[3] / "scanner" / "demo" / "weights.safetensors").read_bytes
PULL = ("pull", "--model", "ViT-B-32/openai", "--cache", "here", "--json")


@pytest.mark.slow
def test_weights_are_fetched_once(tmp_path: Path) -> None:
    """A file that was fetched is used again without a word to the hub, also when it turns out not to fit."""
    hub = Hub({SAFETENSORS: OTHERS()})
    with hub.serving():
        first = call(tmp_path, *PULL, HF_ENDPOINT=hub.url)
        assert SAFETENSORS in hub.asked
        hub.asked.clear()
        second = call(tmp_path, *PULL, HF_ENDPOINT=hub.url)
    assert hub.asked == []
    for done in (first, second):
        assert done.returncode == ExitCode.BAD_CONFIGURATION
        assert "do not fit ViT-B-32" in done.stderr
        assert "Traceback" not in done.stderr
    (found,) = (tmp_path / "here" / "hub").glob(f"models--*/snapshots/*/{SAFETENSORS}")
    assert found.read_bytes() == OTHERS()


@pytest.mark.slow
def test_checkpoint_is_fetched_where_there_are_no_safetensors(tmp_path: Path) -> None:
    """The other name is tried when the hub says that there is no such file."""
    hub = Hub({CHECKPOINT: b"no weights"})
    with hub.serving():
        done = call(tmp_path, *PULL, HF_ENDPOINT=hub.url)
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert f"{CHECKPOINT} cannot be read" in done.stderr


def test_hub_without_the_files_is_one_sentence(tmp_path: Path) -> None:
    """A hub that has nothing of the kind is named."""
    hub = Hub({})
    with hub.serving():
        done = call(tmp_path, *PULL, HF_ENDPOINT=hub.url)
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert f"{hub.url} was not reached or refused" in line
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_run_without_weights_is_a_wrong_configuration(tmp_path: Path) -> None:
    """A scanner that has no weights and gets none ends with exit code 2: what to do, and which variables say it."""
    run = ("run", "--coordinator", "ws://127.0.0.1:9", "--model", "ViT-B-32/openai", "--cache", "here")
    done = call(tmp_path, *run, FEDIWARD_TOKEN="secret", FEDIWARD_PROXY="0")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "are not in the cache here/hub (FEDIWARD_CACHE) and could not be fetched (" in line
    assert line.endswith(
        "connect this machine to the internet once, or copy the file here and name it in FEDIWARD_WEIGHTS"
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_pull_names_the_file(tmp_path: Path) -> None:
    """What is there is named on stdout, for a script that copies it to another machine."""
    done = call(tmp_path, "pull", "--model", "demo", "--json")
    assert set(json.loads(done.stdout)) == {"model", "path", "bytes"}
