"""`make bench`: one table, and the same in build/bench.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import idle, judge, ledger, loop, media, memory, page, status, uploads
from tests.bench.rows import Row

OUTPUT = Path("build/bench.json")
PARTS = {
    "uploads": uploads.rows,
    "idle": idle.rows,
    "memory": memory.rows,
    "judge": judge.rows,
    "ledger": ledger.rows,
    "media": media.rows,
    "page": page.rows,
    "status": status.rows,
    "loop": loop.rows,
}


def table_of(rows: list[Row]) -> Table:
    """Make the table for people."""
    table = Table("what", "value", "floor", "ratio", "bar", "ok")
    for row in rows:
        cells = [f"{row[key]:.4g}" if row[key] is not None else "" for key in ("floor", "ratio", "bar")]
        verdict = "" if row["ok"] is None else "yes" if row["ok"] else "NO"
        table.add_row(row["name"], f"{row['value']:.4g} {row['unit']}", *cells, verdict)
    return table


def main() -> None:
    """Measure the parts that are asked for; exit with 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure; everything if not given")
    parts = parser.parse_args().parts or list(PARTS)
    rows = [row for part in parts for row in PARTS[part]()]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1))
    Console().print(table_of(rows))
    sys.exit(int(any(row["ok"] is False for row in rows)))


if __name__ == "__main__":
    main()
