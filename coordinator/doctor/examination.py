"""Look at everything, in the order in which an upload needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from coordinator.credentials import Credentials
from coordinator.doctor import clock, data_dir, public, service, validation, variables
from coordinator.doctor.knock import NotReachedError, knock
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.ledger import Ledger
from coordinator.pictrs.trial import Trial
from coordinator.settings import Settings
from shared.findings import Finding, State, unknown


async def examine(environment: Mapping[str, str], env_file: Path) -> AsyncIterator[Finding]:
    """Yield what was found, as it is found."""
    settings, found = variables.look_at_settings()
    yield found
    yield variables.look_at_names(environment, env_file)
    if settings is None:
        return
    _, found = variables.look_at_policy(settings)
    yield found
    folder = data_dir.look_at_folder(settings.data_dir)
    yield folder
    ledger = await asyncio.to_thread(data_dir.look_at_ledger, settings.ledger_file)
    yield ledger
    yield data_dir.look_at_credentials(lambda: _count(settings))
    hook = await service.look_at_listener("FEDIWARD_HOOK_BIND", settings.hook_bind)
    yield hook
    door = await service.look_at_listener("FEDIWARD_PUBLIC_BIND", settings.public_bind)
    yield door
    if door.state is State.GOOD:
        yield await service.look_at_scanners(settings.public_bind)
    if hook.state is State.GOOD:
        yield await service.look_at_verdict(settings.hook_bind)
    may_open = folder.state is State.GOOD and ledger.state is State.GOOD
    async for found in _examine_pictrs(settings, may_open=may_open):
        yield found
    clocks: dict[str, datetime] = {}
    if not settings.public_url:
        yield unknown(
            "public address",
            "FEDIWARD_PUBLIC_URL is not set, so that the way of the scanners is not tried",
            cure="Set it to the address that scanners use, like wss://fediward.example.org.",
        )
    else:
        found, date = await public.look_at_public_url(settings.public_url)
        yield found
        if date is not None:
            clocks["what answers at FEDIWARD_PUBLIC_URL"] = date
        yield await public.look_from_outside(settings.public_url, settings.hook_bind)
    if settings.pictrs_url:
        clocks |= await _clock_of(settings.pictrs_url)
    newest = await _newest(settings) if may_open else None
    yield clock.look_at_clock(datetime.now(UTC), clocks, newest)


async def _examine_pictrs(settings: Settings, *, may_open: bool) -> AsyncIterator[Finding]:
    if not settings.pictrs_url or settings.pictrs_api_key is None:
        yield unknown(
            "pict-rs",
            "FEDIWARD_PICTRS_URL and FEDIWARD_PICTRS_API_KEY are not both set, so that it is not tried, and pictures"
            " that are accepted unseen are only listed",
            cure="Set both.",
        )
        return
    async with Trial(settings.pictrs_url, settings.pictrs_api_key.get_secret_value()) as pictrs:
        found = await validation.look_at_pictrs(pictrs)
        yield found
        if found.state is not State.GOOD:
            return
        if not may_open:
            yield unknown("validation", "without a ledger nobody can tell whether pict-rs asks here")
            return
        try:
            async with Ledger(settings.ledger_file) as ledger:

                async def rejections(since: datetime) -> tuple[Entry, ...]:
                    return await ledger.audit.entries(since=since, what=What.REJECTION)

                for found in await validation.look_at_validation(pictrs, ledger, rejections, datetime.now(UTC)):
                    yield found
        except LedgerError as error:
            yield unknown("validation", f"the ledger does not say whether pict-rs asks here: {error}")


async def _clock_of(pictrs_url: str) -> Mapping[str, datetime]:
    try:
        date = (await knock(f"{pictrs_url.rstrip('/')}/healthz")).date
    except NotReachedError:
        # The finding about pict-rs says so.
        return {}
    return {} if date is None else {"pict-rs": date}


async def _newest(settings: Settings) -> datetime | None:
    try:
        async with Ledger(settings.ledger_file) as ledger:
            entries = await ledger.audit.entries(limit=1)
    except LedgerError:
        # The finding about the ledger says so.
        return None
    return entries[-1].at if entries else None


def _count(settings: Settings) -> tuple[int, int]:
    book = Credentials(settings.credentials_file).book
    return len(book.callers), len(book.scanners)
