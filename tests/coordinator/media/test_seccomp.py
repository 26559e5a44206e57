"""The seccomp filter, run by an interpreter of its language: what it decides, on both architectures."""

from __future__ import annotations

import errno
import struct

import pytest

from coordinator.media.seccomp import program

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 4711
NUMBERS = {
    "x86_64": {"read": 0, "writev": 20, "exit_group": 231, "futex": 202, "mmap": 9, "mprotect": 10}
    | {"prlimit64": 302, "tgkill": 234, "openat": 257, "open": 2, "socket": 41, "clone": 56, "clone3": 435}
    | {"execve": 59, "fork": 57, "ptrace": 101, "kill": 62, "process_vm_readv": 310, "io_uring_setup": 425},
    "aarch64": {"read": 63, "writev": 66, "exit_group": 94, "futex": 98, "mmap": 222, "mprotect": 226}
    | {"prlimit64": 261, "tgkill": 131, "openat": 56, "socket": 198, "clone": 220, "clone3": 435}
    | {"execve": 221, "ptrace": 117, "kill": 129, "process_vm_readv": 270, "io_uring_setup": 425},
}


def decided(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Return what the filter for `machine` decides about a call."""
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<iIQ6Q", number, architecture or MACHINES[machine], 0, *padded)
    instructions = list(struct.iter_unpack("HBBI", program(machine, PID)))
    accumulator = at = 0
    while True:
        code, yes, no, value = instructions[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x15:
            at += yes if accumulator == value else no
        else:
            assert code == 0x45
            at += yes if accumulator & value else no


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["read", "writev", "exit_group", "futex"])
def test_filter_allows_decoding(machine: str, call: str) -> None:
    """What decoding needs is allowed."""
    assert decided(machine, NUMBERS[machine][call]) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_refuses_everything_else(machine: str) -> None:
    """Every call that is not on the list is refused, those of other tables and unknown ones included."""
    allowed = {number for number in range(1200) if decided(machine, number) == ALLOW}
    assert len(allowed) == 46
    for call in ("openat", "socket", "clone", "clone3", "execve", "ptrace", "kill", "process_vm_readv"):
        assert NUMBERS[machine][call] not in allowed
    for number in (NUMBERS[machine]["io_uring_setup"], 0x40000000, 0x40000000 | 1, -1):
        assert decided(machine, number) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_filter_refuses_executable_memory(machine: str, call: str) -> None:
    """Memory can be had for reading and writing, and never for running."""
    number = NUMBERS[machine][call]
    assert decided(machine, number, 0, 4096, 3) == ALLOW
    for protection in (4, 5, 7):
        assert decided(machine, number, 0, 4096, protection) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_keeps_to_its_own_process(machine: str) -> None:
    """Limits and signals are for the process itself, whatever way it names itself."""
    limit, signal = NUMBERS[machine]["prlimit64"], NUMBERS[machine]["tgkill"]
    assert [decided(machine, limit, pid) for pid in (0, PID, 1, PID + 1)] == [ALLOW, ALLOW, REFUSE, REFUSE]
    assert [decided(machine, signal, pid) for pid in (0, PID, 1, PID + 1)] == [REFUSE, ALLOW, REFUSE, REFUSE]


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_kills_calls_of_another_architecture(machine: str) -> None:
    """The numbers of another architecture mean something else: who uses them is ended."""
    for architecture in {0x40000003, *MACHINES.values()} - {MACHINES[machine]}:
        assert decided(machine, 0, architecture=architecture) == KILL


def test_filter_for_an_unknown_machine_is_refused() -> None:
    """There is no filter for a table of calls that is not known."""
    with pytest.raises(ValueError, match="riscv64"):
        program("riscv64", PID)
