"""`python -m tests.simulation --seeds N [--start S]`."""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.simulation.play import Play

n = int(sys.argv[1])
start = int(sys.argv[2]) if len(sys.argv) > 2 else 0
t = time.perf_counter()
ev = 0
tally: Counter[str] = Counter()
faults: Counter[str] = Counter()
first: dict[str, int] = {}
for seed in range(start, start + n):
    p = Play(seed).run()
    ev += p.events
    tally += p.tally
    if p.fault:
        line = p.fault.splitlines()[0].split("(")[0]
        faults[line] += 1
        first.setdefault(line, seed)
dt = time.perf_counter() - t
print(f"{n} seeds, {ev} events, {dt:.1f} s, {ev / dt:.0f} events/s, {1e3 * dt / n:.1f} ms a seed")
for k, v in faults.most_common():
    print(v, k, "seed", first[k])
for k, v in sorted(tally.items()):
    print(f"{v:8} {k}")
