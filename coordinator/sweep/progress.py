"""How a sweep goes, on stderr: a bar for people, a line now and then where nobody watches."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from coordinator.sweep.flow import Flow
from coordinator.sweep.item import printable
from coordinator.sweep.look import Settled
from coordinator.sweep.row import BAD, Action
from coordinator.sweep.state import Run
from coordinator.sweep.tally import Tally

LINE_EVERY_S = 30.0
"""Where stderr is no terminal."""


class Bar:
    """Show progress. Use it with `with`."""

    def __init__(self, *, title: str, moved_every_s: float) -> None:
        """Take what stands before the bar, and how often `moved` is called."""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=self._console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task(title, total=None, words="")
        self._live = Live(self._bar, console=self._console, auto_refresh=False, transient=True)
        self._lines_every = max(1, round(LINE_EVERY_S / moved_every_s))
        self._moves = 0

    def __enter__(self) -> Bar:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def began(self, run: Run, listing: str) -> None:
        """Say what a pass goes through."""
        self._console.print(f"Run {run.id} {'goes on with' if run.is_resumed else 'looks at'} {listing}.", markup=False)

    def settled(self, settled: Settled) -> None:
        """Tell of a file that is found, or that was to be removed and is not."""
        row = settled.row
        if row.outcome in BAD and row.action in {Action.REMOVED, Action.KEPT}:
            why = f" ({row.reason})" if row.action is Action.KEPT else ""
            self._console.print(f"{row.action}: {printable(row.place)}{why}", markup=False)

    def moved(self, tally: Tally, flow: Flow) -> None:
        """Bring the bar up to date."""
        words = words_of(tally, flow)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=tally.done, total=tally.total, words=words)
            self._live.refresh()
        elif self._moves % self._lines_every == 0 and self._moves:
            self._console.print(words, markup=False)
        self._moves += 1

    def ended(self, run: Run, tally: Tally) -> None:
        """Sum up a pass."""
        removed = tally.actions[Action.REMOVED]
        words = [
            f"{tally.done} files",
            f"{tally.remembered} known before",
            f"{tally.found} found",
            *([f"{removed} removed"] if removed else []),
            *([f"{tally.kept} to be removed and still there"] if tally.kept else []),
            f"{tally.unreadable} not readable",
            f"{tally.failed} failed",
        ]
        self._console.print(f"Run {run.id}: {', '.join(words)}.", markup=False)


def words_of(tally: Tally, flow: Flow) -> str:
    """Say how far a sweep is, in one line."""
    counting = " (counting)" if tally.is_counted else ""
    total = f" of {tally.total}" if tally.total is not None else counting
    left = "" if tally.left_s is None else f", {duration(tally.left_s)} left"
    words = (
        f"{tally.done}{total}, {tally.rate_per_s:.1f}/s{left}, {tally.found} found, "
        f"{tally.unreadable} not readable, {tally.failed} failed"
    )
    waiting = "paused" if flow.is_paused else flow.fault or tally.message
    return f"{words}; {'' if flow.is_paused else 'waiting: '}{waiting}" if waiting else words


def duration(seconds: float) -> str:
    """Write a length of time in its two largest units."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_m = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if days:
        return f"{days} d {rest_h} h"
    if hours:
        return f"{hours} h {rest_m} min"
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
