"""Lists of decisions as text: one hash a line, or CSV with a header as `ledger export` writes it.

Pure: no input or output.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided

COLUMNS = ("sha256", "decision", "source", "who", "at", "note")
MAX_NOTE_CHARACTERS = 500
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class LineError(ValueError):
    """A line cannot be imported; `str` is a sentence that begins with its number."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(number, what)
        self.number = number
        self.what = what

    def __str__(self) -> str:
        return f"Line {self.number} {self.what}."


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a line means that does not say so itself."""

    who: str
    at: datetime
    source: str = ""
    """When given, it is the source of every line, whatever the line says."""


def is_sha256(text: str) -> bool:
    """Say whether a text is a SHA-256 in hex."""
    return _SHA256.fullmatch(text) is not None


def read_lines(lines: Iterable[str], defaults: Defaults) -> Iterator[Decided | LineError]:
    """Yield one decision, or what is wrong with it, for each line that is neither empty nor a comment (`#`).

    Without a header a line is a hash, then perhaps a decision and a note. A hash alone blocks.
    """
    columns: Sequence[str] = ("sha256", "decision", "note")
    is_first = True
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([text]))]
        if is_first and "sha256" in (names := [cell.lower() for cell in cells]):
            columns, is_first = names, False
            continue
        is_first = False
        try:
            yield _decided(number, dict(zip(columns, cells, strict=False)), defaults)
        except LineError as error:
            yield error


def write_lines(decided: Iterable[Decided]) -> Iterator[str]:
    """Yield the lines of a CSV file, header first."""
    yield ",".join(COLUMNS) + "\n"
    for one in decided:
        line = StringIO()
        at = one.at.isoformat().replace("+00:00", "Z")
        note = " ".join(one.note.split())
        csv.writer(line, lineterminator="\n").writerow([one.sha256, one.decision, one.source, one.who, at, note])
        yield line.getvalue()


def _decided(number: int, cells: dict[str, str], defaults: Defaults) -> Decided:
    sha256 = cells.get("sha256", "")
    if not is_sha256(sha256):
        raise LineError(number, "has no SHA-256 in hex, 64 digits")
    try:
        decision = Decision(cells.get("decision", "").lower() or Decision.BLOCK)
    except ValueError:
        raise LineError(number, "says neither allow nor block") from None
    at = defaults.at
    if text := cells.get("at", ""):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise LineError(number, "has a time that is not ISO 8601") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Decided(
        sha256=sha256.lower(),
        decision=decision,
        who=cells.get("who") or defaults.who,
        at=at,
        note=cells.get("note", "")[:MAX_NOTE_CHARACTERS],
        source=defaults.source or cells.get("source", ""),
    )
