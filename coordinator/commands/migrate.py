"""`fediward-coordinator migrate pictrs-safety`: from the old settings to the new."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Move here from other software.", no_args_is_help=True)

NEXT_STEPS = """\
Next: `fediward-coordinator scanner new NAME` for each scanner, `fediward-scanner run` where the workers of fedi-safety
ran, and then the coordinator in the place of pictrs-safety, at the address and port that pict-rs asks already.
"""


@app.callback()
def _commands() -> None:
    """Keep `pictrs-safety` a command of its own, however many there are."""


@app.command("pictrs-safety")
def pictrs_safety(
    env: Annotated[Path, typer.Argument(help="The .env of pictrs-safety.", dir_okay=False)] = Path(".env"),
) -> None:
    """Print the new .env to stdout, secrets included, and what became of each old setting to stderr."""
    from coordinator.predecessor import inherit, new_lines, read_old
    from shared.errors import ConfigurationError

    if not env.is_file():
        raise ConfigurationError(f"{env} is not there: name the .env of pictrs-safety.")
    old = read_old({}, env)
    if not old:
        raise ConfigurationError(f"{env} holds no setting of pictrs-safety.")
    inherited = inherit(old)
    sys.stdout.write("".join(f"{line}\n" for line in new_lines(inherited)))
    sys.stderr.write("".join(f"{notice}\n" for notice in inherited.notices) + NEXT_STEPS)
