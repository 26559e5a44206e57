"""Run the hostile corpus: `python -m tests.fuzz [N] [--seed S]`; exit 1 if a promise is broken."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

from tests.fuzz.run import run

SEED = 20_261_122


def main() -> int:
    """Run as the command line says, print what happened, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Cut hostile files in limited processes.")
    parser.add_argument("count", nargs="?", type=int, default=2000, help="how many files (default: 2000)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the mutations (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=max(2, os.cpu_count() or 2), help="limited processes")
    chosen = parser.parse_args()
    began = time.monotonic()
    report = asyncio.run(run(chosen.count, chosen.seed, workers=chosen.workers))
    for outcome, number in report.outcomes.most_common():
        print(f"{number:8} {outcome}")
    print(f"{report.replaced:8} processes replaced")
    print(f"slowest {report.slowest_s:.2f} s: {report.slowest}")
    print(f"memory {report.grown_bytes / 2**20:+.1f} MB; {time.monotonic() - began:.0f} s; seed {chosen.seed}")
    for fault in report.faults:
        print(f"FAULT: {fault}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
