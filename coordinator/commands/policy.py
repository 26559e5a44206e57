"""`fediward-coordinator policy`: show what the policies say, and replay scores with them.

Data goes to stdout, words to stderr. Exit codes: 0 done, 1 a bad line, 2 a bad policy or strictness.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coordinator.judge.policy import Policy

FAILED, BAD_CONFIGURATION = 1, 2

#: Hex digits of a fingerprint that are shown in a table.
SHORT_FINGERPRINT = 12

app = typer.Typer(name="policy", help="Show policies, and judge recorded similarities with them.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A bundled policy, or the path of a .toml file.")]
PolicyOption = Annotated[
    str, typer.Option("--policy", metavar="NAME", help="A bundled policy, or the path of a .toml file.")
]
StrictnessOption = Annotated[
    str,
    typer.Option(
        "--strictness",
        metavar="PART:AMOUNT,…",
        help="Lower the thresholds of parts by amounts of similarity, such as minor:+0.01,explicit:-0.005.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
AlwaysJsonOption = Annotated[bool, typer.Option("--json", help="Changes nothing: the output is always JSON.")]
TermsOption = Annotated[
    bool,
    typer.Option("--terms", help="Write the terms too. They are the labels of a classifier, and unpleasant to read."),
]


@app.command("list")
def list_policies(as_json: JsonOption = False) -> None:
    """List the bundled policies."""
    from coordinator.judge.loader import bundled_policies

    policies = [_load(name) for name in bundled_policies()]
    if as_json:
        typer.echo(json.dumps([_summary(policy) for policy in policies]))
        return
    rows = [("NAME", "MODEL", "RULE", "TERMS", "FINGERPRINT")]
    for policy in policies:
        fingerprint = policy.fingerprint[:SHORT_FINGERPRINT]
        rows.append((policy.name, policy.model, policy.definition.rule, str(len(policy.terms)), fingerprint))
    _echo_columns(rows)


@app.command("show")
def show_policy(
    name: NameArgument, strictness: StrictnessOption = "", terms: TermsOption = False, as_json: JsonOption = False
) -> None:
    """Show a policy: parts, strictness, tables of thresholds before strictness; terms and parameters with --terms."""
    policy = _load(name, strictness)
    definition = policy.definition
    if as_json:
        shown = _summary(policy) | {
            "parts": dict(definition.parts),
            "strictness": dict(definition.strictness),
            "tables": {table: len(limits) for table, limits in definition.thresholds.items()},
        }
        if terms:
            shown |= {"thresholds": dict(definition.thresholds), "parameters": dict(definition.parameters)}
        typer.echo(json.dumps(shown))
        return
    rows = [(key, str(value)) for key, value in _summary(policy).items()]
    for part, display_name in definition.parts.items():
        rows.append((f"part {part}", f"{display_name}, strictness {definition.strictness.get(part, 0.0):+g}"))
    for table, limits in definition.thresholds.items():
        rows.append((f"table {table}", f"{len(limits)} terms, {min(limits.values()):g} to {max(limits.values()):g}"))
        if terms:
            rows.extend((f"  {limit:g}", term) for term, limit in limits.items())
    if terms:
        rows.extend((f"parameter {key}", json.dumps(value)) for key, value in definition.parameters.items())
    _echo_columns(rows)


@app.command("judge")
def judge_lines(policy: PolicyOption, strictness: StrictnessOption = "", as_json: AlwaysJsonOption = False) -> None:
    """Judge frames: {term: similarity} a line from stdin, {flagged, parts, found, points} a line to stdout."""
    from coordinator.judge.replay import Replay, ReplayError

    replay = Replay(_load(policy, strictness))
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.isspace():
            continue
        try:
            judged = replay.line(line)
        except ReplayError as error:
            typer.echo(f"line {number} {error}.", err=True)
            raise typer.Exit(FAILED) from error
        sys.stdout.write(judged + "\n")
        # Whoever writes a line and waits for its verdict must not wait for a full buffer.
        sys.stdout.flush()


def _load(name: str, strictness: str = "") -> Policy:
    """Return the policy, or say in one sentence what is wrong and exit."""
    from coordinator.judge.errors import PolicyError
    from coordinator.judge.loader import load_policy
    from coordinator.judge.strictness import parse_strictness

    try:
        return load_policy(name, strictness=parse_strictness(strictness, source="--strictness"))
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_CONFIGURATION) from error


def _summary(policy: Policy) -> dict[str, object]:
    return {
        "name": policy.name,
        "model": policy.model,
        "frame_size": policy.frame_size,
        "rule": policy.definition.rule,
        "terms": len(policy.terms),
        "fingerprint": policy.fingerprint,
    }


def _echo_columns(rows: Sequence[tuple[str, ...]]) -> None:
    """Write rows of the same length as columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
