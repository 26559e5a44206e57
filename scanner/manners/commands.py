"""`fediward-scanner pause` and `resume`: leave an order for the scanners on this machine, and say what comes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scanner.manners.duration import parse_duration
from scanner.manners.opening import find_state_dir
from scanner.manners.order import Order
from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Given:
    """An order that was left in a folder, and whether a scanner reads that folder now."""

    order: Order
    folder: Path
    running: bool

    def __str__(self) -> str:
        until = (
            "`fediward-scanner resume`" if self.until is None else f"{self.until:%Y-%m-%d %H:%M} (UTC{self.until:%z})"
        )
        done = (
            f"paused until {until}: no new scans, and those in flight are finished"
            if self.order.pause
            else "the pause is over; FEDIWARD_HOURS and FEDIWARD_YIELD_GPU go on to count"
        )
        if self.running:
            return f"{done}. The scanner hears of it within a second or two."
        return (
            f"{done}. But no scanner that reads {self.folder} is running: it counts for the next one. If yours belongs "
            "to another user or container, give the command there, or its folder with --state-dir."
        )

    @property
    def until(self) -> datetime | None:
        """End of the pause, in local time."""
        return None if self.order.until_s is None else datetime.fromtimestamp(self.order.until_s).astimezone()

    @property
    def record(self) -> dict[str, object]:
        """The same for `--json`."""
        until = None if self.until is None else self.until.isoformat(timespec="seconds")
        return {
            "pause": self.order.pause,
            "until": until,
            "scanner_running": self.running,
            "state_dir": str(self.folder),
        }


def pause(length: str | None, state_dir: Path | None) -> Given:
    """Pause for a time like `2h`, or until resumed (None). Raises ConfigurationError."""
    now_s = time.time()
    try:
        until_s = None if length is None else now_s + parse_duration(length)
    except ValueError as error:
        raise ConfigurationError(f"--for is wrong: {error}") from error
    return _give(Order(now_s, pause=True, until_s=until_s), state_dir)


def resume(state_dir: Path | None) -> Given:
    """End a pause. Raises ConfigurationError."""
    return _give(Order(time.time(), pause=False), state_dir)


def _give(order: Order, chosen: Path | None) -> Given:
    state_dir = find_state_dir(chosen)
    try:
        state_dir.write(order)
        running = state_dir.is_claimed()
    except OSError as error:
        raise ConfigurationError(f"FEDIWARD_STATE_DIR: cannot use {state_dir.folder}: {error.strerror}") from error
    return Given(order, state_dir.folder, running)
