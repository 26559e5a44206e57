"""The sentence on top: whether uploads are being checked, since when, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coordinator.judge.outcomes import Answer, Mode
from coordinator.status.refusals import RefusedAttempt
from coordinator.status.scanner import Connection, IntentKind, Place, ScannerStatus


class Checking(StrEnum):
    """What happens to an upload that comes now."""

    CHECKED = "checked"
    """A scanner looks at it."""
    UNSEEN = "accepted_unseen"
    """Nobody can; it is accepted."""
    REJECTED = "rejected"
    """Nobody can; it is rejected."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The state of the whole in words."""

    checking: Checking
    text: str
    since: datetime
    count: int
    """Uploads that were answered unseen since then; while uploads are being checked, in the last five minutes."""
    todo: str
    """What to do about it; empty when nothing needs to be done."""


def checking_of(*, is_checked: bool, answer: Answer) -> Checking:
    """Say what happens to uploads; `answer` is what one gets that nobody looks at, as mode and table have it."""
    if is_checked:
        return Checking.CHECKED
    return Checking.UNSEEN if answer is Answer.ACCEPT else Checking.REJECTED


def sentence_of(
    checking: Checking,
    *,
    since: datetime,
    count: int,
    mode: Mode,
    scanners: Sequence[ScannerStatus],
    refused: Sequence[RefusedAttempt] = (),
) -> Sentence:
    """Put the state into words."""
    when = f"{since:%Y-%m-%d %H:%M} UTC"
    match checking:
        case Checking.CHECKED:
            text = "Uploads are being checked."
            todo = f"Uploads answered unseen in the last five minutes: {count}. Add a scanner." if count else ""
            if mode is Mode.SHADOW:
                text = "Uploads are being checked; nothing is rejected (shadow mode)."
        case Checking.UNSEEN:
            text = f"Uploads are NOT being checked: accepted unseen since {when} ({count} so far)."
            todo = advice(scanners, refused)
        case Checking.REJECTED:
            text = f"Uploads are NOT being checked: rejected since {when} ({count} so far)."
            todo = advice(scanners, refused)
    return Sentence(checking, text, since, count, todo)


def advice(scanners: Sequence[ScannerStatus], refused: Sequence[RefusedAttempt]) -> str:
    """Say what to do when no scanner takes uploads: what helps soonest."""
    known = [scanner for scanner in scanners if scanner.intent.kind is not IntentKind.REVOKED]
    if not known:
        return "Make a token for a scanner: `fediward-coordinator scanner new NAME`."
    for scanner in known:
        match scanner:
            case ScannerStatus(connection=Connection.WARMING_UP):
                return f"Wait: {scanner.name} prepares its model."
            case ScannerStatus(intent=intent) if intent.kind is IntentKind.PAUSED and is_connected(scanner):
                where = "on its own machine" if intent.place is Place.MACHINE else "here"
                return f"Resume {scanner.name}: it was paused {where}{f' ({intent.note})' if intent.note else ''}."
    for scanner in known:
        if scanner.intent.kind is IntentKind.SET_ASIDE and is_connected(scanner):
            return f"Look at {scanner.name}: it is set aside ({scanner.intent.note}), and tried again by itself."
        if scanner.connection is Connection.CANNOT_SERVE:
            return f"Correct {scanner.name}: {scanner.why}."
        if scanner.connection is Connection.REFUSED:
            return f"Correct {scanner.name}: {scanner.why}."
        if scanner.connection is Connection.LATE:
            return f"Look at the line and the machine of {scanner.name}: it is connected and silent."
    seen = [scanner for scanner in known if scanner.connection is not Connection.NEVER_CONNECTED]
    if not seen:
        hint = f" The last attempt was refused: {refused[0].cause}." if refused else ""
        return f"Start the scanner {known[0].name}: no scanner has connected yet.{hint}"
    latest = max(seen, key=lambda scanner: scanner.last_sign.timestamp() if scanner.last_sign else 0.0)
    return f"Start the scanner {latest.name}, or look at its line."


def is_connected(scanner: ScannerStatus) -> bool:
    """Say whether there is a connection, whatever state it is in."""
    return scanner.connection not in {Connection.OFFLINE, Connection.NEVER_CONNECTED, Connection.REFUSED}
