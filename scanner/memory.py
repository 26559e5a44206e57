"""How much memory this process uses, for the load messages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of this process, and the memory of the machine; both 0 where the system does not tell."""

    used_bytes: int
    total_bytes: int


def read_memory() -> Memory:
    """Ask the system."""
    if not STATM.exists():
        return Memory(0, 0)
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    resident_pages = int(STATM.read_text().split()[1])
    return Memory(resident_pages * page_bytes, os.sysconf("SC_PHYS_PAGES") * page_bytes)
