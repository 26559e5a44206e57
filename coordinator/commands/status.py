"""`fediward-coordinator status`: what the admin page shows, in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode

ANSWER_S = 10.0


def status(
    scanner: Annotated[str, typer.Argument(help="A scanner, to see what happened to it; all if not given.")] = "",
    url: Annotated[
        str, typer.Option(help="The coordinator's public listener; by default the one that the settings name.")
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="File that holds the admin token; otherwise FEDIWARD_ADMIN_TOKEN.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the whole snapshot as JSON.")] = False,
) -> None:
    """Say whether a running coordinator has uploads checked, and by whom. Exits with 3 when they are not.

    With a scanner: its row and what happened to it; 3 when it takes no uploads.
    """
    import json
    from http import HTTPStatus
    from urllib.parse import quote

    import httpx2

    from coordinator.commands.status_text import history, lines
    from coordinator.settings import load_settings

    settings = load_settings()
    setting = settings.admin_token
    token = _read(token_file) if token_file else setting.get_secret_value() if setting else ""
    if not token:
        raise ConfigurationError(
            "Which admin token? Set FEDIWARD_ADMIN_TOKEN, or give --token-file; the coordinator shows the one that it "
            "makes at its first start."
        )
    address = (url or _local(settings.public_bind)).rstrip("/")
    try:
        response = httpx2.get(
            f"{address}/api/v1/status" + (f"/scanners/{quote(scanner, safe='')}" if scanner else ""),
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_S,
            trust_env=False,
        )
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            sys.stderr.write("The coordinator does not know this admin token.\n")
            raise typer.Exit(ExitCode.TOKEN_REFUSED)
        report = response.json()
        if scanner and response.status_code == HTTPStatus.NOT_FOUND:
            raise ConfigurationError(report["error"])
        is_well = report["scanner"]["takes_uploads"] if scanner else report["sentence"]["checking"] == "checked"
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        sys.stderr.write(f"The coordinator cannot be reached at {address}; is it running?\n")
        raise typer.Exit(ExitCode.NOT_REACHED) from None
    except (ValueError, KeyError, TypeError):
        sys.stderr.write(f"Something that is no coordinator answered at {address}; is --url right?\n")
        raise typer.Exit(ExitCode.NOT_REACHED) from None
    text = "".join(f"{line}\n" for line in (history(report) if scanner else lines(report)))
    sys.stdout.write(json.dumps(report, indent=1) + "\n" if as_json else text)
    if not is_well:
        raise typer.Exit(ExitCode.FOUND)


def _read(file: Path) -> str:
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--token-file: {file} cannot be read.") from error
    if not (token.isascii() and token.isprintable()):
        raise ConfigurationError(f"--token-file: {file} holds no token.")
    return token


def _local(bind: str) -> str:
    """Return where this machine finds a listener."""
    host, _, port = bind.rpartition(":")
    return f"http://{ {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'}.get(host, host) }:{port}"  # noqa: S104 - replaced
