"""What 200 uploads of 40 MB at once cost in memory, with no scanner there: bodies are held, or hashed and dropped."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

from tests.bench.rows import Row, at_most
from tests.bench.uploads import noise_jpeg, peak_mb
from tests.end_to_end.processes import Coordinator

UPLOADS = 200
UPLOAD_BYTES = 40 * 1000 * 1000
CHUNK_BYTES = 64 * 1024
BODY_MEMORY_MB = 256
DEADLINE_MS = 120_000
"""Not the default: on two cores the senders alone need more than eight seconds for 8 GB."""


class Upload:
    """The bytes of all uploads: a picture, then nothing up to their size, then a number of its own for each."""

    def __init__(self, picture: bytes) -> None:
        body = picture + bytes(UPLOAD_BYTES - 8 - len(picture))
        self.parts = [memoryview(body)[start : start + CHUNK_BYTES] for start in range(0, len(body), CHUNK_BYTES)]
        self._digest = hashlib.sha256(body)

    def sha256(self, number: int) -> str:
        """Return the hash of one upload."""
        digest = self._digest.copy()
        digest.update(number.to_bytes(8, "big"))
        return digest.hexdigest()


async def send(port: int, upload: Upload, number: int) -> tuple[int, float]:
    """Send one upload; return its status, and its seconds from the first byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /api/v1/scan/IPADDR HTTP/1.1\r\nHost: here\r\nContent-Type: image/jpeg\r\n")
    writer.write(f"Content-Length: {UPLOAD_BYTES}\r\n\r\n".encode())
    began_s = time.perf_counter()
    for part in upload.parts:
        writer.write(part)
        await writer.drain()
    writer.write(number.to_bytes(8, "big"))
    status = int((await reader.readline()).split()[1])
    took_s = time.perf_counter() - began_s
    writer.close()
    return status, took_s


def recorded(coordinator: Coordinator) -> set[str]:
    """Return the hashes of the pictures that were accepted unseen."""
    with closing(sqlite3.connect(coordinator.data_dir / "ledger.sqlite")) as ledger:
        return {row[0].hex() for row in ledger.execute("SELECT sha256 FROM debts")}


async def measure() -> list[Row]:
    """Send all uploads at once; return the rows."""
    upload = Upload(noise_jpeg((640, 480)))
    with tempfile.TemporaryDirectory() as folder:
        settings = {"body_memory": f"{BODY_MEMORY_MB}MB", "deadline_ms": DEADLINE_MS, "log_level": "warning"}
        async with Coordinator(Path(folder), **settings) as coordinator:
            process = psutil.Process(coordinator.process.pid)
            sending = (send(coordinator.hook_port, upload, number) for number in range(UPLOADS))
            answers = await asyncio.gather(*sending)
            peak = peak_mb(process)
            missing = set(map(upload.sha256, range(UPLOADS))) - recorded(coordinator)
    slowest_s = max(took_s for _, took_s in answers)
    return [
        at_most(f"peak memory, {UPLOADS} uploads of 40 MB", peak, "MB", bar=BODY_MEMORY_MB + 200),
        at_most("of these not accepted (200)", sum(status != 200 for status, _ in answers), "", bar=0),
        at_most("of these without their hash in the ledger", len(missing), "", bar=0),
        at_most("slowest of these", slowest_s, "s", bar=DEADLINE_MS / 1e3),
    ]


def rows() -> list[Row]:
    """Measure, and return the rows."""
    return asyncio.run(measure())
