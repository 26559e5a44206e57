"""The composition root of a sweep: settings and what an admin asks for in, a running sweep out."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from coordinator.background import step_back
from coordinator.ledger.times import parse_since
from coordinator.pictrs.client import PictRs
from coordinator.settings import Settings, load_settings
from coordinator.sweep.asking import Asking
from coordinator.sweep.calibrating import Calibrating
from coordinator.sweep.calibration import Calibration
from coordinator.sweep.card import REPORT_EVERY_S
from coordinator.sweep.errors import AwayError, SourceError
from coordinator.sweep.flow import MOST_AT_ONCE
from coordinator.sweep.format import Format
from coordinator.sweep.lines import Lines
from coordinator.sweep.removal import PictRsRemoval, Removal, StoreRemoval
from coordinator.sweep.report import written
from coordinator.sweep.row import BAD
from coordinator.sweep.session import Plan, Session, Watcher
from coordinator.sweep.sources.opening import Choices, identity, open_source
from coordinator.sweep.sources.source import Source
from coordinator.sweep.state import State, connect, last_run, notable_rows
from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode

SHOWN_ROWS = 1000
"""Rows at the end of a sweep; `sweep report` writes all."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an admin asks for."""

    address: str
    choices: Choices
    everything: bool = False
    since: str = ""
    every: str = ""
    limit_per_s: float | None = None
    purge: bool = False
    restart: bool = False
    state: Path | None = None
    as_json: bool = False


def sweep(request: Request) -> ExitCode:
    """Run a sweep to its end. Raises SweepError, StoppedError and ConfigurationError."""
    settings = load_settings()
    plan = plan_of(request, datetime.now(UTC))
    step_back()
    return asyncio.run(_sweep(request, settings, plan))


def calibrated(
    address: str, choices: Choices, settings: Settings, *, sample: int | None, limit_per_s: float | None
) -> Calibrating:
    """Run a calibration to its end. Raises SweepError, StoppedError and ConfigurationError."""
    step_back()
    return asyncio.run(_calibrated(address, choices, settings, sample, limit_per_s))


async def _calibrated(
    address: str, choices: Choices, settings: Settings, sample: int | None, limit_per_s: float | None
) -> Calibrating:
    async with AsyncExitStack() as stack:
        source = open_source(address, choices)
        stack.push_async_callback(source.close)
        asking = Asking(_sweep_url(settings), most_at_once=MOST_AT_ONCE, margins=True)
        await stack.enter_async_context(asking)
        calibrating = Calibrating(
            source=source,
            asking=asking,
            body_limit_bytes=settings.body_limit,
            calibration=Calibration(await asking.check()),
            sample=sample,
            limit_per_s=limit_per_s,
        )
        bar = stack.enter_context(_bar(source.name))
        with _ends_on_sigterm():
            await calibrating.run(bar.moved)
    if not calibrating.calibration.pictures:
        raise SourceError("None of the files is a picture that could be looked at.")
    return calibrating


def _sweep_url(settings: Settings) -> str:
    if settings.sweep_url is None:
        raise ConfigurationError(
            "FEDIWARD_SWEEP_URL is not set: make a caller with `fediward-coordinator caller new sweep --sweep`, and "
            "put http://ADDRESS:14051 before the path that it prints."
        )
    return settings.sweep_url.get_secret_value()


def plan_of(request: Request, at: datetime) -> Plan:
    """Read the times that were asked for. Raises ConfigurationError."""

    def moment(option: str, text: str) -> float | None:
        try:
            return parse_since(text, at).timestamp() if text else None
        except ValueError:
            raise ConfigurationError(f"{option}: {text[:40]!r} is no span such as 30s, 20m, 12h or 7d.") from None

    earlier_s = moment("--every", request.every)
    return Plan(
        everything=request.everything,
        since_s=moment("--since", request.since),
        every_s=None if earlier_s is None else max(1.0, at.timestamp() - earlier_s),
        restart=request.restart,
        limit_per_s=request.limit_per_s,
    )


def with_settings(choices: Choices, settings: Settings) -> Choices:
    """Add what the settings say about sources."""
    key = settings.pictrs_api_key.get_secret_value() if settings.pictrs_api_key is not None else ""
    return replace(choices, pictrs_url=settings.pictrs_url, pictrs_key=key)


def state_file(address: str, choices: Choices, settings: Settings) -> Path:
    """Return where it is kept what was done of a source."""
    digest = hashlib.sha256(os.fsencode(identity(address, choices))).hexdigest()
    return settings.data_dir / "sweeps" / f"{digest[:16]}.sqlite"


async def _sweep(request: Request, settings: Settings, plan: Plan) -> ExitCode:
    url = _sweep_url(settings)
    choices = with_settings(request.choices, settings)
    async with AsyncExitStack() as stack:
        source = open_source(request.address, choices)
        stack.push_async_callback(source.close)
        path = request.state or state_file(request.address, choices, settings)
        removal = await _removal(request, choices, source, stack)
        asking = await stack.enter_async_context(Asking(url, most_at_once=MOST_AT_ONCE))
        await _wait_for(asking, for_ever=plan.every_s is not None)
        state = await stack.enter_async_context(State(path))
        watcher: Watcher = Lines() if request.as_json else stack.enter_context(_bar(source.name))
        session = Session(
            name=path.stem[:64],
            source=source,
            removal=removal,
            purges=request.purge,
            asking=asking,
            state=state,
            plan=plan,
            watcher=watcher,
            body_limit_bytes=settings.body_limit,
        )
        with _ends_on_sigterm():
            await session.run()
        tally = session.tally
    if not request.as_json:
        await asyncio.to_thread(_show, path)
    if tally.found:
        return ExitCode.FOUND
    return ExitCode.FAILED if tally.failed or tally.kept else ExitCode.DONE


async def _removal(request: Request, choices: Choices, source: Source, stack: AsyncExitStack) -> Removal | None:
    """Return what can remove files, and knows their other names; None when nothing is to be removed, or known."""
    if not choices.by_time:
        return StoreRemoval(source)
    if choices.pictrs_url and choices.pictrs_key:
        return PictRsRemoval(await stack.enter_async_context(PictRs(choices.pictrs_url, choices.pictrs_key)))
    if request.purge:
        raise ConfigurationError(
            "--purge with --pictrs-store needs FEDIWARD_PICTRS_URL and FEDIWARD_PICTRS_API_KEY: behind its back, "
            "pict-rs would go on to hand out what is gone."
        )
    return None


async def _wait_for(asking: Asking, *, for_ever: bool) -> None:
    """Return once the coordinator is there. Raises AwayError, RefusedError and StrangerError."""
    has_told = False
    while True:
        try:
            await asking.check()
        except AwayError as error:
            if not for_ever:
                raise
            if not has_told:
                sys.stderr.write(f"Waiting: {error}.\n")
                has_told = True
            await asyncio.sleep(5.0)
        else:
            return


@contextmanager
def _bar(title: str) -> Iterator[Watcher]:
    # It takes 50 ms to import, and nobody looks at it in a service.
    from coordinator.sweep.progress import Bar

    with Bar(title=title, moved_every_s=REPORT_EVERY_S) as bar:
        yield bar


@contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    running = asyncio.current_task()
    assert running is not None
    loop.add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _show(path: Path) -> None:
    """Write what was found; what could only not be read is left to `sweep report`."""
    database = connect(path)
    try:
        rows = [row for row in notable_rows(database, run=last_run(database)) if row.outcome in BAD]
    finally:
        database.close()
    for piece in written(rows[:SHOWN_ROWS], Format.TABLE):
        sys.stdout.write(piece)
    if len(rows) > SHOWN_ROWS:
        sys.stderr.write(f"{len(rows) - SHOWN_ROWS} more: `fediward-coordinator sweep report` writes all.\n")
