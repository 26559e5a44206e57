"""Look at everything, in the order in which a start needs it, and say what was found."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version
from typing import Any

from scanner.address import check_literal, parse_address
from scanner.app import make_hello
from scanner.doctor.device import find_drivers, judge_device
from scanner.doctor.way import Goal, walk
from scanner.doctor.weights import look_at_model, look_at_weights
from scanner.models import Model
from scanner.models.null import NullModel
from scanner.models.registry import machine_of, open_model
from scanner.settings import Settings, read_settings
from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode
from shared.findings import Finding, State, good, is_sound, summary, unknown, wrong
from shared.messages import Hello


def doctor(options: Mapping[str, Any], *, as_json: bool) -> ExitCode:
    """Look at everything and say what was found; FOUND when something is wrong."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)

    async def collect() -> list[Finding]:
        findings = []
        async for finding in examine(options):
            findings.append(finding)
            if not as_json:
                print("\n".join(finding.lines()), flush=True)  # noqa: T201 - it is the command's data
        return findings

    findings = asyncio.run(collect())
    if as_json:
        record = {"sound": is_sound(findings), "findings": [finding.record() for finding in findings]}
        print(json.dumps(record, indent=1))  # noqa: T201 - it is the command's data
    print(summary(findings), file=sys.stderr)  # noqa: T201 - words of the command
    return ExitCode.DONE if is_sound(findings) else ExitCode.FOUND


async def examine(options: Mapping[str, Any]) -> AsyncIterator[Finding]:
    """Yield what was found, as it is found."""
    settings, goal, found = look_at_settings(options)
    yield found
    if settings is None or goal is None:
        return
    if settings.model == NullModel.name:
        yield unknown("device", "the model null computes nothing")
    else:
        yield await asyncio.to_thread(_look_at_device, settings)
    weights = await asyncio.to_thread(look_at_weights, settings)
    yield weights
    model: Model | None = None
    if weights.state is State.GOOD or settings.model == NullModel.name:
        model, found = await asyncio.to_thread(look_at_model, lambda: open_model(settings))
        yield found
    async for found in walk(goal, _hello(model, settings)):
        yield found


def look_at_settings(options: Mapping[str, Any]) -> tuple[Settings | None, Goal | None, Finding]:
    """Read what is needed to begin."""
    try:
        settings = read_settings(options)
        address = parse_address(settings.coordinator)
        if not (address.secure or settings.insecure):
            check_literal(address)
        goal = Goal(address, settings.read_token(), settings.proxy, settings.insecure, settings.model)
    except ConfigurationError as error:
        cure = "Correct the variable, in the environment, in .env, or as an option."
        return None, None, wrong("settings", str(error), part="settings", cure=cure)
    return settings, goal, good("settings", "can be read")


def _look_at_device(settings: Settings) -> Finding:
    try:
        machine = machine_of(settings)
    except ConfigurationError as error:
        return wrong("device", str(error), part="installation", cure="Install what is missing.")
    return judge_device(settings.device, machine, find_drivers())


def _hello(model: Model | None, settings: Settings) -> Hello:
    software = f"fediward-scanner {version('fediward')}"
    if model is not None:
        return make_hello(model, 1, settings, software)
    return Hello(software, settings.name, settings.device, "unknown", (), 1)
