"""`python -m tests.simulation`: play many seeds, or print what each rule of dispatch is worth."""

from __future__ import annotations

import hashlib
from typing import Annotated

import typer

from tests.simulation import report
from tests.simulation.play import Play
from tests.simulation.runs import play_all


def main(
    seeds: Annotated[int, typer.Option(min=0, help="how many seeds to play")] = 2000,
    start: Annotated[int, typer.Option(min=0, help="the first of them")] = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="processes to use; all processors by default")] = None,
    trace: Annotated[bool, typer.Option(help="print one hash over everything that happened, and nothing else")] = False,
    table: Annotated[bool, typer.Option("--report", help="print figures of every rule for choosing")] = False,
    scans: Annotated[int, typer.Option(min=500, help="uploads per line of the report")] = report.SCANS,
) -> None:
    """Print figures and violations; exit with 1 when there are any."""
    if table:
        typer.echo(report.HEADER)
        for row in report.rows(scans=scans, processes=processes):
            typer.echo(str(row))
    elif trace:
        traces = (Play(seed).run(tells=True).trace for seed in range(start, start + seeds))
        typer.echo(hashlib.sha256("\n".join(traces).encode()).hexdigest())
    else:
        summary = play_all(range(start, start + seeds), processes=processes)
        typer.echo(str(summary))
        raise typer.Exit(1 if summary.broken else 0)


if __name__ == "__main__":
    typer.run(main)
