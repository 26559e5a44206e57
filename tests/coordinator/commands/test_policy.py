"""`fediward-coordinator policy`, run as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coordinator.judge.loader import bundled_policies, load_policy
from tests.coordinator.judge.golden import golden_vectors

PROGRAM = "from coordinator.commands.policy import app; app(prog_name='policy')"


def run(*arguments: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    """Run the commands with what is given on stdin."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=60)


def test_policy_list() -> None:
    """`list` names every bundled policy with model, rule, number of terms and the beginning of its fingerprint."""
    shown = run("list")
    listed: list[dict[str, Any]] = json.loads(run("list", "--json").stdout)
    assert (shown.returncode, shown.stderr) == (0, "")
    for line, policy in zip(shown.stdout.splitlines()[1:], listed, strict=True):
        name, model, rule, terms, fingerprint = line.split()
        assert (name, model, rule, int(terms)) == tuple(policy[key] for key in ("name", "model", "rule", "terms"))
        assert policy["fingerprint"].startswith(fingerprint)
    assert [policy["name"] for policy in listed] == list(bundled_policies())


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_policy_show_terms_on_request(form: tuple[str, ...]) -> None:
    """`show` prints parts and strictness, and the terms only when asked for them."""
    without = run("show", "demo", "--strictness", "disc:+0.01", *form).stdout
    asked = run("show", "demo", "--strictness", "disc:+0.01", "--terms", *form).stdout
    assert "blue square" in without
    assert "0.01" in without
    assert "a blue square" not in without
    assert "a blue square" in asked


def test_policy_show_parameters_on_request() -> None:
    """`show` prints parameters with the terms only, because terms stand in them."""
    assert "minor_points_needed" not in run("show", "fedi-safety-2023").stdout
    assert "minor_points_needed" in run("show", "fedi-safety-2023", "--terms").stdout
    assert "minor_points_needed" not in json.loads(run("show", "fedi-safety-2023", "--json").stdout)
    shown = json.loads(run("show", "fedi-safety-2023", "--json", "--terms").stdout)
    assert shown["parameters"]["minor_points_needed"] == 3
    assert {table: len(limits) for table, limits in shown["thresholds"].items()} == shown["tables"]


def test_policy_show_file(tmp_path: Path) -> None:
    """`show` takes the path of an admin's file."""
    path = tmp_path / "mine.toml"
    path.write_text('extends = "demo"\n')
    assert json.loads(run("show", str(path), "--json").stdout)["name"] == "mine"


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_policy_judge_golden(year: str) -> None:
    """`judge` writes one verdict a line, in order, and passes over blank lines."""
    lines = "\n\n".join(json.dumps(vector.similarities) for vector in golden_vectors())
    judged = run("judge", "--policy", f"fedi-safety-{year}", lines=lines)
    assert (judged.returncode, judged.stderr) == (0, "")
    flagged = [json.loads(line)["flagged"] for line in judged.stdout.splitlines()]
    assert flagged == [vector.results[year]["flagged"] for vector in golden_vectors()]


def test_policy_judge_strictness() -> None:
    """`judge` takes strictness."""
    policy = load_policy("demo")
    disc, square = policy.terms
    line = json.dumps({disc: policy.definition.thresholds["disc"][disc] - 0.005, square: 1.0})
    assert not json.loads(run("judge", "--policy", "demo", lines=line).stdout)["flagged"]
    stricter = run("judge", "--policy", "demo", "--strictness", "disc:+0.01", "--json", lines=line)
    assert json.loads(stricter.stdout)["flagged"]


def test_policy_judge_bad_line() -> None:
    """A bad line ends with 1 and its number, after the verdicts of those before it."""
    good = json.dumps({"a red disc": 0.1, "a blue square": 0.1})
    judged = run("judge", "--policy", "demo", lines=f"{good}\n{{}}\n{good}\n")
    assert (judged.returncode, len(judged.stdout.splitlines())) == (1, 1)
    assert judged.stderr == "line 2 lacks 2 of the 2 terms of demo.\n"


def test_policy_judge_answers_at_once() -> None:
    """`judge` answers each line before the next one comes, for a program that waits for it."""
    command = [sys.executable, "-c", PROGRAM, "judge", "--policy", "demo"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for similarity, flagged in ((0.9, True), (0.1, False)):
            process.stdin.write(json.dumps({"a red disc": similarity, "a blue square": 0.9}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["flagged"] == flagged
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        (("judge", "--policy", "nothing"), "policy nothing does not exist; "),
        (("judge", "--policy", "demo", "--strictness", "disc:9"), "--strictness: disc is +9, "),
        (("judge", "--policy", "demo", "--strictness", "ring:0.1"), "policy demo: strictness is given for 'ring', "),
        (("show", "nothing.toml"), "nothing.toml cannot be read: "),
    ],
)
def test_policy_bad_policy(arguments: tuple[str, ...], begin: str) -> None:
    """A policy or strictness that cannot be used ends with 2 and one sentence on stderr."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(begin)
    assert done.stderr.count("\n") == 1


def test_policy_help_loads_no_policy() -> None:
    """Importing the commands imports neither pydantic nor the policies, so that --help stays fast."""
    program = "import sys, coordinator.commands.policy; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
