"""`fediward-coordinator caller …` and `scanner …`: data on stdout, words on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.coordinator.commands.running import run


@pytest.mark.parametrize("noun", ["caller", "scanner"])
def test_commands_new_list_revoke(tmp_path: Path, noun: str) -> None:
    """What is made is listed, without its secret; what is revoked is gone."""
    made = run(tmp_path / "data", noun, "new", "box")
    assert (made.returncode, made.stdout.count("\n")) == (0, 1)
    listed = run(tmp_path / "data", noun, "list", "--json")
    assert "box" in [row["name"] for row in json.loads(listed.stdout)]
    assert made.stdout.strip().rpartition("/")[2] not in listed.stdout
    assert run(tmp_path / "data", noun, "revoke", "box").returncode == 0
    assert "box" not in run(tmp_path / "data", noun, "list").stdout


def test_commands_empty_list_says_what_to_do(tmp_path: Path) -> None:
    """An empty list has nothing on stdout, and the next step on stderr."""
    listed = run(tmp_path / "data", "scanner", "list")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "scanner new" in listed.stderr
    assert run(tmp_path / "data", "scanner", "list", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("caller", "new", "a b"),
        ("caller", "new", "lemmy", "--network", "172.18.0.1/16"),
        ("caller", "revoke", "nobody"),
        ("scanner", "revoke", "nobody"),
    ],
)
def test_commands_bad_input_is_one_sentence_and_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Bad input: exit code 2, one line on stderr, nothing on stdout."""
    done = run(tmp_path / "data", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_commands_network_caller_is_called_by_address(tmp_path: Path) -> None:
    """A caller known by its network calls the path without a secret."""
    made = run(tmp_path / "data", "caller", "new", "lemmy", "--network", "203.0.113.0/24", "--json")
    assert json.loads(made.stdout) == {"name": "lemmy", "path": "/api/v1/scan/IPADDR"}
