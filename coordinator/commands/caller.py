"""`fediward-coordinator caller …`: the image hosts that may ask."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.commands import credential_log, listing

if TYPE_CHECKING:
    from coordinator.credentials import Credentials

app = typer.Typer(
    help="The image hosts that may ask: by a secret in their URL, or from a network.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def _open() -> Credentials:
    from coordinator.credentials import Credentials
    from coordinator.settings import load_settings

    return Credentials(load_settings().credentials_file)


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="A name for lists and logs.")],
    network: Annotated[
        list[str] | None, typer.Option(help="Known by this network instead of a secret; may be repeated.")
    ] = None,
    sweep: Annotated[bool, typer.Option(help="May also use lane=sweep.")] = False,
    as_json: Json = False,
) -> None:
    """Add a caller and print the path that it must call. The secret is shown once and kept nowhere."""
    import ipaddress
    import json

    from shared.errors import ConfigurationError

    try:
        networks = tuple(ipaddress.ip_network(text) for text in network or ())
    except ValueError as error:
        raise ConfigurationError(f"--network: {error}; write it as 172.18.0.0/16.") from error
    secret = _open().add_caller(name, networks, may_sweep=sweep)
    credential_log.note("added", "caller", name)
    path = f"/api/v1/scan/{secret or 'IPADDR'}"
    sys.stdout.write(json.dumps({"name": name, "path": path}) + "\n" if as_json else f"{path}\n")
    if sweep and not as_json:
        sys.stderr.write(f"Set FEDIWARD_SWEEP_URL to http://ADDRESS:14051{path}\n")
    elif not as_json:
        sys.stderr.write(
            f"Set PICTRS__MEDIA__EXTERNAL_VALIDATION to http://ADDRESS:14051{path}\n"
            "with the coordinator's IP address: since 0.5.21 pict-rs drops private addresses that a name resolves to.\n"
        )


@app.command("list")
def show(as_json: Json = False) -> None:
    """List the callers."""
    rows = [
        {
            "name": caller.name,
            "known by": ", ".join(str(network) for network in caller.networks) or "secret",
            "sweep": "yes" if caller.may_sweep else "no",
            "created": caller.created.isoformat(),
        }
        for caller in _open().book.callers
    ]
    listing.write(rows, as_json=as_json, empty="No callers yet: make one with `fediward-coordinator caller new NAME`.")


@app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Remove a caller; a running coordinator refuses it from the next upload on."""
    _open().revoke_caller(name)
    credential_log.note("revoked", "caller", name)
    sys.stderr.write(f"Revoked {name}.\n")
