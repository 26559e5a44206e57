"""Take from a process what it does not need: memory, processor time, files, network, new processes.

A limited process calls `bound` on itself before it loads a codec and `close` before it reads anything of an upload.
The coordinator calls `close_memory`.
"""

from __future__ import annotations

import os
import resource
import signal
from enum import IntFlag

from coordinator.media import kernel, landlock, seccomp
from coordinator.media.limits import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 32
_SPARE_CPU_S = 60


class Seal(IntFlag):
    """What a process has closed behind itself; the first two hold on any kernel."""

    RESOURCES = 1
    PRIVILEGES = 2
    CAPABILITIES = 4
    FILES = 8
    NETWORK = 16
    CALLS = 32


_WORDS = {
    Seal.RESOURCES: "resource limits",
    Seal.PRIVILEGES: "no new privileges",
    Seal.CAPABILITIES: "no capabilities",
    Seal.FILES: "no files (Landlock)",
    Seal.NETWORK: "no TCP (Landlock)",
    Seal.CALLS: "only the system calls of decoding (seccomp)",
}


def describe(seals: int) -> str:
    """Say in one line what is in force, and what this kernel does not offer."""
    there = [words for seal, words in _WORDS.items() if seals & seal]
    missing = [words for seal, words in _WORDS.items() if not seals & seal]
    return ", ".join(there) + (f"; not on this kernel: {', '.join(missing)}" if missing else "")


def close_memory() -> None:
    """Close this process's memory and environment to others of the same user, and forbid its core dumps.

    Raises OSError where the kernel refuses.
    """
    kernel.prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends; exit at once if it has ended already.

    Raises OSError where the kernel refuses.
    """
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def bound(limits: Limits) -> None:
    """Bound the memory of this process, the files that it can hold or write, its core dumps, and its privileges.

    Processor time is bounded per upload (`bound_processor`), and here for all of its life. Raises OSError where the
    kernel refuses.
    """
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    close_memory()
    for name, most in (
        (resource.RLIMIT_AS, limits.address_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CPU, int(limits.cpu_s * limits.uploads) + _SPARE_CPU_S),
    ):
        resource.setrlimit(name, (most, most))


def close() -> Seal:
    """Forbid this process files, network and new processes, as far as the kernel can; return what is in force.

    `bound` comes first, and everything that needs a file has been loaded.
    """
    seals = Seal.RESOURCES | Seal.PRIVILEGES
    try:
        kernel.drop_capabilities()
        seals |= Seal.CAPABILITIES
    except OSError:
        seals &= ~Seal.CAPABILITIES
    try:
        version = landlock.close()
        seals |= Seal.FILES | (Seal.NETWORK if landlock.closes_network(version) else Seal(0))
    except OSError:
        seals &= ~Seal.FILES
    try:
        seccomp.close()
        seals |= Seal.CALLS
    except OSError:
        seals &= ~Seal.CALLS
    return seals


def bound_processor(cpu_s: float) -> None:
    """Kill this process when it has used `cpu_s` more seconds of processor time; called again, it counts anew.

    The interval timer is exact; the resource limit counts whole seconds of the process's life and stands behind it.
    """
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime + cpu_s) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
