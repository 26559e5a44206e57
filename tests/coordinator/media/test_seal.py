"""What a limited process can still reach: tried out by one that behaves as if it had been taken over."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from coordinator.media.errors import TooCostly
from coordinator.media.limited import Cutters, Limits
from coordinator.media.looks import Views
from coordinator.media.seal import Seal, describe
from tests.coordinator.media.children import prober
from tests.coordinator.media.pictures import encoded, photograph

JPEG_HEAD = b"\xff\xd8\xff\xe0" + bytes(12)
ALL = Seal.RESOURCES | Seal.PRIVILEGES | Seal.CAPABILITIES | Seal.FILES | Seal.NETWORK | Seal.CALLS


@pytest.fixture(scope="module")
def probed() -> tuple[Seal, dict[str, Any]]:
    """Return what is in force on this kernel, and what a process that was taken over found."""

    async def probe() -> tuple[Seal, dict[str, Any]]:
        command = (sys.executable, "-I", str(Path(prober.__file__)))
        async with Cutters(limits=Limits(), command=command) as cutters:
            seals = Seal(cutters.snapshot().seals)
            end = asyncio.get_running_loop().time() + 10
            cut = await cutters.cut([JPEG_HEAD], size=64, views=Views.ALL, lane_is_live=True, deadline_s=end)
            return seals, json.loads(cut.frames[0])

    return asyncio.run(probe())


def test_environment_is_empty(probed: tuple[Seal, dict[str, Any]]) -> None:
    """A limited process inherits no environment, where secrets are, and gets no argument but its program."""
    assert os.environ
    # LC_CTYPE is Python's own, set where there is no locale.
    assert {name for name in probed[1]["environment"] if name != "LC_CTYPE"} == set()
    assert probed[1]["arguments"] == []


def test_files_are_its_pipes_only(probed: tuple[Seal, dict[str, Any]]) -> None:
    """A limited process inherits no open file but its two pipes and the null device."""
    assert probed[1]["descriptors"] == [0, 1, 2]


def test_core_dumps_are_off(probed: tuple[Seal, dict[str, Any]]) -> None:
    """A crash leaves no image of the upload on a disk."""
    assert probed[1]["core"] == [0, 0]


@pytest.mark.parametrize(
    ("attempt", "seal"),
    [
        ("open a file", Seal.FILES | Seal.CALLS),
        ("open itself", Seal.FILES | Seal.CALLS),
        ("write a file", Seal.FILES | Seal.CALLS),
        ("list a folder", Seal.FILES | Seal.CALLS),
        ("open its parent's memory", Seal.FILES | Seal.CALLS),
        ("open its parent's environment", Seal.FILES | Seal.CALLS),
        ("read its parent's memory", Seal.FILES | Seal.CALLS),
        ("read its sibling's memory", Seal.FILES | Seal.CALLS),
        ("ask for a file", Seal.CALLS),
        ("take hold of its parent", Seal.CALLS),
        ("signal its parent", Seal.CALLS),
        ("limit its parent", Seal.CALLS),
        ("start a process", Seal.CALLS),
        ("start a program", Seal.CALLS),
        ("open a network socket", Seal.CALLS),
        ("open a unix socket", Seal.CALLS),
        ("make memory executable", Seal.CALLS),
        ("raise its memory", Seal.CAPABILITIES),
        ("trace", Seal.CALLS),
    ],
)
def test_attempt_is_refused(probed: tuple[Seal, dict[str, Any]], attempt: str, seal: Seal) -> None:
    """What a process that was taken over tries is refused, where the kernel offers what refuses it."""
    in_force, found = probed
    if not in_force & seal:
        pytest.skip(f"not on this kernel: {describe(in_force)}")
    assert found["attempts"][attempt] in {"EPERM", "EACCES"}


async def test_real_process_is_sealed() -> None:
    """The real limited process runs without privileges and capabilities, and under the filter where there is one."""
    async with Cutters(limits=Limits()) as cutters:
        (pid, *_), seals = cutters.snapshot().pids, cutters.snapshot().seals
        lines = await asyncio.to_thread(Path(f"/proc/{pid}/status").read_text)
        assert len(psutil.Process(pid).children()) == 0
    status = dict(line.split(":\t", 1) for line in lines.splitlines())
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert (status["Seccomp"] == "2") is bool(seals & Seal.CALLS)
    assert status["Threads"] == "1"


async def test_process_dies_with_its_parent() -> None:
    """A coordinator that is killed leaves no limited process behind."""
    program = (
        "import asyncio, sys\n"
        "from coordinator.media.limited import Cutters, Limits\n"
        "async def main():\n"
        "    async with Cutters(limits=Limits()) as cutters:\n"
        "        print(*cutters.snapshot().pids, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pids = [int(word) for word in (await parent.stdout.readline()).split()]
    assert len(pids) == 2
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(5):
        while any(psutil.pid_exists(pid) for pid in pids):  # noqa: ASYNC110 -- the kernel has no event for it here
            await asyncio.sleep(0.01)


def test_close_memory_closes_it() -> None:
    """After `close_memory` another process of the same user, without privileges, cannot open this one's memory."""
    program = (
        "import os, subprocess, sys\n"
        "from coordinator.media import kernel, seal\n"
        "seal.close_memory()\n"
        "probe = 'import os, sys\\nfrom coordinator.media import kernel\\nkernel.drop_capabilities()\\n'\n"
        "probe += 'try:\\n    os.open(f\"/proc/{os.getppid()}/mem\", os.O_RDONLY)\\n'\n"
        "probe += 'except PermissionError:\\n    print(\"refused\")\\n'\n"
        "subprocess.run([sys.executable, '-I', '-c', probe])\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


async def test_memory_is_bounded() -> None:
    """A picture that needs more memory than allowed costs one process at most, and is called too costly."""
    body = encoded(photograph(size=(4000, 3000)), "PNG", compress_level=1)
    async with Cutters(limits=Limits(address_bytes=160 << 20)) as cutters:
        end = asyncio.get_running_loop().time() + 20
        with pytest.raises(TooCostly):
            await cutters.cut([body], size=64, views=Views.ALL, lane_is_live=True, deadline_s=end)
        cut = await cutters.cut(
            [encoded(photograph(), "JPEG")], size=64, views=Views.ALL, lane_is_live=True, deadline_s=end
        )
    assert cut.format == "jpeg"


def test_describe_names_what_is_missing() -> None:
    """The line for the log says what is in force and what this kernel lacks."""
    assert describe(ALL).count(",") == 5
    assert "not on this kernel" not in describe(ALL)
    assert describe(Seal.RESOURCES).startswith("resource limits; not on this kernel: no new privileges")
