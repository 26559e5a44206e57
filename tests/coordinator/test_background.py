"""What nobody waits for runs when nobody else wants the processor."""

from __future__ import annotations

import os
import subprocess
import sys


def test_step_back_gives_way_to_all_others() -> None:
    """The whole process has the policy that the kernel has for that (sched(7)); threads that it starts have it too."""
    program = (
        "import os, threading\n"
        "from coordinator.background import step_back\n"
        "step_back()\n"
        "print(os.sched_getscheduler(0))\n"
        "thread = threading.Thread(target=lambda: print(os.sched_getscheduler(0)))\n"
        "thread.start(); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(os.SCHED_IDLE)] * 2
