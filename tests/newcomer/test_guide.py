"""The README's path without containers, walked with what is installed already; `make newcomer` installs anew."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.end_to_end.pictrs import require
from tests.newcomer.__main__ import MOST_CHOICES
from tests.newcomer.guide import ROOT, commands, fill_in, is_installing
from tests.newcomer.walk import walk


def test_guide_begins_with_an_empty_folder() -> None:
    """The path makes an environment, installs, fills in settings, starts both sides, and ends with the doctor."""
    path = list(commands())
    assert [is_installing(command) for command in path[:2]] == [True, True]
    assert not any(is_installing(command) for command in path[2:])
    assert path[-1].endswith("fediward-coordinator doctor")
    assert sum(command.endswith(" &") for command in path) == 2


def test_settings_are_filled_in_where_they_stand(tmp_path: Path) -> None:
    """A variable gets its value in its own line, commented out or not."""
    file = tmp_path / ".env"
    file.write_text("# the model\n#FEDIWARD_MODEL=x\nFEDIWARD_PICTRS_URL=\n")
    fill_in(file, {"FEDIWARD_MODEL": "demo", "FEDIWARD_PICTRS_URL": "http://one"})
    assert file.read_text() == "# the model\nFEDIWARD_MODEL=demo\nFEDIWARD_PICTRS_URL=http://one\n"


@pytest.mark.pictrs
@pytest.mark.torch
async def test_path_leads_to_a_verdict(tmp_path: Path) -> None:
    """Each command of the README works as it stands, an upload to a real pict-rs is judged, the doctor content."""
    require()
    (clone := tmp_path / "fediward").mkdir()
    shutil.copytree(ROOT / "compose", clone / "compose")
    # What `pip install` would make, as far as the path uses it.
    (programs := clone / "venv" / "bin").mkdir(parents=True)
    for name in ("coordinator", "scanner"):
        program = programs / f"fediward-{name}"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {name} "$@"\n')
        program.chmod(0o755)

    said: list[str] = []
    walked = await walk(clone, installs=False, say=said.append)

    assert walked.doctor == 0, said
    assert len(walked.choices) <= MOST_CHOICES
