"""How a sweep that ends early says so: one sentence, and an exit code of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from shared.exit_codes import ExitCode


@contextmanager
def ending(broken_off: str) -> Iterator[None]:
    """Turn what ends a sweep into a sentence on stderr and an exit; `broken_off` is said after Ctrl-C or a stop."""
    import asyncio

    from coordinator.sweep.card import StoppedError
    from coordinator.sweep.errors import AwayError, RefusedError, SourceAwayError, SourceError, StrangerError

    try:
        yield
    except (AwayError, SourceAwayError, SourceError, StrangerError) as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(ExitCode.NOT_REACHED) from error
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(ExitCode.TOKEN_REFUSED) from error
    except (StoppedError, asyncio.CancelledError, KeyboardInterrupt) as error:
        sys.stderr.write(f"{broken_off}\n")
        raise typer.Exit(ExitCode.INTERRUPTED) from error
