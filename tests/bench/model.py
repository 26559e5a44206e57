"""`make bench-model`: the bare loop beside the engine, alternating, on one device; random weights, no download.

    python -m tests.bench.model --device cpu
    python -m tests.bench.model --device cuda --json $OUT/cuda.json     # about 3 minutes on a large card
    python -m tests.bench.model --table build/bench-model-cpu.json cuda.json

It needs Python 3.11 or newer, torch 2.9 or newer with torchvision and numpy, and open_clip_torch with what that imports
(ftfy, wcwidth, regex, tqdm, timm, huggingface_hub, safetensors); beside them only pydantic (with pydantic_core,
typing_inspection, annotated_types), msgpack, and the folders scanner/, shared/ and tests/bench/ of this repository.
Random weights are kept in --weights (a folder, 2.3 GB for both models).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from scanner.curve import capacity_of
from scanner.engine import Engine
from scanner.models.clip import ClipModel
from scanner.models.clip.hardware import machine
from scanner.models.device import choose
from tests.bench.matrix import kernel_shares, peak_flop_per_s, top_kernels
from tests.bench.rows import Row, at_least, at_most
from tests.bench.through_engine import Heartbeat, load_s, running, scan_s
from tests.bench.tower import PRECISIONS, TERMS, Bare, photographs, shape_of, write_random_weights

ARCHITECTURES = ("ViT-B-32", "ViT-L-14")
BATCHES = {"cpu": (1, 2, 4), "mps": (1, 2, 4, 8, 16), "cuda": (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)}
USEFUL_SHARE = 0.97
"""A larger batch is worth its latency only while it brings more than the rest of this."""

MIB = 1024 * 1024


def main() -> None:
    """Measure, say it on stdout, and exit with 1 when a bar is missed."""
    options = _options()
    if options.table:
        print(table({path.stem: json.loads(path.read_text()) for path in options.table}))
        return
    if options.threads:
        torch.set_num_threads(options.threads)
    device = options.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    rows: list[Row] = [at_least("machine's matrix peak, fp32", _peak(device, "fp32") / 1e12, "TFLOP/s")]
    for architecture in options.architecture or ARCHITECTURES:
        measured = measure(architecture, device, options)
        rows += measured
        _say(measured)
    result = {"machine": describe(device), "command": " ".join(sys.argv[1:]), "rows": rows}
    options.json = options.json or Path(f"build/bench-model-{device}.json")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1))
    print(table({device: result}))
    sys.exit(int(any(row["ok"] is False for row in rows)))


def measure(architecture: str, device: str, options: argparse.Namespace) -> list[Row]:
    """Measure one architecture on a device."""
    weights = write_random_weights(architecture, options.weights)
    began_s = time.perf_counter()
    precision = choose(device, options.precision, machine()).precision
    model = ClipModel.open(
        f"{architecture}/random",
        weights=weights,
        activation="quickgelu",
        device=device,
        # By its name, because the engine gives up one that was left to it, and the bare loop would keep it.
        precision=precision,
        threads=options.threads,
    )
    opened_s = time.perf_counter() - began_s
    print(f"\n{architecture}: {model.device}", flush=True)
    bare = Bare(architecture, weights, device=device, precision=precision)
    peak = _peak(device, precision)
    flop = shape_of(architecture).flop
    curve = _curve(bare, device, options.rounds)
    for batch, batch_s, tower_s in curve:
        print(
            f"  batch {batch:4d}: bare loop {batch / batch_s:9.1f} frames/s, {batch_s * 1000:8.1f} ms; "
            f"tower alone {batch / tower_s:9.1f} frames/s, {flop * batch / tower_s / peak:6.1%} of the matrix peak",
            flush=True,
        )
    best = _useful(curve)
    print(f"  largest useful batch {best}", flush=True)
    row = f"{architecture} {precision}"
    rows = [
        at_least(f"{row}: matrix peak", peak / 1e12, "TFLOP/s"),
        at_most(f"{row}: model open", opened_s, "s"),
        at_least(
            f"{row}: bare tower's best share of the peak",
            max(flop * batch / tower_s for batch, _, tower_s in curve) / peak,
            "of peak",
            bar=0.4 if device == "cuda" else None,
        ),
        at_least(f"{row}: largest useful batch", best, "frames"),
    ]
    if device == "cuda":
        _profile(bare, best)
    rows += asyncio.run(_beside(row, model, bare, best, device, options))
    rows.append(at_most(f"{row}: peak resident memory of the process, both loops", _resident_bytes() / MIB, "MiB"))
    if device == "cuda":
        held = torch.cuda.max_memory_allocated() / MIB
        rows.append(at_most(f"{row}: peak device memory, both loops", held, "MiB"))
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return rows


async def _beside(
    row: str, model: ClipModel, bare: Bare, best: int, device: str, options: argparse.Namespace
) -> list[Row]:
    """Alternate bare loop and engine, so that whatever else the machine does slows both alike."""
    heartbeat, engine = Heartbeat(), Engine(model, batch_frames=best)
    async with heartbeat.watched():
        context = running(engine, TERMS)
        failed = await context.__aenter__()
    try:
        print(f"  {failed or 'the self-test holds'}", flush=True)
        gpu = device != "cpu"
        rows = [
            *await _alone(row, engine, bare, heartbeat, gpu=gpu, rounds=options.rounds),
            *await _loaded(row, engine, bare, heartbeat, gpu=gpu, options=options),
        ]
    finally:
        await context.__aexit__(None, None, None)
    return [*rows, at_most(f"{row}: event loop late at worst", heartbeat.worst_s * 1e3, "ms", bar=50.0)]


async def _alone(row: str, engine: Engine, bare: Bare, heartbeat: Heartbeat, *, gpu: bool, rounds: int) -> list[Row]:
    """Measure one scan after another."""
    one, most = photographs(1), photographs(16, seed=2)
    bare_s, engine_s, most_s = [], [], []
    for number in range(rounds * (10 if gpu else 3)):
        bare_s.append(bare.score_s(one, rounds=1))
        async with heartbeat.watched():
            engine_s.append(await scan_s(engine, one))
            if gpu or number == 0:
                most_s.append(await scan_s(engine, most))
    bare_ms, engine_ms, most_ms = (statistics.median(times) * 1e3 for times in (bare_s, engine_s, most_s))
    beside = f"{row}: one scan of one frame, beside the bare loop"
    return [
        at_most(f"{row}: one scan of one frame", engine_ms, "ms", bar=25.0 if gpu else None),
        at_most(beside, engine_ms, "ms", floor=bare_ms, bar=None if gpu else 1.15),
        at_most(f"{row}: one scan of 16 frames", most_ms, "ms"),
    ]


async def _loaded(
    row: str, engine: Engine, bare: Bare, heartbeat: Heartbeat, *, gpu: bool, options: argparse.Namespace
) -> list[Row]:
    """Measure with as much waiting as the scanner would take."""
    best = engine.batch_frames
    many, pool = photographs(best), photographs(max(2 * best, 32), seed=3)
    batches = _rounds(bare, many, seconds=options.seconds)
    bare_rates: list[float] = []
    rates: dict[int, list[float]] = {1: [], 8: []}
    for _ in range(options.rounds):
        bare_rates.append(best / bare.score_s(many, rounds=batches))
        for scan, found in rates.items():
            scans = max(1, batches * best // scan)
            async with heartbeat.watched():
                took_s = await load_s(engine, pool, scans=scans, frames_a_scan=scan, in_flight=capacity_of(best))
            found.append(scans * scan / took_s)
    rows = [at_least(f"{row}: bare loop", statistics.median(bare_rates), "frames/s")]
    for scan, found in rates.items():
        ratios = [rate / floor for rate, floor in zip(found, bare_rates, strict=True)]
        print(f"  engine / bare loop, scans of {scan}: " + ", ".join(f"{ratio:.3f}" for ratio in ratios), flush=True)
        rate = statistics.median(found)
        floor = rate / statistics.median(ratios)
        rows.append(
            at_least(f"{row}: engine, scans of {scan}", rate, "frames/s", floor=floor, bar=0.9 if gpu else 0.87)
        )
    return rows


def _curve(bare: Bare, device: str, rounds: int) -> list[tuple[int, float, float]]:
    """Give batch, seconds of the bare loop and seconds of the tower alone, up to what memory holds."""
    curve = []
    for batch in BATCHES[device]:
        frames = photographs(batch)
        try:
            bare.score(frames)
            bare.wait()
            times = _rounds(bare, frames, seconds=0.2) if device != "cpu" else 1
            batch_s = min(bare.score_s(frames, rounds=times) for _ in range(rounds))
            tower_s = min(bare.tower_s(batch, rounds=times) for _ in range(rounds))
        except torch.OutOfMemoryError:
            break
        curve.append((batch, batch_s, tower_s))
    return curve


def _rounds(bare: Bare, frames: Any, *, seconds: float) -> int:
    """Say how many batches fill so many seconds."""
    return max(1, round(seconds / bare.score_s(frames, rounds=1)))


def _useful(curve: list[tuple[int, float, float]]) -> int:
    most = max(batch / batch_s for batch, batch_s, _ in curve)
    return next(batch for batch, batch_s, _ in curve if batch / batch_s >= USEFUL_SHARE * most)


def _profile(bare: Bare, batch: int) -> None:
    shares = ", ".join(f"{kind} {share:.1%}" for kind, share in kernel_shares(bare, batch).items())
    print(f"  where a batch of {batch} spends its time on the device: {shares}")
    for name, share, calls in top_kernels(bare, batch):
        print(f"    {share:6.1%} {calls:5d} x {name}")
    sys.stdout.flush()


def _peak(device: str, precision: str) -> float:
    return peak_flop_per_s(torch.device(device), PRECISIONS[precision])


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def describe(device: str) -> str:
    """Say what was measured on."""
    name = torch.cuda.get_device_name(0) if device == "cuda" else platform.processor() or platform.machine()
    return (
        f"{name}, {torch.get_num_threads()} threads, Python {platform.python_version()}, torch {torch.__version__}, "
        f"{time.strftime('%Y-%m-%d')}"
    )


def _say(rows: list[Row]) -> None:
    for row in rows:
        bar = "" if row["bar"] is None else f", bar {row['bar']:.4g}: {'yes' if row['ok'] else 'NO'}"
        ratio = "" if row["ratio"] is None else f", ratio {row['ratio']:.3f}"
        print(f"  {row['name']}: {row['value']:.4g} {row['unit']}{ratio}{bar}", flush=True)


def table(results: dict[str, Any]) -> str:
    """Make a table with a column for each device, in Markdown."""
    names = list(dict.fromkeys(row["name"] for result in results.values() for row in result["rows"]))
    lines = ["| what | " + " | ".join(results) + " |", "|---" * (len(results) + 1) + "|"]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(_cell(result["rows"], name) for result in results.values()) + " |")
    return "\n".join([*(f"{name}: {result['machine']}" for name, result in results.items()), "", *lines])


def _cell(rows: list[Row], name: str) -> str:
    row = next((row for row in rows if row["name"] == name), None)
    if row is None:
        return "not measured"
    ratio = "" if row["ratio"] is None else f" ({row['ratio']:.3f} x)"
    return f"{row['value']:.4g} {row['unit']}{ratio}" + (" MISSED" if row["ok"] is False else "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.model", description=__doc__)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--precision", default="auto", choices=("auto", *PRECISIONS))
    parser.add_argument("--architecture", action="append", choices=ARCHITECTURES)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one round under load")
    parser.add_argument("--weights", type=Path, default=Path(tempfile.gettempdir()) / "fediward-bench-weights")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path, nargs="+", help="make one table of earlier results instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
