"""Memory that uploads took goes back to the system: in a process of its own, whose heap nobody else uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
from pathlib import Path
from coordinator.allocator import return_free_memory, return_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

async def main():
    return_large_blocks()
    counts = {"admitted": 0, "open": 1}
    returning = asyncio.create_task(return_free_memory(lambda: counts["admitted"], lambda: counts["open"]))
    await asyncio.sleep(0)
    before = resident()
    # A small block after each frame keeps the heap from shrinking at its end.
    frames, between = [], []
    for _ in range(300):
        frames.append(bytearray(150_528))
        between.append(bytearray(1000))
    del frames
    counts["admitted"] = 300
    kept = resident() - before
    counts["open"] = 0
    async with asyncio.timeout(20):
        while resident() - before > kept / 4:
            await asyncio.sleep(0.1)
    returning.cancel()
    print(kept)

asyncio.run(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_free_memory_is_returned_when_uploads_pause() -> None:
    """What lies free between blocks in use goes back once no upload is on its way."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20e6, "nothing was kept that could have been returned: the test shows nothing"
