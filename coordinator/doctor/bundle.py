"""Write what somebody needs who helps from afar, and nothing that must not leave the machine.

In: findings, versions, the kind of machine, and settings that are numbers or one of several words. Out: every secret,
address, path, name, hash and picture. Values that are left out of the settings are taken out of the sentences too.
"""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from enum import Enum
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from coordinator import __version__
from coordinator.settings import PREFIX, Settings
from shared.errors import ConfigurationError
from shared.findings import Finding

TOLD = frozenset({"model"})
"""Settings in words that are told: a model's name is a public one."""

LEAST_CHARACTERS = 3
"""Shorter values say nothing about anybody, and stand in every sentence."""


def write_bundle(file: Path, findings: Sequence[Finding], settings: Settings | None) -> None:
    """Write a ZIP file of mode 0600 that does not exist yet. Raises ConfigurationError."""
    content = make_bundle(findings, settings)
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
    except OSError as error:
        raise ConfigurationError(f"--bundle: {file} cannot be written: {error.strerror}.") from error


def make_bundle(findings: Sequence[Finding], settings: Settings | None) -> bytes:
    """Return the ZIP file."""
    members = {
        "findings.json": [finding.record() for finding in findings],
        "settings.json": shown_settings(settings),
        "machine.json": _machine(),
    }
    hidden = hidden_values(settings)
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, json.dumps(without(value, hidden), indent=1) + "\n")
    return output.getvalue()


def shown_settings(settings: Settings | None) -> Mapping[str, Any]:
    """Return what each setting is, as far as it may be told."""
    if settings is None:
        return {}
    return {f"{PREFIX}{name.upper()}": _shown(settings, name) for name in type(settings).model_fields}


def hidden_values(settings: Settings | None) -> Mapping[str, str]:
    """Return the values that may not be told, by the words to put in their place; the longest first."""
    if settings is None:
        return {}
    hidden: dict[str, str] = {}
    for name, info in type(settings).model_fields.items():
        value = getattr(settings, name)
        if name in TOLD or value == info.default or isinstance(value, int | float | Enum):
            continue
        for text in _texts(value):
            if len(text) >= LEAST_CHARACTERS:
                hidden[text] = f"<{PREFIX}{name.upper()}>"
    return dict(sorted(hidden.items(), key=lambda item: -len(item[0])))


def without(value: Any, hidden: Mapping[str, str]) -> Any:
    """Return plain JSON with every hidden value replaced in its texts."""
    if isinstance(value, str):
        for text, word in hidden.items():
            value = value.replace(text, word)
        return value
    if isinstance(value, Mapping):
        return {key: without(inner, hidden) for key, inner in value.items()}
    return [without(inner, hidden) for inner in value] if isinstance(value, list) else value


def _shown(settings: Settings, name: str) -> Any:
    value = getattr(settings, name)
    if value == type(settings).model_fields[name].default:
        return "default"
    if isinstance(value, Enum):
        return value.value
    return value if name in TOLD or isinstance(value, int | float) else "set"


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, Path):
        return [str(value), str(value.absolute())]
    if isinstance(value, tuple):
        return [str(part) for part in value]
    text = str(value)
    _, slashes, rest = text.partition("://")
    # A sentence may name the host alone.
    host = rest.partition("/")[0]
    return [text, host, host.rpartition(":")[0]] if slashes else [text]


def _machine() -> Mapping[str, Any]:
    return {
        "fediward": __version__,
        "python": sys.version.partition(" ")[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        "processors": os.cpu_count(),
        "packages": sorted({f"{one.metadata['Name']} {one.version}" for one in distributions()}),
    }
