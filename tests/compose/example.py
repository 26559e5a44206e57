"""Write the .env examples from the settings and the README's tables: `python -m tests.compose.example`, `make env`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_settings import BaseSettings

from coordinator.settings import Settings as CoordinatorSettings
from scanner.settings import Settings as ScannerSettings
from tests.test_documented import default_of, rows_of

COMPOSE = Path(__file__).parents[2] / "compose"


@dataclass(frozen=True)
class Example:
    """One example file."""

    file: Path
    heading: str
    """Of the README's section with the table."""
    kind: type[BaseSettings]
    intro: str
    filled: Mapping[str, str]
    """What an admin has to fill in, with what stands there before."""
    fixed: frozenset[str]
    """What the compose file or the image sets already."""

    def text(self) -> str:
        """Return what the file has to hold."""
        rows = rows_of(self.heading)
        lines = [*_comment(self.intro), ""]
        for name, value in self.filled.items():
            lines += [*_comment(_meaning(rows, name)), f"FEDIWARD_{name.upper()}={value}", ""]
        lines += ["# All else may stay as it is. Take the # away from what you change.", ""]
        for name in self.kind.model_fields:
            if name not in self.filled and name not in self.fixed:
                default = default_of(self.kind, name)
                lines += [
                    *_comment(_meaning(rows, name)),
                    f"#FEDIWARD_{name.upper()}={default if default != '-' else ''}",
                ]
        return "\n".join(lines) + "\n"


EXAMPLES = (
    Example(
        COMPOSE / ".env.example",
        "Coordinator",
        CoordinatorSettings,
        "Settings of the coordinator. Copy this file to fediward.env beside the compose file (or to .env, or to "
        "/etc/fediward/coordinator.env), chmod 600 it, and fill in these lines.",
        {
            "public_url": "",
            "pictrs_url": "http://pictrs:8080",
            "pictrs_api_key": "",
        },
        frozenset({"hook_bind", "public_bind", "data_dir"}),
    ),
    Example(
        COMPOSE / "scanner.env.example",
        "Scanner",
        ScannerSettings,
        "Settings of a scanner. Copy this file to scanner.env beside the compose file (or to "
        "~/.config/fediward/scanner.env), chmod 600 it, and fill in these lines.",
        {"coordinator": "wss://fediward.example.org", "token": ""},
        frozenset({"cache", "state_dir"}),
    ),
)


def _meaning(rows: Mapping[str, Sequence[str]], name: str) -> str:
    return rows[f"FEDIWARD_{name.upper()}"][1].removesuffix(" |").replace("`", "")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 110)]


if __name__ == "__main__":
    for example in EXAMPLES:
        example.file.write_text(example.text())
        sys.stderr.write(f"Wrote {example.file}.\n")
