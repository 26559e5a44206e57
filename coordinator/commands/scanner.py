"""`fediward-coordinator scanner …`: the scanners that may connect."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.commands import credential_log, listing

if TYPE_CHECKING:
    from coordinator.credentials import Credentials

app = typer.Typer(help="The scanners that may connect, each with a token of its own.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def _open() -> Credentials:
    from coordinator.credentials import Credentials
    from coordinator.settings import load_settings

    return Credentials(load_settings().credentials_file)


@app.command("new")
def new(name: Annotated[str, typer.Argument(help="A name for lists and logs.")], as_json: Json = False) -> None:
    """Add a scanner and print its token. The token is shown once and kept nowhere."""
    import json

    token = _open().add_scanner(name)
    credential_log.note("added", "scanner", name)
    sys.stdout.write(json.dumps({"name": name, "token": token}) + "\n" if as_json else f"{token}\n")
    if not as_json:
        sys.stderr.write(
            "On the scanner's machine: put the token into a file that only you can read, then run\n"
            "  fediward-scanner run --coordinator wss://YOUR-HOST --token-file FILE\n"
        )


@app.command("list")
def show(as_json: Json = False) -> None:
    """List the scanners."""
    rows = [{"name": s.name, "created": s.created.isoformat()} for s in _open().book.scanners]
    listing.write(
        rows, as_json=as_json, empty="No scanners yet: make one with `fediward-coordinator scanner new NAME`."
    )


@app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Remove a scanner; a running coordinator closes its connection within two seconds."""
    _open().revoke_scanner(name)
    credential_log.note("revoked", "scanner", name)
    sys.stderr.write(f"Revoked {name}.\n")
