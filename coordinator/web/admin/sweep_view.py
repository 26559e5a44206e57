"""What the page shows of sweeps: live cells, and the rows that they stand in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coordinator.sweeps import KnownSweep, LastCalibration, Order, Sweeps, SweepState
from coordinator.web.admin import words
from coordinator.web.admin.view import Cell, Cells, anchor_of

STATE_KINDS: Mapping[SweepState, str] = {
    SweepState.RUNNING: "ok",
    SweepState.WAITING: "wait",
    SweepState.PAUSED: "wait",
    SweepState.ENDED: "off",
}


@dataclass(frozen=True, slots=True)
class SweepRow:
    """A sweep as its row shows it; what changes all the time is in the cells."""

    caller: str
    name: str
    source: str
    anchor: str
    purges: bool
    is_over: bool
    """It ended, or is not heard of any more: nothing can be asked of it."""
    is_paused: bool
    """By the page, whether it knows it already or not."""
    limit_per_s: str
    """The rate set on the page; empty for the one that it was started with."""

    @property
    def shape(self) -> str:
        """Say what the row offers: when that changes the row is made anew."""
        return f"{self.anchor}{self.is_over}{self.is_paused}{self.purges}{self.limit_per_s}"


def sweep_rows(sweeps: Sweeps) -> tuple[SweepRow, ...]:
    """Return the rows, the sweep that was heard of last first."""
    return tuple(
        SweepRow(
            caller=sweep.caller,
            name=sweep.name,
            source=sweep.report.source,
            anchor=_anchor(sweep),
            purges=sweep.report.purges,
            is_over=sweep.report.state is SweepState.ENDED or sweeps.is_silent(sweep),
            is_paused=sweep.wanted.order is Order.PAUSE,
            limit_per_s="" if sweep.wanted.limit_per_s is None else f"{sweep.wanted.limit_per_s:g}",
        )
        for sweep in sorted(sweeps.all(), key=lambda sweep: (sweep.caller, sweep.name))
    )


def sweep_cells(sweeps: Sweeps) -> Cells:
    """Return the live cells of all sweeps, and that of the last calibration."""
    cells: Cells = {"calibration": _calibration(sweeps.last_calibration)}
    for sweep in sweeps.all():
        cells.update(_cells(sweep, is_silent=sweeps.is_silent(sweep)))
    return cells


def sweep_shape(rows: Sequence[SweepRow]) -> str:
    """Return what the page was made of, as far as sweeps go."""
    return "".join(row.shape for row in rows)


def _cells(sweep: KnownSweep, *, is_silent: bool) -> Iterator[tuple[str, Cell]]:
    key, report = _anchor(sweep), sweep.report
    is_over = is_silent or report.state is SweepState.ENDED
    yield f"{key}.state", ("not heard of", "warn") if is_silent else (str(report.state), STATE_KINDS[report.state])
    yield f"{key}.why", "" if is_over else report.message
    total = "" if report.total is None else f" of {report.total:,}"
    yield f"{key}.done", f"{report.done:,}{total}"
    yield f"{key}.share", "" if not report.total else f"{min(1.0, report.done / report.total):.0%}"
    yield f"{key}.rate", words.NOTHING if is_over else f"{report.rate_per_s:.1f}"
    is_known = report.left_s is not None and not is_over
    yield f"{key}.left", words.duration(report.left_s or 0.0) if is_known else words.NOTHING
    yield f"{key}.found", (f"{report.found:,}", "bad" if report.found else "")
    yield f"{key}.unreadable", f"{report.unreadable:,}"
    yield f"{key}.failed", (f"{report.failed:,}", "warn" if report.failed else "")


def _calibration(last: LastCalibration | None) -> str:
    if last is None:
        return "none yet; run `fediward-coordinator calibrate`"
    result = last.result
    share = result.flagged / result.pictures if result.pictures else 0.0
    return (
        f"{last.at:%Y-%m-%d}: {result.flagged:,} of {words.count(result.pictures, 'picture')} flagged by "
        f"{result.policy}: {share:.2%}, 95 % between {result.low:.2%} and {result.high:.2%}"
    )


def _anchor(sweep: KnownSweep) -> str:
    # No name of a scanner, and no caller, holds a slash.
    return anchor_of(f"sweep/{sweep.caller}/{sweep.name}")
