"""Wrong settings: one sentence that names the variable, exit code 2, before anything is served."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.settings import Settings as CoordinatorSettings
from scanner.settings import Settings as ScannerSettings
from tests.end_to_end.policy import write_policy
from tests.end_to_end.processes import Process

BAD_CONFIGURATION = 2
AT_ONCE = 2
"""Processes started at once: each needs half a second of a core."""

NONSENSE = "perhaps"
"""Wrong for every setting that is a number, a size, a network or one of several words."""

COORDINATOR = {"model": "null", "hook_bind": "127.0.0.1:0", "public_bind": "127.0.0.1:0"}
WRONG_FOR_COORDINATOR = {
    "hook_bind": "14051",
    "public_bind": "127.0.0.1:99999",
    "data_dir": "/dev/null/data",
    "deadline_ms": 10,
    "body_memory": -1,
    "cutters": 1,
    "trusted_proxies": "10.0.0.0/8,nginx",
    "pictrs_api_key": "clé",
}

SCANNER = {"coordinator": "ws://127.0.0.1:9", "token": "secret", "model": "null", "allow_null_model": 1}
WRONG_FOR_SCANNER = {
    "coordinator": "http://127.0.0.1:9",
    "token": "two words",
    "token_file": "/no/such/file",
    "state_dir": "/dev/null/state",
    "name": "x" * 101,
    "threads": 0,
    "capacity": 0,
    "batch": -1,
}
WITH_CLIP = {"model", "weights", "architecture", "cache"}
"""Said by open_clip, which takes seconds to load: see tests/scanner/models/test_registry.py."""

COORDINATOR_SETTINGS = sorted(CoordinatorSettings.model_fields)
SCANNER_SETTINGS = sorted(ScannerSettings.model_fields.keys() - WITH_CLIP)

Ends = Mapping[str, tuple[int, str]]


async def run_each(folder: Path, program: str, commands: Mapping[str, Mapping[str, object]]) -> Ends:
    """Run a program once for each of these settings; return its exit codes and what it complained of."""
    places = asyncio.Semaphore(AT_ONCE)
    verb = "serve" if program == "coordinator" else "run"

    async def run(name: str, settings: Mapping[str, object]) -> tuple[int, str]:
        process = Process(folder, f"{program}-{name}", "-m", program, verb, settings=settings)
        async with places:
            process.launch()
            try:
                code = await process.ended()
            except AssertionError:
                # It serves: no reason to lose what the others say.
                code = 0
            finally:
                process.clean_up()
            return code, "".join(line for line in process.log.splitlines(True) if " INFO " not in line)

    ends = await asyncio.gather(*(run(name, settings) for name, settings in commands.items()))
    return dict(zip(commands, ends, strict=True))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def coordinators(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """How coordinators ended, by the name of the setting that was wrong."""
    folder = tmp_path_factory.mktemp("coordinators")
    right = {**COORDINATOR, "data_dir": folder / "data", "policy": write_policy(folder)}
    commands = {name: {**right, name: WRONG_FOR_COORDINATOR.get(name, NONSENSE)} for name in COORDINATOR_SETTINGS}
    del commands["model"]["policy"]
    return await run_each(folder, "coordinator", commands)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scanners(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """How scanners ended, by the name of the setting that was wrong."""
    folder = tmp_path_factory.mktemp("scanners")
    commands = {name: {**SCANNER, name: WRONG_FOR_SCANNER.get(name, NONSENSE)} for name in SCANNER_SETTINGS}
    return await run_each(folder, "scanner", commands)


@pytest.mark.parametrize("name", COORDINATOR_SETTINGS)
async def test_coordinator_with_a_wrong_setting_says_which(coordinators: Ends, name: str) -> None:
    """A coordinator with a wrong setting ends with exit code 2 and one sentence that names the variable."""
    code, said = coordinators[name]
    assert (code, said.count("\n")) == (BAD_CONFIGURATION, 1), said
    assert f"FEDIWARD_{name.upper()}" in said


@pytest.mark.parametrize("name", SCANNER_SETTINGS)
async def test_scanner_with_a_wrong_setting_says_which(scanners: Ends, name: str) -> None:
    """A scanner with a wrong setting ends with exit code 2 and one sentence that names the variable."""
    code, said = scanners[name]
    assert (code, said.count("\n")) == (BAD_CONFIGURATION, 1), said
    assert f"FEDIWARD_{name.upper()}" in said
    assert "two words" not in said


async def test_settings_that_need_each_other_are_named(tmp_path: Path) -> None:
    """A scanner that is told too little, or to serve the model that looks at nothing, says which setting is missing."""
    without = {
        "coordinator": {"token": "secret", "model": "null", "allow_null_model": 1},
        "token": {"coordinator": "ws://127.0.0.1:9", "model": "null", "allow_null_model": 1},
        "insecure": {**SCANNER, "coordinator": "ws://192.0.2.1:9"},
    }
    for name, (code, said) in (await run_each(tmp_path, "scanner", without)).items():
        assert (code, said.count("\n")) == (BAD_CONFIGURATION, 1), said
        assert f"FEDIWARD_{name.upper()}" in said
