"""The scanner's doctor looks at devices that are not here, by what torch and the kernel would say."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.doctor.device import Drivers, find_drivers, judge_device
from scanner.models.device import Machine
from shared.findings import State

NVIDIA = Drivers(nvidia="550.54.14")
AMD = Drivers(amd=True, amd_opens=True)


@pytest.mark.parametrize(
    ("asked", "machine", "drivers"),
    [
        ("auto", Machine(cuda="a card", built_for="cuda"), NVIDIA),
        ("auto", Machine(cuda="a card", built_for="rocm"), AMD),
        ("mps", Machine(mps=True), Drivers()),
        ("cpu", Machine(), NVIDIA),
        ("auto", Machine(), Drivers()),
    ],
)
def test_device_that_is_used_as_asked_is_good(asked: str, machine: Machine, drivers: Drivers) -> None:
    """A GPU in use, a processor that was asked for, and one without a GPU beside it are good."""
    assert judge_device(asked, machine, drivers).state is State.GOOD


@pytest.mark.parametrize(
    ("asked", "machine", "drivers", "part"),
    [
        ("auto", Machine(built_for="cpu"), NVIDIA, "torch"),
        ("auto", Machine(built_for="cuda"), NVIDIA, "driver"),
        ("cuda", Machine(built_for="cuda"), Drivers(), "driver"),
        ("auto", Machine(built_for="rocm"), Drivers(amd=True), "permissions"),
        ("auto", Machine(built_for="cuda"), AMD, "torch"),
        ("auto", Machine(built_for="rocm"), AMD, "driver"),
        ("mps", Machine(), Drivers(), "FEDIWARD_DEVICE"),
    ],
)
def test_device_that_is_not_used_names_the_guilty(asked: str, machine: Machine, drivers: Drivers, part: str) -> None:
    """A GPU that lies idle is wrong, whether torch, the driver, permissions or the setting are guilty."""
    found = judge_device(asked, machine, drivers)
    assert (found.state, found.part) == (State.WRONG, part)


def nowhere(_: str) -> None:
    """Find no program."""


def test_driver_without_a_kernel_to_ask_is_found_by_its_program(tmp_path: Path) -> None:
    """On Windows the driver's own program tells that it is there, and a torch without CUDA beside it is guilty."""
    drivers = find_drivers(tmp_path, which=lambda name: f"/{name}")
    assert drivers.nvidia
    assert judge_device("auto", Machine(built_for="cpu"), drivers).part == "torch"


def test_drivers_are_read_from_the_kernel(tmp_path: Path) -> None:
    """The version of NVIDIA's driver and AMD's device are found where the kernel shows them."""
    assert find_drivers(tmp_path, which=nowhere) == Drivers()
    version = tmp_path / "proc/driver/nvidia/version"
    version.parent.mkdir(parents=True)
    version.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/kfd").touch()
    assert find_drivers(tmp_path, which=nowhere) == Drivers("550.54.14", amd=True, amd_opens=True)
