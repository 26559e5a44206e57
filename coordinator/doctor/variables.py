"""Look at the settings: whether they can be read, and whether one is misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from coordinator.judge.errors import PolicyError
from coordinator.judge.policy import Policy
from coordinator.judge.selection import policy_in_force
from coordinator.settings import ENV_FILE, PREFIX, Settings, load_settings
from shared.errors import ConfigurationError
from shared.findings import Finding, good, wrong

OTHERS = frozenset({"CHECK_URL", "CACHE"})
"""Variables that are no settings of `serve`: of `check`, and of what .ci installs."""

CLOSE = 0.8
"""How alike a name must be to a setting's to count as its misspelling (difflib's ratio). Settings of a scanner in the
same file are less alike: tests/coordinator/doctor holds that."""


def look_at_settings() -> tuple[Settings | None, Finding]:
    """Read the settings; without them nothing else can be looked at."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        return None, wrong(
            "settings", str(error), part="settings", cure=f"Correct the variable in the environment or in {ENV_FILE}."
        )
    return settings, good("settings", "can be read")


def look_at_names(environment: Mapping[str, str], env_file: Path) -> Finding:
    """Find variables that are no settings, but nearly."""
    names = {*environment, *names_in(env_file)}
    guesses = {name: guess for name in sorted(names) if (guess := misspelt(name))}
    if not guesses:
        return good("names", "no variable is misspelt")
    words = ", ".join(f"{name} (for {guess}?)" for name, guess in guesses.items())
    return wrong(
        "names",
        f"variables that are no settings, and so change nothing: {words}",
        part="settings",
        cure="Write the names as the README's table does.",
    )


def look_at_policy(settings: Settings) -> tuple[Policy | None, Finding]:
    """Load the policy."""
    try:
        policy = policy_in_force(settings.model, settings.policy, settings.strictness)
    except PolicyError as error:
        return None, wrong(
            "policy",
            str(error),
            part="settings",
            cure="Correct it; `fediward-coordinator policy list` shows the policies that are bundled.",
        )
    return policy, good("policy", f"{policy.name} for {policy.model}, mode {settings.mode}")


def misspelt(name: str) -> str:
    """Return the settings that a variable was probably meant for; empty for a setting, or for something else."""
    ours = name.upper()
    bare = ours.removeprefix(PREFIX)
    known = {field.upper() for field in Settings.model_fields} | OTHERS
    if bare == ours:
        # FEDIWRD_MODEL: the prefix itself is wrong.
        return _either(difflib.get_close_matches(ours, [PREFIX + field for field in known], 2, 0.92))
    if bare in known:
        return ""
    return _either([PREFIX + field for field in difflib.get_close_matches(bare, sorted(known), 2, CLOSE)])


def names_in(env_file: Path) -> Iterable[str]:
    """Return the names that a file sets, as far as it can be read."""
    try:
        lines = env_file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        # Whether it can be read is what `look_at_settings` says.
        return []
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    return [name.strip() for name, equals, _ in pairs if equals and not name.startswith("#")]


def _either(names: list[str]) -> str:
    return " or ".join(sorted(names))
