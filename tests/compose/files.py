"""The compose files, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path(__file__).parents[2] / "compose"
FILES = sorted(COMPOSE.glob("*.yaml"))
DOCKERFILES = sorted(COMPOSE.glob("*.Dockerfile"))
OURS = ("coordinator.yaml", "scanner.amd.yaml", "scanner.cpu.yaml", "scanner.nvidia.yaml")
"""Files that define a container of ours; the others add to one."""


def service(name: str) -> dict[str, Any]:
    """Return the only service of a compose file."""
    (found,) = yaml.safe_load((COMPOSE / name).read_text())["services"].values()
    assert isinstance(found, dict)
    return found
