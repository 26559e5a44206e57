"""Look at the device: what was asked for, what torch can use, and which driver is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scanner.models.device import Machine, choose
from shared.findings import Finding, good, wrong

IN_CONTAINER = "In a container: see compose/README.md for how the GPU is handed to it."

UNKNOWN_VERSION = "(of a version that is not known)"


@dataclass(frozen=True, slots=True)
class Drivers:
    """What the system has for GPUs."""

    nvidia: str = ""
    """The NVIDIA driver's version; empty for none."""
    amd: bool = False
    amd_opens: bool = False
    """This user may use the AMD device."""


def find_drivers(root: Path = Path("/"), *, which: Callable[[str], str | None] = shutil.which) -> Drivers:
    """Look at what the kernel shows, under `root`; on Windows, and in WSL, at what came with the driver."""
    version = root / "proc/driver/nvidia/version"
    text = version.read_text() if version.is_file() else ""
    # NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …
    words = [word for word in text.split() if word[:1].isdigit() and word.count(".") >= 1]
    nvidia = words[0] if words else UNKNOWN_VERSION if which("nvidia-smi") else ""
    kfd = root / "dev/kfd"
    return Drivers(nvidia, kfd.exists(), os.access(kfd, os.R_OK | os.W_OK))


def judge_device(asked: str, machine: Machine, drivers: Drivers) -> Finding:
    """Say whether the model computes where it should, and if not, why."""
    choice = choose(asked, "auto", machine)
    if choice.kind != "cpu":
        return good("device", f"{choice.kind}, {machine.cuda or 'Apple GPU'}")
    if asked == "cpu":
        return good("device", "the processor, as asked for")
    if drivers.nvidia:
        return _judge_nvidia(machine, drivers)
    if drivers.amd:
        return _judge_amd(machine, drivers)
    if asked == "auto":
        return good("device", "the processor: no driver of a GPU is here")
    if asked == "mps":
        return wrong("device", choice.why, part="FEDIWARD_DEVICE", cure="Set it to auto, cuda or cpu.")
    return wrong(
        "device",
        f"{choice.why}, and no driver of NVIDIA or AMD is here",
        part="driver",
        cure=f"Install the driver, or set FEDIWARD_DEVICE=cpu. {IN_CONTAINER}",
    )


def _judge_nvidia(machine: Machine, drivers: Drivers) -> Finding:
    if machine.built_for != "cuda":
        return wrong(
            "device",
            f"NVIDIA's driver {drivers.nvidia} is here, but this torch is built for {machine.built_for}",
            part="torch",
            cure="Install torch for CUDA: https://pytorch.org/get-started/locally names the command for your system.",
        )
    return wrong(
        "device",
        f"NVIDIA's driver {drivers.nvidia} is here, but torch cannot use it",
        part="driver",
        cure="Update the driver, or restart after an update of it; `nvidia-smi` must show the card. A container that"
        " has lost its GPU must be made anew (docker compose up -d --force-recreate).",
    )


def _judge_amd(machine: Machine, drivers: Drivers) -> Finding:
    if not drivers.amd_opens:
        return wrong(
            "device",
            "an AMD GPU is here, but this user may not use /dev/kfd",
            part="permissions",
            cure=f"Add the user to the groups render and video. {IN_CONTAINER}",
        )
    if machine.built_for != "rocm":
        return wrong(
            "device",
            f"an AMD GPU is here, but this torch is built for {machine.built_for}",
            part="torch",
            cure="Install torch for ROCm: https://pytorch.org/get-started/locally names the command for your system.",
        )
    return wrong(
        "device",
        "an AMD GPU is here, but torch cannot use it",
        part="driver",
        cure="Compare the card with ROCm's list; for one of the same family HSA_OVERRIDE_GFX_VERSION may help.",
    )
