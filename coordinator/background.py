"""Let a process run when nobody else wants the processor: what nobody waits for must not slow down uploads."""

from __future__ import annotations

import os


def step_back() -> None:
    """Give this process only the processor time that nobody else wants; where that can be had.

    Among the processes of one session or one container it holds exactly; beyond that, the kernel's groups of processes
    share first (sched(7)). It cannot be taken back without privileges.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        # Not on this kernel: then it competes like any other.
        return
