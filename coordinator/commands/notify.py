"""`fediward-coordinator notify …`: words to the admin."""

from __future__ import annotations

import sys

import typer

from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode

app = typer.Typer(help="Words to the admin when uploads are not being checked.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `test` a command of its own, however many there are."""


@app.command("test")
def test() -> None:
    """Send a notice to every service of FEDIWARD_NOTIFY_URLS. Exits with 1 when one of them does not take it."""
    from coordinator.notices.notice import TEST
    from coordinator.notices.opening import open_targets
    from coordinator.settings import load_settings

    targets = open_targets(load_settings().notify_addresses)
    if not targets:
        raise ConfigurationError("FEDIWARD_NOTIFY_URLS names no service: set it to addresses that apprise understands.")
    results = [(target.label, target.send(TEST)) for target in targets]
    for label, is_sent in results:
        sys.stderr.write(
            f"{label}: {'sent' if is_sent else 'NOT sent; is the address right, and the service there?'}\n"
        )
    if not all(is_sent for _, is_sent in results):
        raise typer.Exit(ExitCode.FAILED)
