"""Imports go one way, and third-party packages enter by named doors only (design, section 3)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("coordinator", "scanner", "shared")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

FORBIDDEN = {"shared": ("coordinator", "scanner"), "coordinator": ("scanner",), "scanner": ("coordinator",)}

LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "coordinator.dispatch",
        "coordinator.judge",
        "coordinator.later.places",
        "coordinator.later.plan",
        "coordinator.later.progress",
        "coordinator.ledger.periods",
        "coordinator.notices.alarm",
        "coordinator.notices.lookout",
        "coordinator.notices.notice",
        "coordinator.media.limits",
        "coordinator.media.looks",
        "coordinator.media.sniff",
        "coordinator.pictrs.content",
        "coordinator.status.collectors",
        "coordinator.status.debts",
        "coordinator.status.histogram",
        "coordinator.status.percentiles",
        "coordinator.status.problems",
        "coordinator.status.record",
        "coordinator.status.refusals",
        "coordinator.status.roster",
        "coordinator.status.rows",
        "coordinator.status.scanner",
        "coordinator.status.sentence",
        "coordinator.status.snapshot",
        "coordinator.status.timeline",
        "coordinator.status.upload_log",
        "coordinator.status.uploads",
        "coordinator.trust",
    ),
    ("coordinator.background", "coordinator.settings"),
    (
        "coordinator.hub",
        "coordinator.late",
        "coordinator.media",
        "coordinator.ledger",
        "coordinator.pictrs",
        "coordinator.credentials",
        "coordinator.predecessor",
        "coordinator.sweeps",
    ),
    (
        "coordinator.body",
        "coordinator.calibration_file",
        "coordinator.comparisons",
        "coordinator.copies",
        "coordinator.intake",
        "coordinator.likeness_index",
        "coordinator.sharing",
        "coordinator.uploads",
    ),
    ("coordinator.later", "coordinator.records", "coordinator.steering"),
    ("coordinator.status.board", "coordinator.status.roster_file", "coordinator.notices"),
    ("coordinator.web",),
    ("coordinator.sweep",),
    ("coordinator.server",),
    ("coordinator.app", "coordinator.doctor"),
    ("coordinator.commands",),
    ("coordinator.__main__",),
)
"""From the ground up: a module imports its own layer and those below."""

PURE = (*LAYERS[0], "shared")
IMPURE_IMPORTS = {"asyncio", "time", "random", "socket", "threading", "subprocess", "secrets", "uuid", "os"}

DOORS: dict[str, tuple[str, ...]] = {
    "PIL": ("coordinator.media.cutter", "scanner.demo"),
    "alembic": ("coordinator.ledger.schema", "coordinator.ledger.migrations"),
    "annotated_types": ("shared.messages", "scanner.settings"),
    "apprise": ("coordinator.notices.apprise_targets",),
    "av": ("coordinator.media.cutter",),
    "pillow_jxl": ("coordinator.media.cutter",),
    "dotenv": ("coordinator.predecessor",),
    "httpx2": (
        "coordinator.commands.check",
        "coordinator.commands.status",
        "coordinator.doctor",
        "coordinator.pictrs",
        "coordinator.settings",
        "coordinator.sweep.asking",
    ),
    "jinja2": ("coordinator.web.admin.templates",),
    "prometheus_client": ("coordinator.web.metrics",),
    "obstore": ("coordinator.sweep.sources.s3",),
    "asyncssh": ("coordinator.sweep.sources.sftp",),
    "rich": ("coordinator.sweep.progress",),
    "huggingface_hub": ("scanner.models.clip",),
    "msgpack": ("shared.wire",),
    "numpy": ("coordinator.likeness_index", "coordinator.media.cutter", "scanner"),
    "open_clip": ("scanner.models.clip", "scanner.demo"),
    "pynvml": ("scanner.manners.nvml",),
    "pydantic": (
        "shared",
        "coordinator.settings",
        "coordinator.calibration_file",
        "coordinator.credentials",
        "coordinator.doctor.bundle",
        "coordinator.status.roster_file",
        "coordinator.steering",
        "coordinator.web.admin.sessions",
        "coordinator.judge.loader",
        "coordinator.pictrs",
        "coordinator.sweeps",
        "coordinator.sweep.asking",
        "coordinator.web.sweep_door",
        "scanner.settings",
    ),
    "pydantic_settings": ("coordinator.settings", "scanner.settings"),
    "safetensors": ("scanner.models.clip", "scanner.demo"),
    "skimage": ("scanner.demo.photographs",),
    "sqlalchemy": ("coordinator.ledger",),
    "starlette": ("coordinator.web", "coordinator.app", "coordinator.server"),
    "tenacity": ("scanner.link", "scanner.backoff"),
    "torch": ("scanner.models.clip", "scanner.demo"),
    "typer": ("coordinator.__main__", "coordinator.commands", "scanner.__main__"),
    "uvicorn": ("coordinator.server",),
    "websockets": ("scanner.dialler", "scanner.channel"),
}


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(module: str, places: tuple[str, ...]) -> bool:
    """Say whether a module is one of the places, or inside one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def layer_of(module: str) -> int | None:
    """Return the height of the most specific layer that a module is in."""
    found = [(len(place), height) for height, layer in enumerate(LAYERS) for place in layer if is_in(module, (place,))]
    return max(found)[1] if found else None


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_layers_imports_go_one_way(path: Path) -> None:
    """coordinator and scanner never meet, shared knows neither, and no layer imports a higher one."""
    module = name_of(path)
    for imported in imports_of(path):
        assert not is_in(imported, FORBIDDEN[module.partition(".")[0]]), f"{module} imports {imported}"
        own, other = layer_of(module), layer_of(imported)
        assert own is None or other is None or other <= own, f"{module} imports {imported} from a higher layer"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_layers_third_party_packages_enter_by_their_doors(path: Path) -> None:
    """A package is imported where its door is, and a new one needs a door."""
    module = name_of(path)
    for imported in imports_of(path):
        package = imported.partition(".")[0]
        if package in sys.stdlib_module_names or package in PACKAGES:
            continue
        assert package in DOORS, f"{module} imports {package}, which has no door"
        assert is_in(module, DOORS[package]), f"{module} imports {package}, whose doors are {DOORS[package]}"


@pytest.mark.parametrize("path", [path for path in FILES if is_in(name_of(path), PURE)], ids=name_of)
def test_layers_pure_modules_know_no_clock(path: Path) -> None:
    """Pure modules import neither asyncio nor a clock nor anything that reads the world."""
    found = {imported.partition(".")[0] for imported in imports_of(path)} & IMPURE_IMPORTS
    assert not found, f"{name_of(path)} imports {found}"
