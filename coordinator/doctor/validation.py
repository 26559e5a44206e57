"""Look at pict-rs: whether it is there, takes the key, and has an upload validated here."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from coordinator.doctor.picture import fresh_picture
from coordinator.ledger.audit import Entry
from coordinator.ledger.summary import Summary
from coordinator.pictrs.errors import (
    FaultError,
    NotServedError,
    PictRsError,
    StrangerError,
    UnreachableError,
    WrongKeyError,
)
from coordinator.pictrs.trial import Kept
from shared.findings import Finding, good, unknown, wrong

WRITTEN_S = 4.0
"""The coordinator writes verdicts down soon, not at once."""
PAUSE_S = 0.2

REFUSED = "failed-external-validation"
PART = "pict-rs"
CURE = (
    "Set PICTRS__MEDIA__EXTERNAL_VALIDATION to the path that `fediward-coordinator caller new` prints, behind"
    " http://ADDRESS:14051 with the coordinator's IP address, and restart pict-rs."
)


class PictRs(Protocol):
    """What is asked of pict-rs; `coordinator.pictrs.trial.Trial` does it."""

    async def show_key(self) -> None: ...
    async def upload(self, picture: bytes) -> Kept: ...
    async def original(self, kept: Kept) -> bytes: ...
    async def remove(self, kept: Kept) -> None: ...


class Memory(Protocol):
    """What is asked of the ledger."""

    async def summary(self, sha256: str) -> Summary: ...


Rejections = Callable[[datetime], Awaitable[tuple[Entry, ...]]]
"""Return the rejections since a time."""


async def look_at_pictrs(pictrs: PictRs) -> Finding:
    """Say whether pict-rs is reached with its key."""
    try:
        await pictrs.show_key()
    except UnreachableError as error:
        return wrong(
            "pict-rs",
            f"it cannot be reached at FEDIWARD_PICTRS_URL: {error.reason}",
            part=PART,
            cure="Start it, or correct FEDIWARD_PICTRS_URL: as seen from where the coordinator runs.",
        )
    except WrongKeyError:
        return wrong(
            "pict-rs",
            "it refuses FEDIWARD_PICTRS_API_KEY",
            part="FEDIWARD_PICTRS_API_KEY",
            cure="Give both the same key: FEDIWARD_PICTRS_API_KEY here, PICTRS__SERVER__API_KEY there.",
        )
    except StrangerError as error:
        return wrong(
            "pict-rs",
            str(error),
            part="FEDIWARD_PICTRS_URL",
            cure="Let it name pict-rs itself, not Lemmy or a proxy before it.",
        )
    except FaultError as error:
        return wrong("pict-rs", str(error), part=PART, cure="Read its log; it fails on its own database.")
    return good("pict-rs", "is reached, and takes the key")


async def look_at_validation(
    pictrs: PictRs, memory: Memory, rejections: Rejections, since: datetime, *, written_s: float = WRITTEN_S
) -> list[Finding]:
    """Upload a picture to pict-rs, find out whether the coordinator was asked about it, and remove it again."""
    try:
        kept = await pictrs.upload(fresh_picture())
    except FaultError as error:
        return [await _judge_refusal(error, rejections, since)]
    except PictRsError as error:
        return [wrong("validation", f"a test upload fails: {error}", part=PART, cure="Read the log of pict-rs.")]
    try:
        found = await _judge_kept(pictrs, memory, kept, written_s)
    finally:
        removal = await _remove(pictrs, kept)
    return [found, removal]


async def _judge_refusal(error: FaultError, rejections: Rejections, since: datetime) -> Finding:
    if error.code == REFUSED:
        # Times in the ledger are whole seconds.
        ours = await rejections(since - timedelta(seconds=1))
        outcomes = sorted({str(entry.details.get("outcome", "")) for entry in ours} - {""})
        if ours:
            return wrong(
                "validation",
                f"the coordinator was asked, and refused a harmless test picture: {', '.join(outcomes) or 'rejected'}",
                part="coordinator",
                cure="What stands in the way of a verdict is named by the other findings; FEDIWARD_ON_… says what to"
                " answer without one.",
            )
        return wrong(
            "validation",
            "pict-rs was told no, but by no verdict: its URL holds a secret that is unknown, its network is unknown, or"
            " it asks somebody else",
            part="PICTRS__MEDIA__EXTERNAL_VALIDATION, or the callers",
            cure=f"{CURE} `fediward-coordinator caller list` shows who is known.",
        )
    if error.status >= 500:
        return wrong(
            "validation",
            f"pict-rs fails on every upload ({error.code or error.status}): most likely it does not reach the address"
            " in PICTRS__MEDIA__EXTERNAL_VALIDATION",
            part="PICTRS__MEDIA__EXTERNAL_VALIDATION, or FEDIWARD_HOOK_BIND",
            cure=f"{CURE} FEDIWARD_HOOK_BIND must listen where pict-rs, in its container, can reach it.",
        )
    return wrong("validation", f"a test upload is refused: {error}", part=PART, cure="Read the log of pict-rs.")


async def _judge_kept(pictrs: PictRs, memory: Memory, kept: Kept, written_s: float) -> Finding:
    try:
        # What it keeps, not what it was sent: it may have transcoded it.
        sha256 = hashlib.sha256(await pictrs.original(kept)).hexdigest()
    except (NotServedError, UnreachableError) as error:
        return unknown("validation", f"a test upload was kept, but not handed out again: {error}")
    if await _is_known(memory, sha256, written_s):
        return good("validation", "pict-rs had a test upload looked at here before it kept it")
    return wrong(
        "validation",
        "pict-rs keeps pictures without asking here",
        part="PICTRS__MEDIA__EXTERNAL_VALIDATION",
        cure=CURE,
    )


async def _is_known(memory: Memory, sha256: str, written_s: float) -> bool:
    try:
        async with asyncio.timeout(written_s):
            while True:
                if not (await memory.summary(sha256)).is_empty:
                    return True
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        return False


async def _remove(pictrs: PictRs, kept: Kept) -> Finding:
    try:
        await pictrs.remove(kept)
    except PictRsError as error:
        return wrong(
            "removal",
            f"the test picture is still in pict-rs under {kept.alias}: {error}",
            part=PART,
            cure="Remove it there by that alias; it shows grey stripes.",
        )
    return good("removal", "the test picture is removed again")
