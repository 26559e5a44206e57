"""The compose files keep to the specification, and to what an admin is promised."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from coordinator.settings import Settings as CoordinatorSettings
from scanner.settings import Settings as ScannerSettings
from tests.compose.files import COMPOSE, FILES, OURS, service

TOOLS = Path(sys.executable).parent
HOOK_PORT = "14051"
NUMBERS = {"VIDEO_GID", "RENDER_GID"}
"""Variables of compose files that are no settings: numbers of groups on the host."""


def validate(*files: Path) -> subprocess.CompletedProcess[str]:
    """Hold compose files against the schema."""
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_compose_files_keep_to_the_specification() -> None:
    """Every file is valid by the compose specification's own schema, as check-jsonschema brings it along."""
    done = validate(*FILES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_schema_finds_faults(tmp_path: Path) -> None:
    """A key that is misspelt is found."""
    file = tmp_path / "compose.yaml"
    file.write_text((COMPOSE / "coordinator.yaml").read_text().replace("restart:", "restat:"))
    assert validate(file).returncode == 1


@pytest.mark.parametrize("name", OURS)
def test_containers_are_confined(name: str) -> None:
    """Each runs as nobody in particular, writes to its volume only, gains no rights, and fills no disk with its log."""
    ours = service(name)
    assert ours["user"] == "991:991"
    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["security_opt"] == ["no-new-privileges:true"]
    assert all(entry.startswith("/tmp:") for entry in ours["tmpfs"])
    assert ours["logging"]["options"].keys() == {"max-size", "max-file"}
    assert ours["restart"] == "unless-stopped"
    assert not {"privileged", "cap_add", "network_mode", "pid"} & ours.keys()


@pytest.mark.parametrize("name", OURS)
def test_containers_may_finish_what_they_have(name: str) -> None:
    """A container is killed only after the longest time that an upload may take by default."""
    grace = re.fullmatch(r"(\d+)s", service(name)["stop_grace_period"])
    assert grace is not None
    assert int(grace[1]) > CoordinatorSettings.model_fields["deadline_ms"].default / 1e3 + 5


def test_hook_has_no_published_port() -> None:
    """Nothing publishes port 14051, and it listens on the network that it shares with pict-rs only."""
    coordinator = service("coordinator.yaml")
    assert not [port for port in coordinator["ports"] if HOOK_PORT in str(port)]
    assert all(port.startswith("127.0.0.1:") for port in coordinator["ports"])
    address = coordinator["networks"]["fediward"]["ipv4_address"]
    assert coordinator["environment"]["FEDIWARD_HOOK_BIND"] == f"{address}:{HOOK_PORT}"
    networks = yaml.safe_load((COMPOSE / "coordinator.yaml").read_text())["networks"]
    assert networks["fediward"]["internal"] is True


def test_pictrs_asks_the_coordinators_address() -> None:
    """The fragment for Lemmy sends pict-rs to the coordinator's fixed address, and waits longer than its deadline."""
    pictrs, coordinator = service("lemmy.yaml"), service("coordinator.yaml")
    environment = pictrs["environment"]
    bind = coordinator["environment"]["FEDIWARD_HOOK_BIND"]
    assert environment["PICTRS__MEDIA__EXTERNAL_VALIDATION"] == f"http://{bind}/api/v1/scan/IPADDR"
    timeout_s = int(environment["PICTRS__MEDIA__EXTERNAL_VALIDATION_TIMEOUT"])
    assert timeout_s > CoordinatorSettings.model_fields["deadline_ms"].default / 1e3
    assert "fediward" in pictrs["networks"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_compose_variables_are_settings(path: Path) -> None:
    """Every FEDIWARD_ variable that a file sets is a setting of that side, and no other variable is asked for."""
    text = path.read_text()
    kind: Any = ScannerSettings if path.name.startswith("scanner.") else CoordinatorSettings
    known = {f"FEDIWARD_{name.upper()}" for name in kind.model_fields}
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    environment = {name for one in services.values() for name in one.get("environment", {})}
    assert {name for name in environment if name.startswith("FEDIWARD_")} <= known
    assert set(re.findall(r"\$\{(\w+)", text)) <= NUMBERS


@pytest.mark.parametrize("name", OURS)
def test_containers_keep_state_in_a_volume(name: str) -> None:
    """The one volume that a service mounts is declared, so that it outlives the container."""
    whole = yaml.safe_load((COMPOSE / name).read_text())
    (mount,) = service(name)["volumes"]
    volume, _, place = mount.partition(":")
    assert volume in whole["volumes"]
    assert place in service(name)["environment"].values() or place == "/cache"
