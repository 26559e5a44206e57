"""The examples hold every setting, and no other; a process reads them as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coordinator.settings import Settings
from scanner.settings import read_settings
from tests.compose.example import EXAMPLES, Example

MOST_TO_FILL = 3

examples = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file.name)


@examples
def test_example_is_up_to_date(example: Example) -> None:
    """The file is what the settings and the README say; `make env` writes it anew."""
    assert example.file.read_text() == example.text(), "run `make env`"


@examples
def test_example_has_every_setting_and_no_other(example: Example) -> None:
    """Each variable is a setting, and each setting that the compose file does not fix is there."""
    found = set(re.findall(r"^#?FEDIWARD_(\w+)=", example.file.read_text(), re.MULTILINE))
    assert {name.lower() for name in found} == set(example.kind.model_fields) - example.fixed


@examples
def test_example_asks_for_little(example: Example) -> None:
    """At most three lines are to be filled in, and none of them holds a secret that others would share."""
    lines = [line for line in example.file.read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) <= MOST_TO_FILL
    assert all(line.endswith("=") for line in lines if "KEY" in line or "TOKEN" in line)


def test_examples_are_read_as_they_are(tmp_path: Path) -> None:
    """Both examples, with every # before a variable taken away, are what the settings would be without them."""
    for example in EXAMPLES:
        text = re.sub(r"^#(FEDIWARD_)", r"\1", example.file.read_text(), flags=re.MULTILINE)
        (tmp_path / example.file.name).write_text(text)
    ours = Settings(_env_file=tmp_path / ".env.example")
    filled = {"public_url", "pictrs_url", "pictrs_api_key"}
    assert ours.model_dump(exclude=filled) == Settings(_env_file=None).model_dump(exclude=filled)
    theirs = read_settings({}, env_file=tmp_path / "scanner.env.example")
    plain = read_settings({"coordinator": theirs.coordinator}, env_file=None)
    assert theirs.model_dump() == plain.model_dump()
