"""What the guides name is there: files and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from coordinator.__main__ import app as coordinator_app
from scanner.__main__ import app as scanner_app
from tests.compose.files import COMPOSE

ROOT = COMPOSE.parent
GUIDES = [ROOT / "README.md", ROOT / "UPGRADING.md", COMPOSE / "README.md", *sorted(COMPOSE.glob("*.env.example"))]
guides = pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))

COMMANDS = {
    "coordinator": set(getattr(get_command(coordinator_app), "commands", {})),
    "scanner": set(getattr(get_command(scanner_app), "commands", {})),
}


@guides
def test_guide_names_files_that_are_there(path: Path) -> None:
    """Every file under compose/ that a guide names exists."""
    named = set(re.findall(r"\bcompose/([\w./-]*\w)", path.read_text()))
    assert not [name for name in named if not (COMPOSE / name).exists()]


@guides
def test_guide_names_commands_that_are_there(path: Path) -> None:
    """Every command of either program that a guide names exists."""
    for program, word in re.findall(r"\bfediward-(coordinator|scanner) ([a-z]+)\b", path.read_text()):
        assert word in COMMANDS[program], f"fediward-{program} {word}"


def test_guide_of_compose_names_every_file() -> None:
    """The table of compose/README.md has each file of the folder, or its folder."""
    text = (COMPOSE / "README.md").read_text()
    names = {f"{item.name}/" if item.is_dir() else item.name for item in COMPOSE.iterdir()} - {"README.md"}
    assert not [name for name in names if f"`{name}`" not in text]
