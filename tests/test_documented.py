"""The README keeps its promises: every setting with its default, every outcome with its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ByteSize
from pydantic_settings import BaseSettings
from typer.core import TyperGroup

from coordinator.__main__ import app as coordinator_app
from coordinator.judge.outcomes import DEFAULT_ANSWERS, REJECTED_STATUS, Outcome
from coordinator.settings import Settings as CoordinatorSettings
from scanner.__main__ import app as scanner_app
from scanner.settings import Settings as ScannerSettings
from shared.exit_codes import ExitCode

README = (Path(__file__).parent.parent / "README.md").read_text()


def default_of(kind: type[BaseSettings], name: str) -> str:
    """Write a default as the README does: `-` for an empty one."""
    default = kind.model_fields[name].default
    if isinstance(default, ByteSize):
        return default.human_readable(decimal=default % 1000 == 0)
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, bool):
        return str(int(default))
    return (
        "-"
        if default is None or default in ("", ())
        else f"{default:g}"
        if isinstance(default, float)
        else str(default)
    )


def rows_of(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table rows under a heading, by their first cell without its backticks."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [re.split(r" \| ", line.strip("| ")) for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in rows}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("Coordinator", CoordinatorSettings), ("Scanner", ScannerSettings)],
    ids=["coordinator", "scanner"],
)
def test_documented_every_setting_with_its_default(heading: str, kind: type[BaseSettings]) -> None:
    """Every setting has a row with its default, and every row is a setting."""
    expected = {f"FEDIWARD_{name.upper()}": default_of(kind, name) for name in kind.model_fields}
    assert {name: cells[0].strip("`") for name, cells in rows_of(heading).items()} == expected


def variables_of(command: Any) -> Iterator[tuple[str, str]]:
    """Yield the variables that a command and those under it read by themselves, with their defaults."""
    for option in command.params:
        names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
        yield from ((name, str(option.default)) for name in names)
    for beneath in command.commands.values() if isinstance(command, TyperGroup) else ():
        yield from variables_of(beneath)


def test_documented_every_variable_of_a_command() -> None:
    """A variable that only a command reads stands in the README too, with its default."""
    variables = dict(
        variable for app in (coordinator_app, scanner_app) for variable in variables_of(typer.main.get_command(app))
    )
    assert "FEDIWARD_CHECK_URL" in variables
    for name, default in variables.items():
        (paragraph,) = [text for text in README.split("\n\n") if f"`{name}`" in text]
        assert f"`{default}`" in paragraph


def test_documented_every_outcome_with_its_answer() -> None:
    """Every outcome has a row with its status and default answer, and every row is an outcome."""
    expected = {
        str(outcome): [str(REJECTED_STATUS.get(outcome, "-")), str(DEFAULT_ANSWERS[outcome])] for outcome in Outcome
    }
    assert {name: cells[-2:] for name, cells in rows_of("Outcomes and answers").items()} == expected


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: code.name)
def test_documented_every_exit_code(code: ExitCode) -> None:
    """Every exit code is explained."""
    assert re.search(rf"\b{code.value} [a-z]", README.partition("Exit codes:")[2].partition("\n\n")[0])
