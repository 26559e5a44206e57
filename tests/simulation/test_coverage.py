"""Every branch of the machine occurs in the simulation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = 350
NOT_SIMULATED = {"invariants.py"}
"""Contradictions do not occur; `tests/coordinator/dispatch/test_invariants.py` makes them."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_simulation_reaches_every_branch(tmp_path: Path) -> None:
    """No line and no branch of dispatch is left out by the seeds."""
    data, report = tmp_path / "coverage", tmp_path / "coverage.json"
    coverage = [sys.executable, "-m", "coverage"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    play = f"from tests.simulation.runs import play_here; assert not play_here(range({SEEDS})).broken"
    script = tmp_path / "play.py"
    script.write_text(play)
    # The project's own bars for coverage are for the whole suite.
    source = [f"--rcfile={os.devnull}", "--branch", "--source=coordinator.dispatch", f"--data-file={data}"]
    environment["PYTHONPATH"] = str(Path.cwd())
    subprocess.run([*coverage, "run", *source, str(script)], env=environment, check=True)
    to_json = ["json", f"--rcfile={os.devnull}", f"--data-file={data}", "-o", str(report)]
    subprocess.run([*coverage, *to_json], env=environment, check=True)
    files = json.loads(report.read_text())["files"]
    left_out = {
        path: (file["missing_lines"], file["missing_branches"])
        for path, file in files.items()
        if Path(path).name not in NOT_SIMULATED and (file["missing_lines"] or file["missing_branches"])
    }
    assert not left_out
    assert len(files) >= 10
