"""Commands of `fediward-coordinator`: as an admin runs them, and, for what does not need a process, in this one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from coordinator.__main__ import main
from tests.end_to_end import forked


@dataclass(frozen=True)
class Ended:
    """What a command wrote, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def run_process(data_dir: Path, *arguments: str) -> Ended:
    """Run a command with a data folder, as a process."""
    done = forked.run(["-m", "coordinator", *arguments], folder=data_dir.parent, environment=_environment(data_dir))
    return Ended(done.returncode, done.stdout, done.stderr)


def run(data_dir: Path, *arguments: str) -> Ended:
    """Run a command with a data folder, in this process: all that it needs is imported once."""
    out, err = StringIO(), StringIO()
    code: object = 0
    with _in_environment(_environment(data_dir)), chdir(data_dir.parent), redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    return Ended(int(str(code or 0)), out.getvalue(), err.getvalue())


def _environment(data_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDIWARD_")}
    return {**kept, "FEDIWARD_DATA_DIR": str(data_dir)}


@contextmanager
def _in_environment(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
