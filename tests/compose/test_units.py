"""The systemd units, verified by systemd itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.exit_codes import ExitCode
from tests.compose.files import COMPOSE

UNITS = sorted((COMPOSE / "systemd").glob("*.service"))
units = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)


def verify(unit: Path, folder: Path) -> str:
    """Return what systemd-analyze says of a unit whose program is `true`: it insists that the program is there."""
    program = shutil.which("systemd-analyze")
    if program is None:
        missing = "systemd-analyze is not installed: apt-get install systemd"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    lines = unit.read_text().splitlines(keepends=True)
    true = shutil.which("true")
    changed = [f"ExecStart={true}\n" if line.startswith("ExecStart=") else line for line in lines]
    copy = folder / unit.name
    copy.write_text("".join(changed))
    done = subprocess.run(
        [program, "verify", "--man=no", copy], capture_output=True, text=True, timeout=60, check=False
    )
    # Of other units on this machine it may say anything.
    said = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    return "\n".join(said) or ("" if done.returncode == 0 else done.stderr)


@units
def test_unit_is_verified(path: Path, tmp_path: Path) -> None:
    """systemd finds nothing to say about a unit."""
    assert verify(path, tmp_path) == ""


def test_verifying_finds_faults(tmp_path: Path) -> None:
    """A directive that does not exist is found."""
    (folder := tmp_path / "broken").mkdir()
    broken = folder / UNITS[0].name
    broken.write_text(UNITS[0].read_text().replace("RestartSec=", "RestartSeconds="))
    assert "RestartSeconds" in verify(broken, tmp_path)


@units
def test_unit_starts_again_unless_that_is_in_vain(path: Path) -> None:
    """A unit is started again whatever ends it, a lost GPU included, but not with a wrong setting or token."""
    text = path.read_text()
    assert "Restart=always" in text
    line = next(line for line in text.splitlines() if line.startswith("RestartPreventExitStatus="))
    prevented = {int(word) for word in line.partition("=")[2].split()}
    assert ExitCode.BAD_CONFIGURATION in prevented
    assert prevented <= {ExitCode.BAD_CONFIGURATION, ExitCode.TOKEN_REFUSED}
