"""What an admin has set while the coordinator runs: paused scanners, and whether answers count. Kept over a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coordinator.dispatch import events as ev
from coordinator.hub import Hub
from coordinator.judge.outcomes import Mode, OutcomeTable
from coordinator.ledger.times import Clock, now
from coordinator.private_file import write_private
from coordinator.status.scanner import Pause
from shared.errors import ConfigurationError

logger = logging.getLogger(__name__)


class ModeChange(BaseModel):
    """The mode that an admin has set in the place of the setting's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode
    setting: Mode
    """FEDIWARD_MODE at that time: when it is changed later, the setting counts again."""
    who: str
    since: datetime


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    pauses: dict[str, Pause] = Field(default_factory=dict)
    mode: ModeChange | None = None


class Steering:
    """Carry out what an admin sets, and keep it in one file of mode 0600.

    Run `end_pauses` beside it. A change counts at once, also when the file cannot be written: then OSError is raised.
    """

    def __init__(self, path: Path, *, hub: Hub, outcomes: OutcomeTable, clock: Clock = now) -> None:
        """Read the file and set what it says. Raises ConfigurationError when it is damaged."""
        self._path = path
        self._hub = hub
        self._outcomes = outcomes
        self._clock = clock
        self._setting = outcomes.mode
        self._writing = asyncio.Lock()
        self._changed = asyncio.Event()
        kept = _read(path)
        self._pauses = dict(kept.pauses)
        self.mode_change = kept.mode if kept.mode is not None and kept.mode.setting is self._setting else None
        """None while FEDIWARD_MODE counts."""
        if self.mode_change is not None:
            outcomes.mode = self.mode_change.mode
            logger.warning("mode %s, as %s set it on the admin page", outcomes.mode, self.mode_change.who)
        for name in self._pauses:
            hub.handle(ev.ScannerHeld(name, True))

    @property
    def pauses(self) -> Mapping[str, Pause]:
        """The paused scanners by name."""
        return MappingProxyType(self._pauses)

    @property
    def mode(self) -> Mode:
        """Whether answers count now."""
        return self._outcomes.mode

    @property
    def mode_setting(self) -> Mode:
        """What FEDIWARD_MODE says."""
        return self._setting

    async def pause(self, scanner: str, *, who: str, note: str = "", until: datetime | None = None) -> None:
        """Push to a scanner no more; it finishes what it has. A pause that is there is replaced."""
        self._pauses[scanner] = Pause(who=who, note=note, since=self._clock(), until=until)
        self._hub.handle(ev.ScannerHeld(scanner, True))
        self._changed.set()
        logger.info("scanner %s is paused by %s until %s", scanner, who, until or "it is resumed")
        await self._keep()

    async def resume(self, scanner: str) -> bool:
        """Push to a scanner again; False when it was not paused."""
        if self._pauses.pop(scanner, None) is None:
            return False
        self._hub.handle(ev.ScannerHeld(scanner, False))
        logger.info("the pause of scanner %s has ended", scanner)
        await self._keep()
        return True

    def forgive(self, scanner: str) -> None:
        """Have a scanner that was set aside tried now; nothing of that is kept."""
        self._hub.handle(ev.ScannerForgiven(scanner))

    async def set_mode(self, mode: Mode, *, who: str) -> None:
        """Let answers count, or not; what the setting says anyway is kept as nothing."""
        self._outcomes.mode = mode
        is_setting = mode is self._setting
        self.mode_change = (
            None if is_setting else ModeChange(mode=mode, setting=self._setting, who=who, since=self._clock())
        )
        logger.warning("mode %s, set by %s", mode, who)
        await self._keep()

    async def end_pauses(self) -> None:
        """Resume scanners whose pause has an end; runs until cancelled."""
        while True:
            self._changed.clear()
            ends = {name: pause.until for name, pause in self._pauses.items() if pause.until is not None}
            name = min(ends, key=lambda name: ends[name], default="")
            wait_s = max((ends[name] - self._clock()).total_seconds(), 0.0) if name else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                try:
                    await self.resume(name)
                except OSError as error:
                    logger.error("%s cannot be written: %s", self._path, error.strerror)

    async def _keep(self) -> None:
        async with self._writing:
            text = _Kept(pauses=self._pauses, mode=self.mode_change).model_dump_json(indent=1)
            await asyncio.to_thread(write_private, self._path, text)


def _read(path: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _Kept()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path} is damaged; remove it to begin without pauses, in FEDIWARD_MODE.") from error
