"""`selftest` and `pull` as real processes: data on stdout, words on stderr, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.exit_codes import ExitCode

ROOT = Path(__file__).parents[2]


def call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command without any setting of this machine, and without a network to the hub."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FEDIWARD_", "HF_"))}
    clean |= {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "scanner", *arguments],
        cwd=folder,
        env=clean | {"HF_HOME": str(folder / "hf")} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.torch
def test_selftest_of_the_demo_model(tmp_path: Path) -> None:
    """The bundled model passes on a processor in full precision; JSON alone is on stdout."""
    done = call(tmp_path, "selftest", "--model", "demo", "--device", "cpu", "--json")
    record = json.loads(done.stdout)
    assert done.returncode == ExitCode.DONE
    assert record["passed"] is True
    assert record["fidelity"]["frames"] == 16
    assert record["frames_per_s"] > 0
    assert "Traceback" not in done.stderr


@pytest.mark.torch
@pytest.mark.slow
def test_selftest_that_fails_has_a_code_of_its_own(tmp_path: Path) -> None:
    """A precision that was asked for, and that is too coarse for these weights, is refused with the figures."""
    done = call(tmp_path, "selftest", "--model", "demo", "--device", "cpu", "--precision", "bf16")
    assert done.returncode == ExitCode.FAILED
    assert done.stdout == ""
    assert "similarities differ by" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("so it must not serve.")


def test_selftest_of_null_is_refused_like_run(tmp_path: Path) -> None:
    """The null model needs to be allowed here too."""
    done = call(tmp_path, "selftest", "--model", "null")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "FEDIWARD_MODEL=null looks at nothing" in done.stderr


@pytest.mark.torch
@pytest.mark.slow
def test_pull_of_bundled_weights_needs_no_network(tmp_path: Path) -> None:
    """What is on this machine is named, and nothing is fetched."""
    done = call(tmp_path, "pull", "--model", "demo", "--json")
    assert done.returncode == ExitCode.DONE
    record = json.loads(done.stdout)
    assert Path(record["path"]).stat().st_size == record["bytes"]


@pytest.mark.torch
def test_pull_without_a_network_is_one_sentence(tmp_path: Path) -> None:
    """What is missing, from where, and what to do, and no traceback."""
    done = call(tmp_path, "pull", "--cache", "here")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "weights of ViT-L-14/openai are not in the cache here/hub" in line
    assert "Traceback" not in done.stderr


@pytest.mark.torch
@pytest.mark.slow
def test_pull_refuses_weights_of_another_architecture(tmp_path: Path) -> None:
    """A file that the model cannot use is found out before the scanner is started."""
    weights = ROOT / "scanner" / "demo" / "weights.safetensors"
    done = call(tmp_path, "pull", "--model", "ViT-B-32/mine", "--weights", str(weights), "--activation", "gelu")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "do not fit ViT-B-32" in done.stderr
