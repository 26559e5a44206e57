"""`fediward-coordinator sweep …`: look through a store that is already there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from coordinator.commands.ending import ending
from coordinator.sweep.format import Format
from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode

app = typer.Typer(
    help="Look through a store that is already there, by a running coordinator. FEDIWARD_SWEEP_URL says which.",
    no_args_is_help=True,
)

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A folder, pictrs://, s3://BUCKET/PREFIX or sftp://USER@HOST/PATH.")
]
StateFile = Annotated[
    Path | None, typer.Option("--state", help="Where it is kept what was done; otherwise in FEDIWARD_DATA_DIR/sweeps.")
]
Prefix = Annotated[str, typer.Option(help="Only files whose place in the source begins so.")]
PictRsStore = Annotated[
    bool,
    typer.Option(
        "--pictrs-store", help="The folder or bucket is pict-rs's own: it removes files, and is asked for aliases."
    ),
]
S3Endpoint = Annotated[str, typer.Option(help="Address of an S3 server other than Amazon's; or AWS_ENDPOINT_URL.")]
S3VirtualHost = Annotated[bool, typer.Option("--s3-virtual-host", help="The bucket is a part of the host's name.")]
SshKey = Annotated[Path | None, typer.Option(help="File of a private key without a passphrase; otherwise the agent's.")]
KnownHosts = Annotated[Path | None, typer.Option(help="File of host keys; otherwise ~/.ssh/known_hosts.")]


@app.command("run")
def run(
    source: Source,
    everything: Annotated[bool, typer.Option("--all", help="Also what an earlier sweep looked at.")] = False,
    since: Annotated[str, typer.Option(help="Only what changed since: 20m, 12h, 7d, or a time.")] = "",
    every: Annotated[str, typer.Option(help="Go on, looking for what is new at this interval: 30s, 5m.")] = "",
    prefix: Prefix = "",
    limit_rate: Annotated[float | None, typer.Option(help="At most so many files a second.", min=0.001)] = None,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="Remove what is found, now or by an earlier sweep; without it, it is only reported."
        ),
    ] = False,
    pictrs_store: PictRsStore = False,
    restart: Annotated[bool, typer.Option("--restart", help="Do not go on where a sweep was broken off.")] = False,
    state: StateFile = None,
    s3_endpoint: S3Endpoint = "",
    s3_virtual_host: S3VirtualHost = False,
    ssh_key: SshKey = None,
    known_hosts: KnownHosts = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON lines while it goes on.")] = False,
) -> None:
    """Have a store looked through. Exits with 3 when something is found, 1 when a file failed or could not be removed.

    A sweep that was broken off goes on where it was. The next one looks only at what is new, unless --all is given, and
    tries again what failed.
    """
    from coordinator.sweep.opening import Request, sweep
    from coordinator.sweep.sources.opening import Choices

    if everything and since:
        raise ConfigurationError("--all and --since exclude each other.")
    choices = Choices(
        prefix=prefix,
        by_time=pictrs_store,
        s3_endpoint=s3_endpoint,
        s3_virtual_host=s3_virtual_host,
        ssh_key=ssh_key,
        known_hosts=known_hosts,
    )
    request = Request(
        address=source,
        choices=choices,
        everything=everything,
        since=since,
        every=every,
        limit_per_s=limit_rate,
        purge=purge,
        restart=restart,
        state=state,
        as_json=as_json,
    )
    with ending("Broken off; the next `sweep run` of this source goes on here."):
        code = sweep(request)
    raise typer.Exit(code)


@app.command("report")
def report(
    source: Source,
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TABLE,
    prefix: Prefix = "",
    run: Annotated[int | None, typer.Option(help="Number of a run; all that stands if not given.", min=1)] = None,
    state: StateFile = None,
    s3_endpoint: S3Endpoint = "",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json: an object a line.")] = False,
) -> None:
    """Write what a sweep found, and what could not be looked at. Exits with 3 when it names something found."""
    from contextlib import closing

    from coordinator.settings import load_settings
    from coordinator.sweep.opening import state_file, with_settings
    from coordinator.sweep.report import written
    from coordinator.sweep.sources.opening import Choices
    from coordinator.sweep.state import connect, has_found, notable_rows

    settings = load_settings()
    choices = with_settings(Choices(prefix=prefix, s3_endpoint=s3_endpoint), settings)
    path = state or state_file(source, choices, settings)
    if not path.exists():
        raise ConfigurationError(f"No sweep of this source is known here: {path} does not exist.")
    with closing(connect(path)) as database:
        for piece in written(notable_rows(database, run=run), Format.JSON if as_json else format):
            sys.stdout.write(piece)
        found = has_found(database, run=run)
    raise typer.Exit(ExitCode.FOUND if found else ExitCode.DONE)
