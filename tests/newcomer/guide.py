"""The README's path without containers, as commands, and a folder in which they are run word by word."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- newcomer: each line", "<!-- newcomer: end -->"

PORTS = {"14051": "hook_port", "14052": "public_port"}
"""The README's ports, which may be taken on the machine of a test."""

COMMAND_S = 1200.0
"""For one command: torch is a large download."""


def commands() -> Iterator[str]:
    """Yield the commands of the README, in order."""
    text = (ROOT / "README.md").read_text()
    section = text.partition(BEGIN)[2].partition("-->\n")[2].partition(END)[0]
    yield from (line.strip() for line in section.splitlines() if line.strip())


def is_installing(command: str) -> bool:
    """Say whether a command makes the virtual environment, which takes minutes."""
    return "-m venv" in command or "pip install" in command


def fill_in(env_file: Path, choices: Mapping[str, str]) -> None:
    """Give variables of a .env file values, as an admin with an editor does."""
    lines = env_file.read_text().splitlines()
    for name, value in choices.items():
        places = [index for index, line in enumerate(lines) if line.removeprefix("#").startswith(f"{name}=")]
        assert len(places) == 1, f"{name} stands {len(places)} times in {env_file.name}"
        lines[places[0]] = f"{name}={value}"
    env_file.write_text("\n".join(lines) + "\n")


class Folder:
    """Where a newcomer works: a clone. Leave the context to end what goes on in the background."""

    def __init__(self, path: Path, *, hook_port: int, public_port: int, **settings: str) -> None:
        """Take the clone, the ports to use in place of the README's, and settings that save time."""
        self.path = path
        self._ports = {
            old: str({"hook_port": hook_port, "public_port": public_port}[new]) for old, new in PORTS.items()
        }
        self._background: list[subprocess.Popen[bytes]] = []
        binds = {
            "FEDIWARD_HOOK_BIND": f"127.0.0.1:{hook_port}",
            "FEDIWARD_PUBLIC_BIND": f"127.0.0.1:{public_port}",
            "XDG_STATE_HOME": str(path.parent / "state"),
            "XDG_CACHE_HOME": str(path.parent / "cache"),
        }
        ours = ("FEDIWARD_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        saving = {f"FEDIWARD_{name.upper()}": value for name, value in settings.items()}
        self._environment = clean | binds | saving
        self.log_file = path.parent / "newcomer.log"

    @property
    def log(self) -> str:
        """All that the commands wrote."""
        return self.log_file.read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._background):
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._background:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(self, command: str) -> int:
        """Run a line as a shell does; one that ends in & goes on, and returns 0 at once."""
        for old, new in self._ports.items():
            command = command.replace(f":{old}", f":{new}")
        line, ampersand, _ = command.partition(" &") if command.endswith(" &") else (command, "", "")
        with self.log_file.open("ab") as output:
            output.write(f"$ {command}\n".encode())
            output.flush()
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {line}" if ampersand else line],
                cwd=self.path,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if ampersand:
            self._background.append(process)
            return 0
        return process.wait(COMMAND_S)
