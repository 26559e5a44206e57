"""`fediward-coordinator calibrate SOURCE`: what the policy makes of a library that is innocent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from coordinator.commands.ending import ending
from coordinator.commands.sweep import KnownHosts, Prefix, S3Endpoint, S3VirtualHost, Source, SshKey
from shared.errors import ConfigurationError


def calibrate(
    source: Source,
    sample: Annotated[int | None, typer.Option(help="Only so many files, the same at every time.", min=1)] = None,
    target: Annotated[str, typer.Option(help="A share to be flagged at most, such as 0.1%; it prints settings.")] = "",
    png: Annotated[Path | None, typer.Option(help="File for a picture of the histograms.", dir_okay=False)] = None,
    prefix: Prefix = "",
    limit_rate: Annotated[float | None, typer.Option(help="At most so many files a second.", min=0.001)] = None,
    s3_endpoint: S3Endpoint = "",
    s3_virtual_host: S3VirtualHost = False,
    ssh_key: SshKey = None,
    known_hosts: KnownHosts = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Score your own, presumably innocent pictures: how many are flagged, and which strictness gives a wanted rate.

    Pictures whose scores are stored need no scanner. Nothing is removed.
    """
    import json

    from coordinator.settings import load_settings
    from coordinator.sweep.findings import as_json as to_json
    from coordinator.sweep.findings import in_words
    from coordinator.sweep.opening import calibrated, with_settings
    from coordinator.sweep.sources.opening import Choices

    wanted = _share(target)
    settings = load_settings()
    choices = Choices(
        prefix=prefix,
        s3_endpoint=s3_endpoint,
        s3_virtual_host=s3_virtual_host,
        ssh_key=ssh_key,
        known_hosts=known_hosts,
    )
    with ending("Broken off; what was scored needs no scanner the next time."):
        done = calibrated(source, with_settings(choices, settings), settings, sample=sample, limit_per_s=limit_rate)
    if as_json:
        sys.stdout.write(json.dumps(to_json(done, wanted)) + "\n")
    else:
        for line in in_words(done, wanted):
            sys.stdout.write(f"{line}\n")
    if png is not None:
        from coordinator.sweep.chart import chart

        named = {done.calibration.name_of(part): histogram for part, histogram in done.calibration.histograms.items()}
        try:
            png.write_bytes(chart(named))
        except OSError as error:
            raise ConfigurationError(f"--png: {png} cannot be written: {error.strerror}.") from error


def _share(text: str) -> float | None:
    """Read `0.1%` or `0.001`. Raises ConfigurationError."""
    if not text:
        return None
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise ConfigurationError(f"--target: {text[:40]!r} is no share such as 0.1% or 0.001.")
    return share
