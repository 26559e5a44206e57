"""Training repeats itself, and the command line measures without training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file

from scanner.demo.train import Course, save, train
from scanner.models.clip import DEMO_WEIGHTS, ClipModel

pytestmark = pytest.mark.torch


@pytest.mark.slow
def test_train_repeats_itself(tmp_path: Path) -> None:
    """The same course gives the same file, which loads; another seed gives another."""
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        save(train(Course(pictures=32, epochs=1, batch=16, pairs=8, seed=seed)), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    assert (tmp_path / "first").read_bytes() != (tmp_path / "other").read_bytes()
    (tmp_path / "first").rename(tmp_path / "first.safetensors")
    assert ClipModel.open("demo", weights=tmp_path / "first.safetensors", activation="gelu").frame_size == 64


def test_save_halves_what_is_not_an_integer(tmp_path: Path) -> None:
    """Numbers are stored in half precision, so that the file is small; counters stay integers."""
    save(torch.nn.BatchNorm2d(4), tmp_path / "weights.safetensors")
    kinds = {name: value.dtype for name, value in load_file(tmp_path / "weights.safetensors").items()}
    assert kinds["running_mean"] == torch.float16
    assert kinds["num_batches_tracked"] == torch.int64


@pytest.mark.slow
def test_main_evaluates_without_training() -> None:
    """`--evaluate` prints the size of the bundled weights and the figures, and writes nothing."""
    before = DEMO_WEIGHTS.stat().st_mtime_ns
    ended = subprocess.run(
        [sys.executable, "-m", "scanner.demo.train", "--evaluate", "--held-out", "8"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    size, figures, photographs = ended.stdout.splitlines()
    assert size == f"{DEMO_WEIGHTS}: {DEMO_WEIGHTS.stat().st_size} bytes"
    assert figures.startswith("held-out pictures judged rightly: ")
    assert "near miss" in figures
    assert photographs.startswith("photographs flagged: 0 of ")
    assert DEMO_WEIGHTS.stat().st_mtime_ns == before
