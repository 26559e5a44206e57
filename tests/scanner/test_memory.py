"""How much memory this process uses."""

from __future__ import annotations

import subprocess
import sys

from scanner.memory import read_memory
from shared.limits import MIB

PROGRAM = """
from scanner.memory import read_memory
before = read_memory().used_bytes
block = bytearray(b"x") * (64 * 2**20)
print(before, read_memory().used_bytes)
"""


def test_memory_in_use_follows_what_is_allocated() -> None:
    """Resident memory grows with memory that is written to: in a process that has freed none before."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    before, after = map(int, done.stdout.split())
    assert 48 * MIB < after - before < 80 * MIB


def test_memory_in_use_is_less_than_the_machine_has() -> None:
    """Both are told, and this process does not use everything."""
    assert 0 < read_memory().used_bytes < read_memory().total_bytes
