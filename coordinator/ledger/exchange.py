"""Lists of decisions and likenesses as text: one hash a line, or CSV with a header as `ledger export` writes it.

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
from coordinator.ledger.likenesses import Listed
from coordinator.ledger.times import from_seconds, to_seconds
from coordinator.media.looks import Likeness

COLUMNS = ("sha256", "pdq", "quality", "decision", "source", "who", "at", "note")
MAX_NOTE_CHARACTERS = 500
MAX_SOURCE_CHARACTERS = 100
SOURCE_RULE = f"at most {MAX_SOURCE_CHARACTERS} printable characters"
FULL_QUALITY = 100
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_QUALITY = re.compile(r"[0-9]{1,3}")


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
    name: str = ""
    """The source of every line of a list that has no column for it."""


def is_sha256(text: str) -> bool:
    """Say whether a text is a SHA-256 in hex, or a PDQ: nothing tells one from the other."""
    return _SHA256.fullmatch(text) is not None


def is_source(text: str) -> bool:
    """Say whether a text can be the name of a list: it stands in logs, and is typed to forget the list."""
    return 0 < len(text) <= MAX_SOURCE_CHARACTERS and text.isprintable() and text == text.strip()


def read_lines(
    lines: Iterable[str], defaults: Defaults, *, is_pdq: bool = False
) -> Iterator[Decided | Listed | LineError]:
    """Yield what each line says that is neither empty nor a comment (`#`), or what is wrong with it.

    Without a header a line is a hash, then perhaps a decision and a note; `is_pdq` says that the hashes are PDQs, which
    are 64 digits, too. A hash alone blocks. A line that has both hashes is both.
    """
    columns: Sequence[str] = ("pdq" if is_pdq else "sha256", "decision", "note")
    is_first = True
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        may_be_header, is_first = is_first, False
        try:
            cells = _cells(number, text)
            if may_be_header and {"sha256", "pdq"} & set(names := [cell.lower() for cell in cells]):
                columns = names
                continue
            yield from _said(number, dict(zip(columns, cells, strict=False)), defaults)
        except LineError as error:
            yield error


def write_lines(lines: Iterable[Decided | Listed]) -> Iterator[str]:
    """Yield the lines of a CSV file, header first."""
    yield ",".join(COLUMNS) + "\n"
    for one in lines:
        line = StringIO()
        at = one.at.isoformat().replace("+00:00", "Z")
        note = " ".join(one.note.split())
        said: tuple[str | int, ...]
        if isinstance(one, Listed):
            said = ("", one.likeness.pdq.hex(), one.likeness.quality, Decision.BLOCK)
        else:
            said = (one.sha256, "", "", one.decision)
        csv.writer(line, lineterminator="\n").writerow([*said, one.source, one.who, at, note])
        yield line.getvalue()


def _cells(number: int, text: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text]))]
    except csv.Error:
        most = csv.field_size_limit()
        raise LineError(number, f"is no line of CSV, whose cells have at most {most:,} characters") from None


def _said(number: int, cells: dict[str, str], defaults: Defaults) -> Iterator[Decided | Listed]:
    """Yield what a line says, after all of it was checked."""
    sha256, pdq = cells.get("sha256", ""), cells.get("pdq", "")
    if not is_sha256(sha256 or pdq):
        kind = "PDQ" if "sha256" not in cells else "SHA-256"
        raise LineError(number, f"has no {kind} in hex, 64 digits")
    if pdq and not is_sha256(pdq):
        raise LineError(number, "has a PDQ that is not 64 digits in hex")
    decided = _decided(number, cells, defaults)
    if pdq and decided.decision is Decision.ALLOW:
        raise LineError(number, "allows a PDQ, by which pictures can only be blocked")
    listed = None
    if pdq:
        likeness = Likeness(bytes.fromhex(pdq), _quality(number, cells.get("quality", "")))
        listed = Listed(likeness, decided.who, decided.at, decided.note, decided.source)
    if sha256:
        yield decided
    if listed is not None:
        yield listed


def _quality(number: int, text: str) -> int:
    if not text:
        return FULL_QUALITY
    if not (_QUALITY.fullmatch(text) and int(text) <= FULL_QUALITY):
        raise LineError(number, "has a quality that is not a number from 0 to 100")
    return int(text)


def _decided(number: int, cells: dict[str, str], defaults: Defaults) -> Decided:
    """Read the decision of a line, about its SHA-256, if it has one."""
    try:
        decision = Decision(cells.get("decision", "").lower() or Decision.BLOCK)
    except ValueError:
        raise LineError(number, "says neither allow nor block") from None
    source = defaults.source or cells.get("source", defaults.name)
    if source and not is_source(source):
        raise LineError(number, f"has a source that is no name: {SOURCE_RULE}")
    text = cells.get("at", "")
    return Decided(
        sha256=cells.get("sha256", "").lower(),
        decision=decision,
        who=cells.get("who") or defaults.who,
        at=_at(number, text) if text else defaults.at,
        note=cells.get("note", "")[:MAX_NOTE_CHARACTERS],
        source=source,
    )


def _at(number: int, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise LineError(number, "has a time that is not ISO 8601") from None
    try:
        # As the ledger keeps it: what it could not give back is not taken.
        return from_seconds(to_seconds(at if at.tzinfo else at.replace(tzinfo=UTC)))
    except ValueError:
        raise LineError(number, "has a time that is outside of the years 1 to 9999, UTC") from None
