"""How a sweep goes, on stdout: one JSON object a line."""

from __future__ import annotations

import json
import sys

from coordinator.sweep.flow import Flow
from coordinator.sweep.look import Settled
from coordinator.sweep.report import fields_of
from coordinator.sweep.row import BAD, JUDGED
from coordinator.sweep.state import Run
from coordinator.sweep.tally import Tally


class Lines:
    """Write a line for every file that a report would name, for the time that passes, and for both ends of a pass."""

    def began(self, run: Run, listing: str) -> None:
        """Write down what a pass goes through."""
        _write({"event": "begin", "run": run.id, "resumed": run.is_resumed, "listing": listing})

    def settled(self, settled: Settled) -> None:
        """Write down a file that is not clean."""
        row = settled.row
        if row.outcome in BAD or row.outcome not in JUDGED:
            _write({"event": "file", **fields_of(row)})

    def moved(self, tally: Tally, flow: Flow) -> None:
        """Write down how far it is."""
        waits = "paused" if flow.is_paused else flow.fault or tally.message
        left_s = None if tally.left_s is None else round(tally.left_s)
        _write({"event": "progress", **_counts(tally), "left_s": left_s, "waits": waits})

    def ended(self, run: Run, tally: Tally) -> None:
        """Sum up."""
        _write({"event": "end", "run": run.id, **_counts(tally), "outcomes": dict(+tally.outcomes)})


def _counts(tally: Tally) -> dict[str, object]:
    return {
        "done": tally.done,
        "total": tally.total,
        "rate_per_s": round(tally.rate_per_s, 2),
        "remembered": tally.remembered,
        "found": tally.found,
        "unreadable": tally.unreadable,
        "failed": tally.failed,
        "kept": tally.kept,
    }


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
