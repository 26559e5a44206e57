"""Let a process run when nobody else wants the processor: what nobody waits for must not slow down uploads."""

from __future__ import annotations

import os


def step_back(pid: int = 0) -> None:
    """Give a process, this one by itself, only the processor time that nobody else wants; where that can be had.

    It cannot be taken back without privileges (sched(7)). Among the processes of one session or one container it holds
    exactly; beyond that, the kernel's groups of processes share first.
    """
    try:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        # Not on this kernel, or it has ended already: then it competes like any other.
        return
