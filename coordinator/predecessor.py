"""Understand the settings of pictrs-safety (1.2.2): who moves here from there changes no setting of pict-rs."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dotenv import dotenv_values

from coordinator.credentials import Caller, caller_with_secret
from coordinator.judge.outcomes import Answer
from coordinator.settings import PREFIX, Network, Settings
from shared.errors import ConfigurationError

IDS, IPS = "KNOWN_PICTRS_IDS", "KNOWN_PICTRS_IPS"
BY_ADDRESS = "IPADDR"
SAFE_CHARACTERS = 16
"""A shorter secret in a URL can be guessed."""

THRESHOLDS = {"SCAN_BYPASS_THRESHOLD": "on_overloaded", "MISSING_WORKER_THRESHOLD": "on_no_scanner"}
"""Above 0, pictrs-safety accepted without a look when so many scans waited, or no worker came for so many seconds; 0
said never to. Here the deadline says when, and these settings say what."""

GONE = {
    "FEDIVERSE_SAFETY_WORKER_AUTH": "each scanner gets a token of its own: run `fediward-coordinator scanner new NAME`",
    "FEDIVERSE_SAFETY_IMGDIR": "no picture is written to any disk",
    "FEDIVERSE_SAFETY_TIME_THRESHOLD": "FEDIWARD_DEADLINE_MS says how long an upload may take",
    "USE_SQLITE": "the ledger is made in FEDIWARD_DATA_DIR by itself",
    "POSTGRES_URI": "the ledger is made in FEDIWARD_DATA_DIR by itself",
}
"""What has no counterpart, and why."""

VARIABLES = (IDS, IPS, *THRESHOLDS, *GONE)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What the old settings come to here."""

    answers: Mapping[str, Answer]
    """By the name of our setting."""
    callers: tuple[Caller, ...]
    notices: tuple[str, ...]
    """A sentence for each old variable that is set, without its value."""
    ids: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


def read_old(environment: Mapping[str, str], env_file: Path) -> Mapping[str, str]:
    """Return the old variables that are set, in the environment or in a file. Raises ConfigurationError."""
    try:
        filed = dotenv_values(env_file) if env_file.is_file() else {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"{env_file} cannot be read: {reason}.") from error
    found = {name: environment.get(name) or filed.get(name) or "" for name in VARIABLES}
    return {name: value for name, value in found.items() if value}


def inherit(old: Mapping[str, str]) -> Inherited:
    """Translate the old variables. Raises ConfigurationError naming the first that pictrs-safety too could not read."""
    notices = []
    ids = tuple(text for text in _list(IDS, old) if text != BY_ADDRESS)
    if IDS in old:
        notices.append(f"{IDS} is understood: its {len(ids)} words are callers' secrets.")
        if any(len(text) < SAFE_CHARACTERS for text in ids):
            notices.append(
                f"{IDS} holds a word of less than {SAFE_CHARACTERS} characters: `fediward-coordinator caller new NAME`"
                " makes a better one."
            )
    try:
        networks = tuple(ipaddress.ip_network(text) for text in _list(IPS, old))
    except ValueError as error:
        raise ConfigurationError(f"{IPS}: must be a JSON list of IP addresses.") from error
    if IPS in old:
        notices.append(f"{IPS} is understood: its {len(networks)} addresses may ask at /api/v1/scan/{BY_ADDRESS}.")
    answers = {}
    for name, setting in THRESHOLDS.items():
        if name in old:
            answers[setting] = _answer(name, old[name])
            notices.append(f"{name} is understood as {PREFIX}{setting.upper()}={answers[setting]}.")
    notices += [f"{name} is not needed: {why}." for name, why in GONE.items() if name in old]
    return Inherited(answers, _callers(ids, networks), tuple(notices), ids, networks)


def with_answers(settings: Settings, inherited: Inherited) -> Settings:
    """Return settings with the inherited answers, where our own variable is not set."""
    missing = {name: value for name, value in inherited.answers.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=missing)


def new_lines(inherited: Inherited) -> list[str]:
    """Return the lines of a .env for this coordinator."""
    lines = []
    if inherited.ids:
        lines += [
            "# Understood as it is: secrets that pict-rs may have in its URL.",
            f"{IDS}='{json.dumps(inherited.ids)}'",
        ]
    if inherited.networks:
        texts = [str(network.network_address) for network in inherited.networks]
        lines += ["# Understood as it is: addresses that may ask without a secret.", f"{IPS}='{json.dumps(texts)}'"]
    return lines + [f"{PREFIX}{name.upper()}={answer}" for name, answer in inherited.answers.items()]


def _list(name: str, old: Mapping[str, str]) -> list[str]:
    try:
        found = json.loads(old.get(name, "[]"))
    except ValueError as error:
        raise ConfigurationError(f'{name}: must be a JSON list of strings, like ["one"].') from error
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ConfigurationError(f'{name}: must be a JSON list of strings, like ["one"].')
    return found


def _answer(name: str, text: str) -> Answer:
    try:
        return Answer.ACCEPT if int(text) > 0 else Answer.REJECT
    except ValueError as error:
        raise ConfigurationError(f"{name}: must be a whole number.") from error


def _callers(ids: tuple[str, ...], networks: tuple[Network, ...]) -> tuple[Caller, ...]:
    now = datetime.now(UTC).replace(microsecond=0)
    callers = [caller_with_secret(f"pictrs-safety-{number}", text, now) for number, text in enumerate(ids, 1)]
    if networks:
        callers.append(Caller(name="pictrs-safety-networks", created=now, networks=networks))
    return tuple(callers)
