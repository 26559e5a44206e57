"""`fediward-coordinator doctor`: what is wrong, who is guilty, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.exit_codes import ExitCode


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Also write a ZIP file for somebody who helps: no secrets, addresses or content.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Look at everything that has to be right; name who is guilty, and what to do. Exits with 3 if anything is wrong.

    Run it where the coordinator runs, with the same settings and as the same user. It uploads a harmless picture to
    pict-rs and removes it again.
    """
    import asyncio
    import json
    import os
    from contextlib import suppress

    from coordinator.doctor.bundle import write_bundle
    from coordinator.doctor.examination import examine
    from coordinator.settings import ENV_FILE, load_settings
    from shared.errors import ConfigurationError
    from shared.findings import Finding, is_sound, summary

    if bundle is not None and bundle.exists():
        raise ConfigurationError(f"--bundle: {bundle} exists already; choose another name.")

    async def collect() -> list[Finding]:
        findings = []
        async for finding in examine(os.environ, Path(ENV_FILE)):
            findings.append(finding)
            if not as_json:
                sys.stdout.write("".join(f"{line}\n" for line in finding.lines()))
                sys.stdout.flush()
        return findings

    findings = asyncio.run(collect())
    if as_json:
        record = {"sound": is_sound(findings), "findings": [finding.record() for finding in findings]}
        sys.stdout.write(json.dumps(record, indent=1) + "\n")
    sys.stderr.write(f"{summary(findings)}\n")
    if bundle is not None:
        settings = None
        # Its finding says what is wrong with it.
        with suppress(ConfigurationError):
            settings = load_settings()
        write_bundle(bundle, findings, settings)
        sys.stderr.write(f"Wrote {bundle}; have a look before you send it.\n")
    if not is_sound(findings):
        raise typer.Exit(ExitCode.FOUND)
