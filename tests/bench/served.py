"""Coordinator and scanner as real processes on this machine, with ViT-L-14 on the processor and random weights.

    python -m tests.bench.served [--uploads 150] [--every 2]

Start to ready cold (nothing worked out yet; the file of weights may be in the system's cache) and warm, resident memory
while serving, and the time from upload to answer at a steady rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.bench.load import Answered, Caller, distinct
from tests.bench.rows import Row, at_least, at_most
from tests.bench.tower import TERMS, photographs, write_random_weights
from tests.end_to_end.processes import Coordinator, Scanner

ARCHITECTURE = "ViT-L-14"
NAME = f"{ARCHITECTURE}/random"
MOMENTS = 8


def policy_file(folder: Path, model: str = NAME) -> Path:
    """Write a policy of harmless terms for a model, as many as a real one has."""
    lines = [
        'name = "bench"',
        f'model = "{model}"',
        'rule = "every-part"',
        '[parts]\nchairs = "chairs"',
        "[thresholds.chairs]",
        *(f'"{term}" = 0.99' for term in TERMS),
    ]
    path = folder / "bench.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def picture() -> bytes:
    """Make a square JPEG: one look."""
    file = BytesIO()
    Image.fromarray(photographs(1)[0]).resize((1024, 1024)).save(file, "JPEG", quality=90)
    return file.getvalue()


def animation() -> bytes:
    """Make a WebP of as many moments as are ever looked at."""
    images = [Image.fromarray(frame) for frame in photographs(MOMENTS, seed=9)]
    file = BytesIO()
    images[0].save(file, "WEBP", save_all=True, append_images=images[1:], duration=500, lossless=False, quality=80)
    return file.getvalue()


def memory_mb(pid: int, field: str) -> float:
    """Read the resident memory of a process now (VmRSS), or its peak (VmHWM), in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024 / 1e6


async def measure(options: argparse.Namespace) -> list[Row]:
    """Start, measure, and return the rows."""
    weights = write_random_weights(ARCHITECTURE, options.weights)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coordinator = Coordinator(folder, model=NAME, policy=policy_file(folder), deadline_ms=8000, log_level="info")
        async with coordinator:
            scanner = Scanner(
                coordinator,
                "bench",
                model=NAME,
                weights=weights,
                activation="quickgelu",
                device="cpu",
                precision=options.precision,
                cache=folder / "cache",
            )
            try:
                starts = [await _start(coordinator, scanner) for _ in range(3)]
                print(scanner.log, flush=True)
                return [*_start_rows(starts), *await _uploads(coordinator, scanner, options)]
            finally:
                scanner.clean_up()


async def _start(coordinator: Coordinator, scanner: Scanner) -> float:
    if scanner._popen is not None:
        await scanner.stop()
    before, began_s = coordinator.log, time.perf_counter()
    scanner.launch()
    await coordinator.scanner_ready("bench", after=before, within_s=300)
    return time.perf_counter() - began_s


def _start_rows(starts: list[float]) -> list[Row]:
    return [
        at_most("start to ready, cold", starts[0], "s", bar=60.0),
        at_most("start to ready, warm", min(starts[1:]), "s", bar=15.0),
    ]


async def _uploads(coordinator: Coordinator, scanner: Scanner, options: argparse.Namespace) -> list[Row]:
    body, moving = picture(), animation()
    pid = scanner.process.pid
    async with Caller("127.0.0.1", coordinator.hook_port, "/api/v1/scan/IPADDR") as caller:
        for number in range(3):
            await caller.send(distinct(body, number))
        answers: list[Answered] = []
        resident: list[float] = []
        due_s = time.perf_counter()
        for number in range(options.uploads):
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            due_s += options.every
            answers.append(await caller.send(distinct(body, 100 + number)))
            resident.append(memory_mb(pid, "VmRSS"))
        videos = [await caller.send(distinct(moving, number)) for number in range(options.videos)]
    times = sorted(answer.milliseconds for answer in answers)
    late = coordinator.log.count("timed_out") + coordinator.log.count("overloaded")
    return [
        at_most("upload to answer, one frame, median", statistics.median(times), "ms", bar=900.0),
        at_most("upload to answer, one frame, 99th percentile", times[int(0.99 * (len(times) - 1))], "ms", bar=2000.0),
        at_most("upload to answer, one frame, slowest", times[-1], "ms"),
        at_most(
            f"upload of {MOMENTS} frames, slowest of {len(videos)}",
            max(v.milliseconds for v in videos),
            "ms",
            bar=6500.0,
        ),
        at_most("uploads that were late", late, "", bar=0),
        at_least("uploads answered 200", sum(answer.status == 200 for answer in answers), "", bar=len(answers)),
        at_most("scanner's resident memory, median while serving", statistics.median(resident), "MB", bar=1600.0),
        at_most("scanner's peak resident memory, warm start", memory_mb(pid, "VmHWM"), "MB"),
    ]


def main() -> None:
    """Measure, and print the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.served")
    parser.add_argument("--uploads", type=int, default=150)
    parser.add_argument("--every", type=float, default=2.0)
    parser.add_argument("--videos", type=int, default=5)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--weights", type=Path, default=Path(tempfile.gettempdir()) / "fediward-bench-weights")
    parser.add_argument("--json", type=Path, default=Path("build/bench-served.json"))
    options = parser.parse_args()
    rows = asyncio.run(measure(options))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=1))
    for row in rows:
        print(f"{row['name']}: {row['value']:.4g} {row['unit']} (bar {row['bar']}, ok {row['ok']})")


if __name__ == "__main__":
    main()
