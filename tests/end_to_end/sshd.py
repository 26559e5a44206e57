"""A real OpenSSH server, a process of its own, with keys of its own."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh
import psutil
import pytest

from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import START_S, Process
from tests.end_to_end.waiting import INTERVAL_S

BINARY = Path("/usr/sbin/sshd")

CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {host_key}
AuthorizedKeysFile {authorized}
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
PidFile none
LogLevel ERROR
"""


def require() -> None:
    """Skip the test where the server is not installed, or cannot run; in CI, fail it."""
    if not BINARY.exists() or os.geteuid() != 0:
        missing = f"an OpenSSH server at {BINARY}, and the right to start it, are missing: run .ci/install-sshd as root"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)


class Sshd(Process):
    """An OpenSSH server on a free port of 127.0.0.1. `async with Sshd(folder) as s:` starts it."""

    def __init__(self, folder: Path, *, offers: str = "Subsystem sftp internal-sftp\n") -> None:
        """Take the folder for its keys and log, and the part of its configuration that says what it offers."""
        self._offers = offers
        self.port = free_port()
        self.home = folder / "sshd"
        self.home.mkdir()
        self.key = self.home / "client"
        self.known_hosts = self.home / "known_hosts"
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(self.key)
        self._authorized = self.home / "authorized"
        client.write_public_key(self._authorized)
        self.change_host_key()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self._public_key()}")
        super().__init__(folder, "sshd", settings={})

    @property
    def user(self) -> str:
        """Whom it lets in."""
        return pwd.getpwuid(os.geteuid()).pw_name

    def source(self, path: Path) -> str:
        """Return the address of a folder."""
        return f"sftp://{self.user}@127.0.0.1:{self.port}{path}"

    @property
    def options(self) -> tuple[str, ...]:
        """What a sweep must be told to get in."""
        return ("--ssh-key", str(self.key), "--known-hosts", str(self.known_hosts))

    def change_host_key(self) -> None:
        """Have it show another key from its next start on."""
        file = self.home / "host"
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(file)
        file.chmod(0o600)

    def launch(self) -> None:
        """Start the process, without waiting for anything."""
        # It insists on this folder, which a machine that never ran it as a service lacks.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.home / "config"
        settings = CONFIG.format(port=self.port, host_key=self.home / "host", authorized=self._authorized)
        config.write_text(settings + self._offers)
        with self.log_file.open("ab") as output:
            self._popen = subprocess.Popen(
                [BINARY, "-D", "-e", "-f", config],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def __aenter__(self) -> Self:
        self.launch()
        try:
            async with asyncio.timeout(START_S):
                while True:
                    assert self.process.poll() is None, f"it ended:\n{self.log}"
                    if await self._listens():
                        return self
                    await asyncio.sleep(INTERVAL_S)
        except BaseException:
            self.clean_up()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clean_up()

    def clean_up(self) -> None:
        """End the server with those of its processes that serve connections: each has a session of its own."""
        if self._popen is not None and self._popen.poll() is None:
            # A client comes back at once: whom it is served by then would be in nobody's list.
            self.send(signal.SIGSTOP)
            for process in psutil.Process(self._popen.pid).children(recursive=True):
                process.kill()
            self._popen.kill()
            self._popen.wait()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def _public_key(self) -> str:
        return asyncssh.read_private_key(self.home / "host").export_public_key().decode()
