"""The doctor's look at settings: each test breaks exactly one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.doctor.variables import look_at_names, look_at_policy, misspelt
from coordinator.settings import Settings, load_settings
from scanner.settings import Settings as ScannerSettings
from shared.findings import State

NOWHERE = Path("/nonexistent/.env")


@pytest.mark.parametrize("name", sorted({*Settings.model_fields, *ScannerSettings.model_fields}))
def test_names_of_settings_are_right(name: str) -> None:
    """No setting counts as a misspelling, those of a scanner in the same file neither."""
    assert misspelt(f"FEDIWARD_{name.upper()}") == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FEDIWARD_MODLE", "FEDIWARD_MODE or FEDIWARD_MODEL"),
        ("FEDIWARD_PICTRS_APIKEY", "FEDIWARD_PICTRS_API_KEY"),
        ("FEDIWRD_HOOK_BIND", "FEDIWARD_HOOK_BIND"),
        ("PATH", ""),
        ("FEDIWARD_SOMETHING_OF_YOURS", ""),
    ],
)
def test_name_misspelt_is_guessed(name: str, meant: str) -> None:
    """A name that is nearly a setting's is taken for a misspelling of it, and nothing else is."""
    assert misspelt(name) == meant


def test_names_are_looked_for_in_environment_and_file(tmp_path: Path) -> None:
    """A misspelt variable is wrong wherever it stands, its value is not told, and a comment sets nothing."""
    file = tmp_path / ".env"
    file.write_text("#FEDIWARD_CUTERS=3\nexport FEDIWARD_VEWS=centre\n")
    found = look_at_names({"FEDIWARD_MODLE": "secret"}, file)
    assert found.state is State.WRONG
    assert (
        "FEDIWARD_MODLE (for FEDIWARD_MODE or FEDIWARD_MODEL?), FEDIWARD_VEWS (for FEDIWARD_VIEWS?)" in found.sentence
    )
    assert "secret" not in found.sentence
    assert "CUTERS" not in found.sentence
    assert look_at_names({"FEDIWARD_MODEL": "demo"}, NOWHERE).state is State.GOOD


def test_policy_that_cannot_be_read_is_wrong() -> None:
    """A policy that is not there is wrong, and named as a setting; a bundled one is good."""
    policy, found = look_at_policy(load_settings(policy="/no/such.toml"))
    assert (policy, found.state, found.part) == (None, State.WRONG, "settings")
    policy, found = look_at_policy(load_settings(model="demo"))
    assert policy is not None
    assert found.state is State.GOOD
