"""Many seeds, on all processors."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.play import Play, Played

CHUNK = 25
REGRESSIONS = Path(__file__).with_name("regressions.txt")


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of many seeds."""

    seeds: int
    events: int
    processor_s: float
    wall_s: float
    tally: Counter[str]
    broken: tuple[Played, ...]
    """Seeds that broke a promise, with the story of the scan."""

    def __str__(self) -> str:
        lines = [
            f"{self.seeds} seeds, {self.events} events, {len(self.broken)} violations; {self.wall_s:.1f} s,"
            f" {self.events / max(self.processor_s, 1e-9):.0f} events per second of processor time"
        ]
        lines += [f"{count:10} {what}" for what, count in sorted(self.tally.items())]
        lines += [f"seed {played.seed}: {played.fault}" for played in self.broken]
        return "\n".join(lines)


def read_regressions() -> list[int]:
    """Return the seeds that once broke a promise."""
    lines = (line.partition("#")[0].strip() for line in REGRESSIONS.read_text().splitlines())
    return [int(line) for line in lines if line]


def play_all(seeds: Iterable[int], *, processes: int | None = None) -> Summary:
    """Play seeds and sum up what came of them; those that broke a promise are played again for their story."""
    chunks = list(chunked(seeds, CHUNK))
    started_s = time.monotonic()
    events = count = 0
    processor_s = 0.0
    tally: Counter[str] = Counter()
    broken: list[Played] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context) as pool:
        for summary in pool.map(play_here, chunks):
            count += summary.seeds
            events += summary.events
            processor_s += summary.processor_s
            tally += summary.tally
            broken.extend(summary.broken)
    return Summary(count, events, processor_s, time.monotonic() - started_s, tally, tuple(broken))


def chunked(seeds: Iterable[int], size: int) -> Iterator[tuple[int, ...]]:
    """Cut seeds into pieces of a size."""
    chunk: list[int] = []
    for seed in seeds:
        chunk.append(seed)
        if len(chunk) == size:
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def play_here(seeds: Iterable[int]) -> Summary:
    """Play seeds in this process."""
    started_s, began_s = time.process_time(), time.monotonic()
    events = count = 0
    tally: Counter[str] = Counter()
    broken: list[Played] = []
    for seed in seeds:
        played = Play(seed).run()
        count += 1
        events += played.events
        tally += played.tally
        if played.fault:
            broken.append(Play(seed).run(tells=True))
    return Summary(count, events, time.process_time() - started_s, time.monotonic() - began_s, tally, tuple(broken))
