"""Both doctors beside real processes: everything in order, then exactly one thing broken."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.end_to_end.forked import run_beside
from tests.end_to_end.pictrs import API_KEY, PictRs, require
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner, environment

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]

DONE, FOUND = 0, 3


@dataclass(frozen=True)
class Report:
    """What a doctor said."""

    code: int
    states: dict[str, str]
    parts: dict[str, str]
    words: str

    @property
    def wrong(self) -> set[str]:
        """The checks that are wrong."""
        return {check for check, state in self.states.items() if state == "wrong"}


async def examine(program: str, folder: Path, settings: dict[str, object], *arguments: str) -> Report:
    """Run a doctor with these settings."""
    command = ["-m", program, "doctor", "--json", *arguments]
    done = await run_beside(command, folder=folder, environment=environment(**settings))
    assert "Traceback" not in done.stderr, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    findings = record["findings"]
    assert record["sound"] is (done.returncode == DONE)
    return Report(
        done.returncode,
        {finding["check"]: finding["state"] for finding in findings},
        {finding["check"]: finding["part"] for finding in findings},
        done.stdout + done.stderr,
    )


@dataclass(frozen=True)
class Instance:
    """A coordinator with a scanner, and a pict-rs that asks it."""

    folder: Path
    coordinator: Coordinator
    scanner: Scanner
    pictrs: PictRs

    @property
    def settings(self) -> dict[str, object]:
        """Settings of a coordinator that knows all about itself."""
        return {
            **self.coordinator.settings,
            "pictrs_url": self.pictrs.url,
            "pictrs_api_key": API_KEY,
            "public_url": f"ws://127.0.0.1:{self.coordinator.public_port}",
        }

    async def examine(self, **broken: object) -> Report:
        """Run the coordinator's doctor with settings that differ."""
        return await examine("coordinator", self.folder, self.settings | broken)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """Run all three."""
    require()
    folder = tmp_path_factory.mktemp("instance")
    async with Coordinator(folder) as coordinator, Scanner(coordinator, "one") as scanner:
        hook = coordinator.hook_url(coordinator.new_caller("lemmy"))
        async with PictRs(folder, validation=hook) as pictrs:
            yield Instance(folder, coordinator, scanner, pictrs)


async def test_coordinators_doctor_finds_nothing_and_leaves_nothing(instance: Instance) -> None:
    """With everything in order, each check is good, and the test picture is gone from pict-rs."""
    before = instance.pictrs.stored()
    report = await instance.examine()
    assert (report.code, set(report.states.values())) == (DONE, {"good"}), report.words
    await instance.pictrs.stores_only(before)
    assert not await instance.pictrs.hashes()


@pytest.mark.parametrize(
    ("broken", "check", "part"),
    [
        ({"deadline_ms": 10}, "settings", "settings"),
        ({"modle": "demo"}, "names", "settings"),
        ({"pictrs_api_key": "other"}, "pict-rs", "FEDIWARD_PICTRS_API_KEY"),
        ({"public_url": "wss://fediward.invalid"}, "public address", "name server"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_coordinators_doctor_names_a_wrong_setting(
    instance: Instance, broken: dict[str, object], check: str, part: str
) -> None:
    """One setting that is wrong gives one finding, of the guilty part, and exit code 3."""
    report = await instance.examine(**broken)
    assert (report.code, report.wrong) == (FOUND, {check}), report.words
    assert report.parts[check] == part


async def test_coordinators_doctor_names_a_listener_that_is_elsewhere(instance: Instance) -> None:
    """A coordinator that does not listen where the settings say is one finding a listener."""
    report = await instance.examine(hook_bind=f"127.0.0.1:{free_port()}")
    assert (report.code, report.wrong) == (FOUND, {"hook"}), report.words


async def test_coordinators_doctor_names_a_pictrs_that_is_away(instance: Instance) -> None:
    """A pict-rs that does not answer, and something else in its place, are told apart."""
    report = await instance.examine(pictrs_url=f"http://127.0.0.1:{free_port()}")
    assert (report.wrong, report.parts["pict-rs"]) == ({"pict-rs"}, "pict-rs"), report.words
    report = await instance.examine(pictrs_url=instance.coordinator.public_url)
    assert (report.wrong, report.parts["pict-rs"]) == ({"pict-rs"}, "FEDIWARD_PICTRS_URL"), report.words


async def test_coordinators_doctor_names_a_proxy_that_leads_to_the_hook(instance: Instance) -> None:
    """A public address that leads to the hook is wrong for scanners, and opens the hook to the world."""
    report = await instance.examine(public_url=f"ws://127.0.0.1:{instance.coordinator.hook_port}")
    assert (report.code, report.wrong) == (FOUND, {"public address", "outside"}), report.words


@pytest.mark.parametrize("validation", ["nobody", "unknown", "unreachable"])
async def test_coordinators_doctor_names_a_pictrs_that_asks_elsewhere(instance: Instance, validation: str) -> None:
    """A pict-rs that asks nobody, with an unknown secret, or at an address where nobody is, is found by an upload."""
    urls = {
        "nobody": None,
        "unknown": instance.coordinator.hook_url("no-such-secret"),
        "unreachable": f"http://127.0.0.1:{free_port()}/api/v1/scan/IPADDR",
    }
    async with PictRs(instance.folder, validation=urls[validation], name=validation) as pictrs:
        report = await instance.examine(pictrs_url=pictrs.url)
        assert (report.code, report.wrong) == (FOUND, {"validation"}), report.words
        assert report.parts["validation"].startswith("PICTRS__MEDIA__EXTERNAL_VALIDATION")
        await pictrs.stores_only(frozenset())


async def test_coordinators_doctor_names_missing_scanners_and_a_picture_too_costly(tmp_path: Path) -> None:
    """A coordinator without a scanner is told so, and one that refuses small pictures is guilty itself."""
    async with Coordinator(tmp_path, still_limit_px=100) as coordinator:
        coordinator.new_scanner("one")
        report = await examine("coordinator", tmp_path, dict(coordinator.settings))
    assert (report.code, report.wrong) == (FOUND, {"scanner", "verdict"}), report.words
    assert (report.parts["scanner"], report.parts["verdict"]) == ("scanners", "coordinator")


async def test_coordinators_bundle_holds_no_secret(instance: Instance) -> None:
    """Secrets, addresses, paths, names and hashes that are planted everywhere stand nowhere in the bundle."""
    secret = instance.coordinator.new_caller("planted-caller")
    token = instance.coordinator.new_scanner("planted-scanner")
    file = instance.folder / "bundle.zip"
    report = await examine("coordinator", instance.folder, instance.settings | {"token": token}, "--bundle", str(file))
    assert report.code == DONE, report.words
    with zipfile.ZipFile(file) as archive:
        told = " ".join(archive.read(name).decode() for name in archive.namelist())
    planted = [secret, token, API_KEY, "planted-caller", "planted-scanner", str(instance.folder), instance.pictrs.url]
    planted += [f"127.0.0.1:{instance.coordinator.public_port}", str(instance.coordinator.hook_port)]
    assert not [text for text in planted if text in told]
    assert '"FEDIWARD_PICTRS_API_KEY": "set"' in told


async def test_scanners_doctor_finds_nothing_and_disturbs_nobody(instance: Instance) -> None:
    """With everything in order nothing is wrong, and the scanner with the same token stays connected."""
    before = instance.coordinator.log
    report = await examine("scanner", instance.folder, dict(instance.scanner.settings))
    assert (report.code, report.wrong) == (DONE, set()), report.words
    assert [check for check, state in report.states.items() if state == "good"] == [
        "settings",
        "model",
        "name",
        "TCP",
        "WebSocket",
        "token",
        "welcome",
        "clock",
    ]
    after = instance.coordinator.log[len(before) :]
    assert "scanner one tried its way here" in after
    assert "left" not in after


@pytest.mark.parametrize(
    ("broken", "check", "part"),
    [
        ({"coordinator": "http://127.0.0.1"}, "settings", "settings"),
        ({"coordinator": "ws://fediward.invalid"}, "name", "name server"),
        ({"coordinator": f"ws://127.0.0.1:{free_port()}"}, "TCP", "firewall, or the proxy before the coordinator"),
        ({"token": "unknown"}, "token", "FEDIWARD_TOKEN or FEDIWARD_TOKEN_FILE"),
    ],
    ids=["settings", "name", "TCP", "token"],
)
async def test_scanners_doctor_names_what_is_wrong(
    instance: Instance, broken: dict[str, object], check: str, part: str
) -> None:
    """One thing that is wrong gives one finding, of the guilty part, and exit code 3."""
    report = await examine("scanner", instance.folder, dict(instance.scanner.settings) | broken)
    assert (report.code, report.wrong) == (FOUND, {check}), report.words
    assert report.parts[check] == part


@pytest.mark.torch
async def test_scanners_doctor_names_device_and_model(instance: Instance) -> None:
    """A GPU that was asked for and is not here, and a model that the coordinator does not ask for, are two findings."""
    settings = dict(instance.scanner.settings) | {"model": "demo", "device": "mps", "cache": instance.folder}
    report = await examine("scanner", instance.folder, settings)
    assert (report.code, report.wrong) == (FOUND, {"device", "welcome"}), report.words
    assert (report.parts["device"], report.parts["welcome"]) == ("FEDIWARD_DEVICE", "FEDIWARD_MODEL")


async def test_scanners_doctor_says_why_it_would_get_nothing(tmp_path: Path) -> None:
    """Weights of which the coordinator does not know the fingerprint are the model's fault."""
    async with Coordinator(tmp_path, fingerprint="0123456789") as coordinator:
        scanner = Scanner(coordinator, "one")
        report = await examine("scanner", tmp_path, dict(scanner.settings))
    assert (report.code, report.wrong) == (FOUND, {"welcome"}), report.words
    assert report.parts["welcome"] == "model"
    assert "FEDIWARD_FINGERPRINT" in report.words


async def test_scanners_doctor_names_what_is_no_coordinator(instance: Instance) -> None:
    """Something else that answers, like pict-rs, is the fault of the proxy before the coordinator."""
    settings = dict(instance.scanner.settings) | {"coordinator": f"ws://127.0.0.1:{instance.pictrs.port}"}
    report = await examine("scanner", instance.folder, settings)
    assert (report.code, report.wrong) == (FOUND, {"WebSocket"}), report.words
    assert report.parts["WebSocket"] == "proxy before the coordinator"
