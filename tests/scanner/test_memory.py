"""How much memory this process uses."""

from __future__ import annotations

import numpy as np

from scanner.memory import read_memory
from shared.limits import MIB


def test_memory_in_use_follows_what_is_allocated() -> None:
    """Resident memory grows with memory that is written to, and is less than the machine has."""
    before = read_memory()
    block = np.ones(64 * MIB, np.uint8)
    after = read_memory()
    assert block[-1] == 1
    assert 48 * MIB < after.used_bytes - before.used_bytes < 80 * MIB
    assert 0 < after.used_bytes < after.total_bytes == before.total_bytes
