"""`fediward-coordinator ledger …`: what is remembered, and what an admin decides about single pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from coordinator.commands import listing
from coordinator.commands.who import login
from shared.errors import ConfigurationError, FediwardError

if TYPE_CHECKING:
    from coordinator.ledger.audit import Entry
    from coordinator.ledger.debts import OpenDebt
    from coordinator.ledger.decision import Decision
    from coordinator.ledger.decisions import Decided
    from coordinator.ledger.ledger import Ledger
    from coordinator.ledger.likenesses import Listed

T = TypeVar("T")

app = typer.Typer(
    help="What is remembered of pictures, by the SHA-256 in the log and the answer. A running coordinator knows of a"
    " decision from its next upload on.",
    no_args_is_help=True,
)

Hashes = Annotated[list[str], typer.Argument(help="SHA-256 in hex, of the picture as pict-rs stores it.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]
Note = Annotated[str, typer.Option(help="Why, for whoever looks at it later.")]
Who = Annotated[str, typer.Option(help="Who decides; otherwise the name that you are logged in with.")]
Since = Annotated[str, typer.Option(help="A time such as 2026-01-31 or 2026-01-31T12:00, or a span such as 12h or 7d.")]


class UnknownPictureError(FediwardError):
    """The ledger knows nothing of a picture."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256

    def __str__(self) -> str:
        return f"The ledger knows nothing of {self.sha256}."


class NothingToForgetError(UnknownPictureError):
    """A picture is owed a look, or stands in the log, and there is nothing else about it."""

    def __str__(self) -> str:
        return f"There is nothing to forget of {self.sha256}: no decision and no verdict; debts and the log stay."


@app.command("allow")
def allow(sha256: Hashes, note: Note = "", who: Who = "") -> None:
    """Let pictures pass from now on, whatever they score."""
    from coordinator.ledger.decision import Decision

    _decide(sha256, Decision.ALLOW, note, who)


@app.command("block")
def block(
    sha256: Annotated[list[str] | None, typer.Argument(help="SHA-256 in hex, of the picture as it was sent.")] = None,
    file: Annotated[list[Path] | None, typer.Option(help="A picture itself: copies of it are blocked at once.")] = None,
    note: Note = "",
    who: Who = "",
) -> None:
    """Refuse pictures from now on, whatever they score.

    Where the extra `pdq` is installed, their resized and re-encoded copies, too, as soon as the coordinator knows what
    they look like.
    """
    from coordinator.commands.likeness import likenesses_of, read_file
    from coordinator.ledger.decision import Decision
    from coordinator.settings import load_settings

    if not sha256 and not file:
        raise ConfigurationError("Say what to block: hashes, or --file FILE.")
    read = [(path, *read_file(path)) for path in file or []]
    _decide([*(sha256 or []), *(one for _, one, _ in read)], Decision.BLOCK, note, who)
    if not read:
        return
    limits = load_settings().media_limits

    async def spread(ledger: Ledger) -> None:
        found = await likenesses_of([(path, body) for path, _, body in read], limits)
        for (_, one, _), likeness in zip(read, found, strict=True):
            if likeness is not None:
                await ledger.likenesses.spread(one, likeness)

    _with_ledger(spread)


@app.command("forget")
def forget(
    sha256: Annotated[list[str] | None, typer.Argument(help="SHA-256 in hex: decision and verdicts go.")] = None,
    scanner: Annotated[str, typer.Option(help="The verdicts of this scanner go, for pictures to be judged anew.")] = "",
    since: Since = "",
    source: Annotated[str, typer.Option(help="The decisions and PDQs of this imported list go.")] = "",
    pdq: Annotated[str, typer.Option(help="This PDQ of an imported list goes.")] = "",
    who: Who = "",
) -> None:
    """Forget pictures, an imported list or PDQ, or all verdicts of a scanner that turned out bad."""
    from coordinator.ledger.times import now

    if sum(map(bool, (sha256, scanner, source, pdq))) != 1:
        raise ConfigurationError("Say what to forget: hashes, --scanner NAME --since TIME, --source NAME or --pdq PDQ.")
    if bool(scanner) != bool(since):
        raise ConfigurationError("--scanner and --since belong together.")
    hashes, at, by = _checked(sha256 or []), now(), who or login()
    if scanner:
        moment = _since(since)
        count = _with_ledger(lambda ledger: ledger.forget_scanner(scanner, moment, who=by))
        sys.stderr.write(f"Forgot {count} verdicts.\n")
    elif source:
        count, kept = _with_ledger(lambda ledger: ledger.decisions.forget_list(source, who=by, at=at))
        stay = f" {kept} stay, by another list or an admin." if kept else ""
        sys.stderr.write(f"Forgot {count} decisions.{stay}\n")
    elif pdq:
        (one,) = _checked([pdq])
        if not _with_ledger(lambda ledger: ledger.decisions.forget_likeness(bytes.fromhex(one), who=by, at=at)):
            raise UnknownPictureError(one)
    else:

        async def forget_all(ledger: Ledger) -> None:
            for one in await ledger.decisions.forget(*dict.fromkeys(hashes), who=by, at=at):
                is_unknown = (await ledger.summary(one)).is_empty
                raise UnknownPictureError(one) if is_unknown else NothingToForgetError(one)

        _with_ledger(forget_all)


@app.command("show")
def show(sha256: Annotated[str, typer.Argument(help="SHA-256 in hex.")], as_json: Json = False) -> None:
    """Show all that is known of a picture."""
    (one,) = _checked([sha256])
    summary = _with_ledger(lambda ledger: ledger.summary(one))
    if summary.is_empty:
        raise UnknownPictureError(one)
    if as_json:
        sys.stdout.write(json.dumps(asdict(summary), indent=1) + "\n")
        return
    sections = {
        "decision": () if summary.decision is None else (summary.decision,),
        "verdict": summary.verdicts,
        "debt": summary.debts,
        "log": summary.log,
    }
    for name, items in sections.items():
        for item in items:
            sys.stdout.write(f"{name}\n")
            for key, value in item.items():
                text = ", ".join(map(str, value)) if isinstance(value, list) else value
                sys.stdout.write(f"  {key}: {'-' if text in (None, '') else text}\n")


@app.command("list")
def list_decisions(as_json: Json = False) -> None:
    """List the decisions about pictures; the PDQs of lists are in `export`."""
    rows: list[dict[str, object]] = [
        {
            "sha256": decided.sha256,
            "decision": str(decided.decision),
            "source": decided.source,
            "who": decided.who,
            "at": decided.at.isoformat(),
            "note": decided.note,
        }
        for decided in _with_ledger(lambda ledger: ledger.decisions.all())
    ]
    listing.write(
        rows, as_json=as_json, empty="No decisions yet: make one with `fediward-coordinator ledger allow HASH`."
    )


@app.command("debts")
def list_debts(
    limit: Annotated[int, typer.Option(help="At most so many, the oldest.", min=1)] = 1000, as_json: Json = False
) -> None:
    """List the pictures that were accepted unseen and not looked at since, the oldest first."""

    async def oldest(ledger: Ledger) -> tuple[tuple[OpenDebt, ...], int]:
        return await ledger.debts.all_open(limit=limit), (await ledger.debts.debt_counts()).open

    debts, count = _with_ledger(oldest)
    rows: list[dict[str, object]] = [
        {
            "sha256": owed.debt.sha256,
            "outcome": str(owed.debt.outcome),
            "media type": owed.debt.media_type,
            "at": owed.debt.at.isoformat(),
            "due": owed.due.isoformat(),
            "tries": owed.tries,
            "reason": owed.reason,
        }
        for owed in debts
    ]
    listing.write(rows, as_json=as_json, empty="No debts: everything that was accepted was looked at.")
    listing.tell_cut("oldest", "debts", count=count, limit=limit)


@app.command("log")
def log(
    since: Since = "",
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 1000,
    as_json: Json = False,
) -> None:
    """Show what happened: rejections, purges, decisions, changes of credentials."""
    moment = _since(since) if since else None

    async def newest(ledger: Ledger) -> tuple[tuple[Entry, ...], int]:
        return await ledger.audit.entries(since=moment, limit=limit), await ledger.audit.count(since=moment)

    entries, count = _with_ledger(newest)
    rows: list[dict[str, object]] = [
        {
            "at": entry.at.isoformat(),
            "what": str(entry.what),
            "sha256": entry.sha256,
            "who": entry.who,
            "details": entry.details if as_json else _in_words(entry.details),
        }
        for entry in entries
    ]
    listing.write(rows, as_json=as_json, empty="Nothing happened yet.")
    listing.tell_cut("newest", "entries", count=count, limit=limit)


@app.command("export")
def export() -> None:
    """Write all decisions, and the PDQs of lists, to stdout as CSV, for `ledger import`."""
    from coordinator.ledger.exchange import write_lines

    async def everything(ledger: Ledger) -> list[Decided | Listed]:
        return [*await ledger.decisions.all(), *await ledger.likenesses.listed()]

    for line in write_lines(_with_ledger(everything)):
        sys.stdout.write(line)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="One hash a line, or CSV with a header.", dir_okay=False)],
    source: Annotated[
        str,
        typer.Option(help="A name for the list; a hit names it. Otherwise what its column `source` says, or its file."),
    ] = "",
    pdq: Annotated[bool, typer.Option("--pdq", help="Without a header: the hashes are PDQs, not SHA-256.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out lines that are wrong.")] = False,
    who: Who = "",
) -> None:
    """Import decisions; a hash alone blocks. What was decided before stays. A wrong line stops all of it."""
    from coordinator.commands.lists import name_of, read_list
    from coordinator.ledger.exchange import Defaults
    from coordinator.ledger.times import now

    at, by = now(), who or login()
    name = name_of(file, source)
    defaults = Defaults(who=by, at=at, source=source, name=name)
    decided, listed, left_out = read_list(file, defaults, is_pdq=pdq, skip_bad=skip_bad)
    sources = {one.source for one in decided} | {one.source for one in listed}
    one_source = sources.pop() if len(sources) == 1 else ""
    new = _with_ledger(lambda ledger: ledger.decisions.add_list(decided, listed, who=by, at=at, source=one_source))
    if one_source == name and not source:
        sys.stderr.write(f"The list is named {name}.\n")
    before = len(decided) + len(listed) - new
    sys.stderr.write(f"Imported {new}; {before} were decided before; {left_out} left out.\n")


def _decide(hashes: list[str], decision: Decision, note: str, who: str) -> None:
    from coordinator.ledger.decisions import Decided
    from coordinator.ledger.times import now

    at, by = now(), who or login()
    decided = [Decided(sha256, decision, by, at, note) for sha256 in _checked(hashes)]
    _with_ledger(lambda ledger: ledger.decisions.decide(*decided))


def _with_ledger(work: Callable[[Ledger], Awaitable[T]]) -> T:
    import asyncio

    from coordinator.ledger.ledger import Ledger
    from coordinator.settings import load_settings

    path = load_settings().ledger_file

    async def run() -> T:
        async with Ledger(path) as ledger:
            return await work(ledger)

    return asyncio.run(run())


def _checked(hashes: list[str]) -> list[str]:
    from coordinator.ledger.exchange import is_sha256

    for text in hashes:
        if not is_sha256(text):
            raise ConfigurationError(f"{text[:80]!r} is no SHA-256 in hex: 64 digits.")
    return [text.lower() for text in hashes]


def _since(text: str) -> datetime:
    from coordinator.ledger.times import now, parse_since

    try:
        return parse_since(text, now())
    except ValueError:
        raise ConfigurationError(f"--since: {text[:40]!r} is neither a time nor a span such as 7d.") from None


def _in_words(details: object) -> str:
    assert isinstance(details, dict)
    words = (f"{name}={','.join(v) if isinstance(v, list) else v}" for name, v in details.items())
    return " ".join(word for word in words if not word.endswith("="))
