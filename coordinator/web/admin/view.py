"""What the page shows of a snapshot: the live cells by key, and the shape that says when the page itself must be new.

Pure. Templates put the same cells into the page that are sent to it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from coordinator.status.problems import Cause
from coordinator.status.scanner import Connection, IntentKind, Place, ScannerStatus
from coordinator.status.sentence import is_connected
from coordinator.status.snapshot import Snapshot
from coordinator.web.admin import words

Cell: TypeAlias = str | tuple[str, str]
"""A text, or a text and its kind: `ok`, `wait`, `warn`, `bad`, `off`, or empty."""

Cells: TypeAlias = dict[str, Cell]


NOT_PAYABLE = "They are only listed: set FEDIWARD_PICTRS_URL and FEDIWARD_PICTRS_API_KEY to have them looked at."


@dataclass(frozen=True, slots=True)
class Row:
    """A scanner as its row shows it; what changes all the time is in the cells."""

    name: str
    anchor: str
    """Where the row is in the page; the name may hold anything."""
    is_connected: bool
    is_paused: bool
    """Here: a pause at its own machine ends there."""
    is_aside: bool
    is_revoked: bool

    @property
    def shape(self) -> str:
        """Say what the row offers: when that changes the row is made anew."""
        flags = (self.is_connected, self.is_paused, self.is_aside, self.is_revoked)
        return "".join("+" if flag else "-" for flag in flags)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an admin should look at."""

    key: str
    """The same for the same thing, whatever figures its text holds."""
    text: str
    anchor: str
    since: datetime | None = None


def anchor_of(name: str) -> str:
    """Return a name for a place in the page that stays the same."""
    return "s" + hashlib.sha256(name.encode()).hexdigest()[:10]


def key_of(kind: str, subject: str) -> str:
    """Return what a kind of notice about somebody is known by."""
    return "n" + hashlib.sha256(f"{kind} {subject}".encode()).hexdigest()[:20]


def rows_of(snapshot: Snapshot) -> tuple[Row, ...]:
    """Return the rows of the table of scanners, in the snapshot's order."""
    return tuple(
        Row(
            name=scanner.name,
            anchor=anchor_of(scanner.name),
            is_connected=is_connected(scanner),
            is_paused=scanner.intent.kind is IntentKind.PAUSED and scanner.intent.place is Place.PAGE,
            is_aside=scanner.intent.kind is IntentKind.SET_ASIDE,
            is_revoked=scanner.intent.kind is IntentKind.REVOKED,
        )
        for scanner in snapshot.scanners
    )


def shape_of(snapshot: Snapshot, rows: tuple[Row, ...], others: str = "") -> str:
    """Return a digest of all that the page was made of and that no cell changes; `others` is more of that."""
    policy = snapshot.policy
    digest = hashlib.sha256(f"{snapshot.started} {policy.mode} {policy.fingerprint} {others}".encode())
    for row in rows:
        digest.update(f"{row.anchor}{row.shape}".encode())
    return digest.hexdigest()[:16]


def cells_of(snapshot: Snapshot) -> Cells:
    """Return all live cells."""
    cells: Cells = dict(_top(snapshot))
    cells.update(_uploads(snapshot))
    for scanner in snapshot.scanners:
        cells.update(_scanner(scanner))
    return cells


def notices_of(snapshot: Snapshot) -> tuple[Notice, ...]:
    """Return what needs an admin, beside what the sentence says."""
    return tuple(_notices(snapshot))


def _top(snapshot: Snapshot) -> Iterator[tuple[str, Cell]]:
    sentence = snapshot.sentence
    kind = words.CHECKING_KINDS[sentence.checking]
    yield "title", f"{words.CHECKING_TITLES[sentence.checking]} – Fediward"
    yield "sentence", sentence.text
    yield "state", ("", kind)
    yield "todo", sentence.todo
    yield "at", words.iso(snapshot.at)
    ready = sum(scanner.takes_uploads for scanner in snapshot.scanners)
    yield "scanners", f"{ready} of {words.count(len(snapshot.scanners), 'scanner')} can take an upload now"


def _uploads(snapshot: Snapshot) -> Iterator[tuple[str, Cell]]:
    uploads, minutes = snapshot.uploads, snapshot.uploads.minutes
    for outcome in uploads.day:
        for span, counts in (("hour", uploads.hour), ("day", uploads.day)):
            number = counts.get(outcome, 0)
            kind = words.OUTCOME_KINDS.get(outcome, "warn") if number else "none"
            yield f"o.{outcome}.{span}", (f"{number:,}", kind)
    yield "total.hour", f"{sum(uploads.hour.values()):,}"
    yield "total.day", f"{sum(uploads.day.values()):,}"
    yield "in_flight", words.count(uploads.in_flight, "upload")
    for key, values, text in (
        ("uploads", [float(m.uploads) for m in minutes], "{:.0f}"),
        ("p95", [m.p95_ms for m in minutes], "{:.0f} ms"),
        ("flight", [float(m.most_in_flight) for m in minutes], "{:.0f}"),
    ):
        yield f"spark.{key}", words.sparkline(values)
        yield f"spark.{key}.now", text.format(values[-1] if values else 0)
        yield f"spark.{key}.most", text.format(max(values, default=0))
    for lane in snapshot.lanes:
        yield f"lane.{lane.lane}", words.count(lane.depth, "scan")
        yield f"lane.{lane.lane}.oldest", words.duration(lane.oldest_s) if lane.depth else words.NOTHING
    debts = snapshot.debts
    yield "debts", (f"{debts.open:,}", "warn" if debts.open else "")
    yield "debts.oldest", words.iso(debts.oldest)
    yield "debts.fault", _debts_fault(snapshot)


def _debts_fault(snapshot: Snapshot) -> str:
    debts = snapshot.debts
    if debts.fault:
        return f"They cannot be looked at now: {debts.fault}."
    return NOT_PAYABLE if debts.open and not debts.is_payable else ""


def _scanner(scanner: ScannerStatus) -> Iterator[tuple[str, Cell]]:
    key = anchor_of(scanner.name)
    yield f"{key}.state", words.CONNECTION_WORDS[scanner.connection]
    yield f"{key}.since", words.iso(scanner.since)
    yield f"{key}.why", scanner.why
    yield f"{key}.intent", _intent(scanner)
    yield f"{key}.until", words.iso(scanner.intent.until)
    yield f"{key}.note", scanner.intent.note
    host = "" if scanner.host == scanner.name else scanner.host
    yield f"{key}.host", " · ".join(text for text in (host, scanner.version) if text)
    yield f"{key}.device", words.device(scanner)
    yield f"{key}.model", _model(scanner)
    yield f"{key}.flight", f"{scanner.in_flight} / {scanner.capacity}" if is_connected(scanner) else words.NOTHING
    yield f"{key}.memory", words.memory(scanner.memory_used_bytes, scanner.memory_total_bytes)
    yield f"{key}.scans", f"{scanner.scans:,}"
    yield f"{key}.speed", words.speed(scanner.frames_per_s)
    yield f"{key}.times", words.both(scanner.timing)
    yield f"{key}.split", words.split(scanner.timing)
    yield f"{key}.faults", (str(scanner.faults), "warn" if scanner.faults else "")
    yield f"{key}.fault", scanner.last_fault
    yield f"{key}.unlike", (str(scanner.disagreements), "bad" if scanner.disagreements else "")
    yield f"{key}.result", words.iso(scanner.last_result)
    yield f"{key}.connected", words.iso(scanner.connected)


def _intent(scanner: ScannerStatus) -> Cell:
    intent = scanner.intent
    match intent.kind:
        case IntentKind.PAUSED:
            by = "on its own machine" if intent.place is Place.MACHINE else f"by {intent.who}"
            return f"paused {by}{' until' if intent.until else ''}", "wait"
        case IntentKind.SET_ASIDE:
            return f"set aside{' until' if intent.until else ''}", "warn"
        case IntentKind.REVOKED:
            return "revoked", "off"
        case IntentKind.ACTIVE:
            return "", ""


def _model(scanner: ScannerStatus) -> Cell:
    if not scanner.models:
        return ""
    names = ", ".join(scanner.models)
    return names if scanner.model_asked in scanner.models else (f"{names}, not {scanner.model_asked}", "bad")


def _notices(snapshot: Snapshot) -> Iterator[Notice]:
    for problem in snapshot.problems:
        if problem.cause is not Cause.NOT_CHECKED:
            anchor = anchor_of(problem.subject) if problem.subject else "debts"
            yield Notice(
                key_of(problem.cause, problem.subject), f"{problem.text} {problem.todo}", anchor, problem.since
            )
    for scanner in snapshot.scanners:
        name, anchor = scanner.name, anchor_of(scanner.name)
        if scanner.connection in {Connection.LATE, Connection.REFUSED}:
            text = f"The scanner {name} is {scanner.connection}: {scanner.why}."
            yield Notice(key_of(scanner.connection, name), text, anchor, scanner.since)
        if (device := words.device(scanner))[1] and is_connected(scanner):
            yield Notice(key_of("device", name), f"The scanner {name} computes on {device[0]}.", anchor)
        if scanner.disagreements:
            times = words.count(scanner.disagreements, "time")
            yield Notice(key_of("unlike", name), f"The scanner {name} disagreed with another one {times}.", anchor)
    if (debts := snapshot.debts).open and not debts.is_payable:
        text = f"{words.count(debts.open, 'picture')} accepted unseen. {NOT_PAYABLE}"
        yield Notice(key_of("not payable", ""), text, "debts", debts.oldest)
