"""Allow this process only the system calls that decoding needs, with a seccomp filter.

The filter is an allow list; everything else fails with EPERM, so that a library which tries something harmless goes on
without it. Numbers are those of the kernel's system call tables, offsets those of `struct seccomp_data`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from coordinator.media import kernel

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_BITS = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_KILL_PROCESS = 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_ALLOW = 0x7FFF0000

_NUMBER_AT = 0
_ARCHITECTURE_AT = 4
_FIRST_ARGUMENT_AT = 16
_THIRD_ARGUMENT_AT = 32
_PROT_EXEC = 4

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS = {
    # name: numbers on x86_64 and on aarch64
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "times": (100, 153),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "prlimit64": (302, 261),
    "tgkill": (234, 131),
}
_EXECUTABLE = ("mmap", "mprotect")
_ON_ITSELF = ("prlimit64", "tgkill")


def close() -> None:
    """Forbid this process all system calls but those of decoding; it must not be able to gain privileges any more.

    Raises OSError where the kernel has no seccomp, refuses, or is of an architecture that is not known here.
    """
    machine = platform.machine()
    if machine not in _MACHINES or struct.calcsize("P") != 8:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    instructions = program(machine, os.getpid())
    code = ctypes.create_string_buffer(instructions, len(instructions))
    # struct sock_fprog: how many instructions of eight bytes, and where they are.
    header = struct.pack("HxxxxxxP", len(instructions) // 8, ctypes.addressof(code))
    kernel.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(header, len(header)))


def program(machine: str, pid: int) -> bytes:
    """Return the filter for `machine`, in BPF, for the process `pid`.

    Memory never becomes executable; signals and resource limits concern this process only.
    """
    numbers = {name: pair[list(_MACHINES).index(machine)] for name, pair in _CALLS.items()}
    plain = [number for name, number in numbers.items() if name not in _EXECUTABLE + _ON_ITSELF]
    lines = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, _MACHINES[machine], yes=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NUMBER_AT),
        *(_executable(numbers[name]) for name in _EXECUTABLE),
        _on_itself(numbers["prlimit64"], (0, pid)),
        _on_itself(numbers["tgkill"], (pid,)),
        # Each of these jumps over those behind it and over the refusal, to the last line.
        *(_instruction(_IF_EQUAL, number, yes=len(plain) - place) for place, number in enumerate(plain)),
        _instruction(_RETURN, _REFUSE),
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(lines)


def _executable(number: int) -> bytes:
    """Return the check of a call that sets the protection of memory: allowed unless it makes it executable."""
    lines = (
        _instruction(_IF_EQUAL, number, no=4),
        _instruction(_LOAD, _THIRD_ARGUMENT_AT),
        _instruction(_IF_BITS, _PROT_EXEC, no=1),
        _instruction(_RETURN, _REFUSE),
        _instruction(_RETURN, _ALLOW),
    )
    return b"".join(lines)


def _on_itself(number: int, allowed: tuple[int, ...]) -> bytes:
    """Return the check of a call that names a process: allowed for itself only."""
    lines = [_instruction(_IF_EQUAL, number, no=len(allowed) + 3), _instruction(_LOAD, _FIRST_ARGUMENT_AT)]
    for place, pid in enumerate(allowed):
        lines.append(_instruction(_IF_EQUAL, pid, yes=len(allowed) - place))
    lines.append(_instruction(_RETURN, _REFUSE))
    lines.append(_instruction(_RETURN, _ALLOW))
    return b"".join(lines)


def _instruction(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """Return one instruction; `yes` and `no` are how many instructions a condition jumps over."""
    return struct.pack("HBBI", code, yes, no, value)
