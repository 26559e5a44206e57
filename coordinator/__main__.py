"""The commands of `fediward-coordinator`. Everything slow is imported by the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from coordinator.commands import (
    backup,
    calibrate,
    caller,
    check,
    doctor,
    ledger,
    migrate,
    notify,
    policy,
    scanner,
    serve,
    status,
    sweep,
)
from shared.errors import ConfigurationError, FediwardError
from shared.exit_codes import ExitCode

app = typer.Typer(
    name="fediward-coordinator",
    help="Check pictures before a fediverse server keeps them: the part beside pict-rs.",
    epilog=(
        "Settings are environment variables FEDIWARD_…, also read from .env. Exit codes: 0 done, 1 failed, 2 usage or "
        "bad configuration, 3 found something, 4 could not reach, 5 token refused, 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("check")(check.check)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(caller.app, name="caller")
app.add_typer(ledger.app, name="ledger")
app.add_typer(migrate.app, name="migrate")
app.add_typer(notify.app, name="notify")
app.add_typer(scanner.app, name="scanner")
app.add_typer(policy.app, name="policy")
app.add_typer(sweep.app, name="sweep")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, that of the command line if none is given; a configuration fault is one sentence and exit code 2.

    Raises SystemExit.
    """
    try:
        app(arguments)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(ExitCode.BAD_CONFIGURATION) from None
    except FediwardError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(ExitCode.FAILED) from None
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None


if __name__ == "__main__":
    main()
