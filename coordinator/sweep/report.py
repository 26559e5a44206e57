"""What a sweep found, for people and programs: a table, CSV, JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO

from coordinator.sweep.format import Format
from coordinator.sweep.item import printable
from coordinator.sweep.names import name_of
from coordinator.sweep.row import Row

SHOWN_HASH = 12

NAMES = ("path", "outcome", "action", "parts", "sha256", "bytes", "aliases", "known_as", "reason")


def fields_of(row: Row) -> dict[str, object]:
    """Return what a report says of a file. `known_as` is the name that the tools of other software need."""
    return {
        "path": printable(row.place),
        "outcome": row.outcome,
        "action": str(row.action),
        "parts": list(row.parts),
        "sha256": row.sha256,
        "bytes": row.size_bytes,
        "aliases": list(row.aliases),
        "known_as": name_of(row.place),
        "reason": row.reason,
    }


def written(rows: Iterable[Row], format: Format) -> Iterator[str]:
    """Yield the report in pieces, row by row: it may be long. Nothing where a table has no rows."""
    if format is Format.JSON:
        yield from (json.dumps(fields_of(row)) + "\n" for row in rows)
    elif format is Format.CSV:
        yield _csv(NAMES)
        yield from (_csv([_cell(value) for value in fields_of(row).values()]) for row in rows)
    else:
        for row in rows:
            yield from _entry(row)


def _entry(row: Row) -> Iterator[str]:
    parts = f" ({', '.join(row.parts)})" if row.parts else ""
    action = f", {row.action}" if row.action else ""
    yield f"{row.outcome}{parts}{action}  {row.sha256[:SHOWN_HASH] or '-'}  {printable(row.place)}\n"
    others = (("known as", name_of(row.place)), ("aliases", ", ".join(row.aliases)), ("reason", row.reason))
    yield from (f"    {name}: {text}\n" for name, text in others if text)


def _csv(cells: Iterable[object]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: object) -> object:
    text = " ".join(map(str, value)) if isinstance(value, list) else value
    # Spreadsheets run what begins so.
    return f"'{text}" if isinstance(text, str) and text[:1] in {"=", "+", "-", "@"} else text
