"""`fediward-coordinator check FILE…`: ask a running coordinator, the way pict-rs does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.exit_codes import ExitCode

CHUNK_BYTES = 64 * 1024


def check(
    files: Annotated[list[Path], typer.Argument(help="Pictures or videos.", exists=True, dir_okay=False)],
    url: Annotated[
        str, typer.Option(help="The coordinator's hook.", envvar="FEDIWARD_CHECK_URL", show_envvar=True)
    ] = "http://127.0.0.1:14051/api/v1/scan/IPADDR",
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a file.")] = False,
) -> None:
    """Have files looked at by a running coordinator. Exits with 3 when one of them is rejected."""
    import json
    from collections.abc import Iterator

    import httpx2

    def chunks(path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    rejected = refused = False
    with httpx2.Client(timeout=130, trust_env=False) as client:
        for path in files:
            try:
                response = client.post(url, content=chunks(path))
                report = response.json()
                if not isinstance(report, dict):
                    raise ValueError
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
                sys.stderr.write("FEDIWARD_CHECK_URL, or --url, must be an address like http://127.0.0.1:14051/…\n")
                raise typer.Exit(ExitCode.BAD_CONFIGURATION) from None
            except httpx2.TransportError:
                sys.stderr.write("The coordinator cannot be reached; is it running, and is --url right?\n")
                raise typer.Exit(ExitCode.NOT_REACHED) from None
            except ValueError:
                sys.stderr.write("Something that is no coordinator answered; is --url right?\n")
                raise typer.Exit(ExitCode.NOT_REACHED) from None
            if "outcome" not in report:
                sys.stderr.write(f"{path}: {report.get('error', 'no answer')}\n")
                refused = True
                continue
            rejected = rejected or report["answer"] == "reject"
            if as_json:
                sys.stdout.write(json.dumps({"file": str(path), **report}) + "\n")
            else:
                parts = f" ({', '.join(report['parts'])})" if report["parts"] else ""
                total_ms = report["milliseconds"]["total"]
                sys.stdout.write(f"{path}: {report['answer']}, {report['outcome']}{parts}, {total_ms:.0f} ms\n")
    if refused:
        raise typer.Exit(ExitCode.FAILED)
    if rejected:
        raise typer.Exit(ExitCode.FOUND)
