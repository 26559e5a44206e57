"""Write a list of things to stdout: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence


def write(rows: Sequence[Mapping[str, object]], *, as_json: bool, empty: str) -> None:
    """Write rows that share their keys. Without rows, `empty` goes to stderr and says what to do next."""
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    if not rows:
        sys.stderr.write(f"{empty}\n")
        return
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def tell_cut(which: str, what: str, *, count: int, limit: int) -> None:
    """Say on stderr when there is more than `--limit` let through, and how to have all."""
    if count > limit:
        sys.stderr.write(f"These are the {which} {limit} of {count} {what}: `--limit {count}` shows all.\n")
