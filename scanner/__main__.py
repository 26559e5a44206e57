"""Commands of the scanner. Everything that takes time to import is imported by the command that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scanner.manners.commands import Given

app = typer.Typer(
    name="fediward-scanner",
    help="Look at the frames that a coordinator pushes here, and send scores back.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or bad configuration, 3 found something, 5 token refused, "
    "6 device lost: start it again, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback with local variables would show tokens and pixels.
    pretty_exceptions_enable=False,
)


ModelOption = Annotated[str | None, typer.Option(help="open_clip NAME/TAG, demo, or null.")]
WeightsOption = Annotated[Path | None, typer.Option(help="File with the weights, instead of a download.")]
ArchitectureOption = Annotated[str | None, typer.Option(help="open_clip architecture of that file.")]
ActivationOption = Annotated[str | None, typer.Option(help="Its activation: quickgelu or gelu.")]
DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")]
PrecisionOption = Annotated[str | None, typer.Option(help="auto, fp32, bf16, fp16 or int8.")]
ThreadsOption = Annotated[int | None, typer.Option(help="Processor threads of the model.")]
CacheOption = Annotated[Path | None, typer.Option(help="Folder for weights, and for what is worked out once.")]
NullOption = Annotated[bool | None, typer.Option(help="Let null serve, which looks at nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object on stdout.")]


@app.callback()
def _commands() -> None:
    """Keep `run` a command of its own, however many there are."""


@app.command()
def run(
    coordinator: Annotated[str | None, typer.Option(help="Address: wss://host[:port][/prefix].")] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the token; or set FEDIWARD_TOKEN.")] = None,
    name: Annotated[str | None, typer.Option(help="Name on the admin page [default: the host's name].")] = None,
    model: ModelOption = None,
    weights: WeightsOption = None,
    architecture: ArchitectureOption = None,
    activation: ActivationOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    cache: CacheOption = None,
    capacity: Annotated[int | None, typer.Option(help="Frames in flight [default: three batches].")] = None,
    batch: Annotated[int | None, typer.Option(help="Frames computed in one go [default: by a short trial].")] = None,
    allow_null_model: NullOption = None,
    insecure: Annotated[bool | None, typer.Option(help="Allow ws:// beyond your own network.")] = None,
    proxy: Annotated[bool | None, typer.Option(help="Use the system's proxy.")] = None,
    hours: Annotated[str | None, typer.Option(help="Local hours in which to take scans, like 22-08.")] = None,
    start_paused: Annotated[bool | None, typer.Option(help="Take no scans before `resume`.")] = None,
    yield_gpu: Annotated[
        str | None, typer.Option(help="Step aside while others use so much of the GPU, like 30% (NVIDIA).")
    ] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Folder in which `pause` leaves its order.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Connect to a coordinator and serve until stopped.

    Every option is also a setting, FEDIWARD_…, in the environment or in `.env`. SIGTERM and Ctrl-C finish what is in
    flight; the second one ends at once.
    """
    options = dict(locals())

    from scanner.settings import read_settings
    from shared.errors import ConfigurationError

    try:
        settings = read_settings(options)
        from scanner.app import serve

        code = serve(settings)
    except ConfigurationError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(code)


@app.command()
def selftest(
    model: ModelOption = None,
    weights: WeightsOption = None,
    architecture: ArchitectureOption = None,
    activation: ActivationOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    cache: CacheOption = None,
    allow_null_model: NullOption = None,
    as_json: Json = False,
) -> None:
    """Say whether this machine computes what it should, and how many uploads a minute it answers.

    Exit code 1: it does not, and would not serve.
    """
    options = dict(locals())
    options.pop("as_json")

    from scanner.checks import selftest

    raise typer.Exit(selftest(options, as_json=as_json))


@app.command()
def pull(
    model: ModelOption = None,
    weights: WeightsOption = None,
    architecture: ArchitectureOption = None,
    activation: ActivationOption = None,
    cache: CacheOption = None,
    as_json: Json = False,
) -> None:
    """Fetch the model's weights, or make sure that they are there and fit; nothing is fetched twice."""
    options = dict(locals())
    options.pop("as_json")

    from scanner.checks import pull

    raise typer.Exit(pull(options, as_json=as_json))


@app.command()
def doctor(
    coordinator: Annotated[str | None, typer.Option(help="Address: wss://host[:port][/prefix].")] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the token; or set FEDIWARD_TOKEN.")] = None,
    model: ModelOption = None,
    weights: WeightsOption = None,
    architecture: ArchitectureOption = None,
    activation: ActivationOption = None,
    device: DeviceOption = None,
    precision: PrecisionOption = None,
    cache: CacheOption = None,
    allow_null_model: NullOption = None,
    insecure: Annotated[bool | None, typer.Option(help="Allow ws:// beyond your own network.")] = None,
    proxy: Annotated[bool | None, typer.Option(help="Use the system's proxy.")] = None,
    as_json: Json = False,
) -> None:
    """Look at device, weights and the way to the coordinator; name who is guilty, and what to do.

    Exit code 3: something is wrong. A scanner that runs with the same token is not disturbed.
    """
    options = dict(locals())
    options.pop("as_json")

    from scanner.doctor.examination import doctor

    raise typer.Exit(doctor(options, as_json=as_json))


StateDir = Annotated[Path | None, typer.Option(help="Folder that the scanner reads.")]


@app.command()
def pause(
    length: Annotated[str | None, typer.Option("--for", help="Time like 2h or 90m [default: until resume].")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Let the scanners on this machine take no new scans; those in flight are finished. Holds across restarts."""
    from scanner.manners import commands

    _give(lambda folder: commands.pause(length, folder), state_dir, as_json)


@app.command()
def resume(state_dir: StateDir = None, as_json: Json = False) -> None:
    """End a pause, and that of --start-paused."""
    from scanner.manners import commands

    _give(commands.resume, state_dir, as_json)


def _give(order: Callable[[Path | None], Given], state_dir: Path | None, as_json: bool) -> None:
    import json

    from scanner.settings import read_settings
    from shared.errors import ConfigurationError

    try:
        settings = read_settings({"state_dir": state_dir}, connects=False)
        given = order(settings.state_dir)
    except ConfigurationError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(str(given), err=True)
    if as_json:
        typer.echo(json.dumps(given.record))


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
