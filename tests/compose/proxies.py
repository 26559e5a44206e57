"""Caddy and nginx, real ones, with the snippets of compose/ before a coordinator on this machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.compose.files import COMPOSE
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import STOP_S
from tests.end_to_end.waiting import until

NAME = "fediward.example.org"


def program(name: str) -> Path:
    """Return where `.ci/install-proxies` puts a proxy; skip the test where it is not, and in CI fail it."""
    cache = Path(os.environ.get("FEDIWARD_CACHE") or Path.home() / ".cache" / "fediward")
    found = cache / {"caddy": "caddy/caddy", "nginx": "nginx/usr/sbin/nginx"}[name]
    if not found.exists():
        missing = f"{name} is not installed at {found}: run .ci/install-proxies"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


class Proxy:
    """One proxy: `async with Caddy(folder, port) as p:` runs it before a coordinator's public port."""

    name = ""

    def __init__(self, folder: Path, public_port: int) -> None:
        """Take the test's folder and the port that it leads to."""
        self.program = program(self.name)
        self.port = free_port()
        self.folder = folder / self.name
        self.folder.mkdir()
        self.log_file = self.folder / f"{self.name}.log"
        self._public_port = public_port
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def ws_url(self) -> str:
        """Where scanners connect."""
        return f"ws://127.0.0.1:{self.port}"

    def run(self, *arguments: str | Path) -> None:
        """Run the proxy's program to its end; it must succeed."""
        with self.log_file.open("ab") as output:
            command = [self.program, *arguments]
            subprocess.run(command, stdout=output, stderr=output, cwd=self.folder, timeout=30, check=True)

    def launch(self, *arguments: str | Path) -> None:
        """Start the proxy and leave it running."""
        with self.log_file.open("ab") as output:
            home = os.environ | {"XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
            command = [self.program, *arguments]
            self._popen = subprocess.Popen(command, stdout=output, stderr=output, cwd=self.folder, env=home)

    async def reload(self) -> None:
        """Have the running proxy read its configuration again."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the proxy."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the proxy, and every connection with it."""
        assert self._popen is not None
        self._popen.terminate()
        try:
            await until(lambda: self._has_ended, within_s=STOP_S, what=f"{self.name} ends")
        finally:
            self._popen.kill()
            self._popen.wait()

    @property
    def _has_ended(self) -> bool:
        assert self._popen is not None
        return self._popen.poll() is not None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class Caddy(Proxy):
    """Caddy with compose/Caddyfile, without TLS: the name is replaced by a port of this machine."""

    name = "caddy"

    def start(self) -> None:
        """Start it, with an administration port of its own."""
        self._admin = f"127.0.0.1:{free_port()}"
        text = (COMPOSE / "Caddyfile").read_text()
        text = text.replace(f"{NAME} {{", f"http://127.0.0.1:{self.port} {{").replace(":14052", f":{self._public_port}")
        self._file = self.folder / "Caddyfile"
        # A stop waits for connections unless it is told not to.
        self._file.write_text(f"{{\n\tadmin {self._admin}\n\tgrace_period 1s\n\tpersist_config off\n}}\n{text}")
        self.launch("run", "--config", self._file, "--adapter", "caddyfile")

    async def reload(self) -> None:
        """Load the configuration again though it has not changed."""
        arguments = ("reload", "--force", "--config", self._file, "--adapter", "caddyfile", "--address", self._admin)
        self.run(*arguments)


class Nginx(Proxy):
    """nginx with compose/nginx.conf, without TLS, and with a read time-out of seconds."""

    name = "nginx"
    read_timeout_s = 20
    """Twice as long as the coordinator's pings are apart, and far shorter than the snippet's hour."""

    def start(self) -> None:
        """Start it in the foreground, with all its files in the test's folder."""
        text = (COMPOSE / "nginx.conf").read_text()
        text = re.sub(r"^ *ssl_certificate.*\n", "", text, flags=re.MULTILINE)
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port}").replace(
            ":14052", f":{self._public_port}"
        )
        assert text.count("_timeout 1h") == 2
        text = text.replace("_timeout 1h", f"_timeout {self.read_timeout_s}s")
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self._file = self.folder / "nginx.conf"
        self._file.write_text(
            f"daemon off;\npid {self.folder}/nginx.pid;\nerror_log {self.log_file};\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
        )
        self.launch(*self._arguments)

    async def reload(self) -> None:
        """Have new workers take over, while old ones keep their connections."""
        self.run(*self._arguments, "-s", "reload")

    @property
    def _arguments(self) -> tuple[str | Path, ...]:
        return ("-e", self.log_file, "-p", self.folder, "-c", self._file)
