"""A real pict-rs, a process of its own, asked the way Lemmy asks it."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import pytest

from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import START_S, Process
from tests.end_to_end.waiting import INTERVAL_S, until

API_KEY = "of-no-worth"

CHUNK_BYTES = 32 * 1024

UPLOAD_S = 30.0
"""Lemmy's own time-out for an upload."""

GONE_S = 10.0
"""Time for pict-rs to remove a refused file: it answers first and cleans up in a queue of its own."""


def binary() -> Path:
    """Return where `.ci/install-pict-rs` puts pict-rs; the file need not exist."""
    cache = os.environ.get("FEDIWARD_CACHE") or Path.home() / ".cache" / "fediward"
    return Path(cache) / "pict-rs" / "bin" / "pict-rs"


def require() -> None:
    """Skip the test where pict-rs is not installed; in CI, fail it."""
    if not binary().exists():
        missing = f"pict-rs is not installed at {binary()}: run .ci/install-pict-rs"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Have what is started inside run on one core.

    pict-rs 0.5.25 does not flush a file before it reads it for validation. In danger_dummy_mode nothing lies between,
    and on two cores one upload of 1,500 is asked about in part, or as nothing at all, and then stored whole.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {random.choice(sorted(cores))})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class PictRs(Process):
    """A pict-rs on a free port of 127.0.0.1 with a filesystem store, in danger_dummy_mode.

    That mode needs neither ImageMagick nor ffmpeg nor exiftool: a file is stored as it came and called image/png, and
    validation is asked as always. `async with PictRs(folder, validation=url) as p:` starts it and waits for /healthz.
    """

    def __init__(
        self,
        folder: Path,
        *,
        validation: str | None,
        local_connections: bool = False,
        name: str = "pict-rs",
        others: Mapping[str, object] | None = None,
        home: Path | None = None,
    ) -> None:
        """Take the folder for its files and log, and the URL to ask (None: nobody).

        `local_connections` lets it download from, and resolve names to, loopback and private addresses. `others` are
        settings that differ from those for tests: `server__read_only` is PICTRS__SERVER__READ_ONLY. `home` is that of
        another one, which has ended, to go on with its files.
        """
        self.home = home or folder / name
        self.home.mkdir(exist_ok=home is not None)
        self.store = self.home / "files"
        self.port = free_port()
        settings: dict[str, object] = {
            "server__address": f"127.0.0.1:{self.port}",
            "server__api_key": API_KEY,
            "server__danger_dummy_mode": "true",
            "server__temporary_directory": self.home / "temporary",
            "client__allow_local_connections": str(local_connections).lower(),
            "repo__type": "sled",
            "repo__path": self.home / "repo",
            "repo__export_path": self.home / "exports",
            "store__type": "filesystem",
            "store__path": self.store,
            "tracing__logging__no_ansi": "true",
        }
        if validation is not None:
            settings["media__external_validation"] = validation
        super().__init__(folder, name, settings=settings | dict(others or {}))
        self._client = httpx2.AsyncClient(base_url=self.url, timeout=UPLOAD_S, trust_env=False)

    def launch(self) -> None:
        """Start the process, without waiting for anything."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PICTRS__")}
        ours = {f"PICTRS__{name.upper()}": str(value) for name, value in self.settings.items()}
        with self.log_file.open("ab") as output, on_one_core():
            self._popen = subprocess.Popen(
                [binary(), "run"],
                cwd=self.home,
                env=kept | ours,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def url(self) -> str:
        """Where it serves: FEDIWARD_PICTRS_URL of a coordinator."""
        return f"http://127.0.0.1:{self.port}"

    async def upload(self, content: bytes) -> httpx2.Response:
        """Send a file as Lemmy does: it passes a browser's form on as it streams, so in chunks of no known length."""
        return await self._send_form("/image", content)

    async def upload_in_background(self, content: bytes) -> str:
        """Hand a file over to be looked at later; return the upload's id, for `claim`."""
        answer = await self._send_form("/image/backgrounded", content)
        assert answer.status_code == 202, answer.text
        (upload,) = answer.json()["uploads"]
        return str(upload["upload_id"])

    async def claim(self, upload_id: str) -> httpx2.Response:
        """Wait, at most 10 s, for what became of an upload in the background; 204 says: not yet."""
        return await self._client.get("/image/backgrounded/claim", params={"upload_id": upload_id})

    async def download(self, url: str) -> httpx2.Response:
        """Have it fetch and keep a file, as Lemmy does for thumbnails."""
        return await self._client.get("/image/download", params={"url": url})

    async def proxied(self, url: str) -> httpx2.Response:
        """Look at a remote file through it, as Lemmy does in the mode ProxyAllImages."""
        return await self._client.get("/image/original", params={"proxy": url})

    async def original(self, alias: str) -> httpx2.Response:
        """Fetch a file that it keeps."""
        return await self._client.get(f"/image/original/{alias}")

    async def hashes(self, slug: str | None = None) -> list[dict[str, Any]]:
        """List what it knows, newest first, from a slug on."""
        query = {"limit": "100"} if slug is None else {"limit": "1", "slug": slug}
        answer = await self._client.get("/internal/hashes", params=query, headers={"X-Api-Token": API_KEY})
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["page"]["hashes"]
        return entries

    def stored(self) -> frozenset[Path]:
        """List the files in its store."""
        # os.walk passes over folders that pict-rs removes meanwhile; Path.rglob raises.
        return frozenset(Path(folder) / name for folder, _, names in os.walk(self.store) for name in names)

    async def stores_only(self, files: frozenset[Path]) -> None:
        """Wait until the store holds these files and no others."""
        await until(lambda: self.stored() == files, within_s=GONE_S, what=f"{self.name} stores {len(files)} files only")

    async def start(self) -> None:
        """Start it and wait until it serves."""
        self.launch()
        try:
            async with asyncio.timeout(START_S):
                while True:
                    if await self._is_healthy():
                        return
                    await asyncio.sleep(INTERVAL_S)
        except TimeoutError:
            raise AssertionError(f"{self.name} does not answer /healthz in time:\n{self.log[-4000:]}") from None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        self.clean_up()
        await self._client.aclose()

    async def _is_healthy(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log[-4000:]}")
        try:
            return (await self._client.get("/healthz")).status_code == 200
        except httpx2.TransportError:
            return False

    async def _send_form(self, path: str, content: bytes) -> httpx2.Response:
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "X-Forwarded-For": "203.0.113.7:40000"}
        return await self._client.post(
            path, params={"allow_video": "true"}, headers=headers, content=_form(boundary, content)
        )


async def _form(boundary: str, content: bytes) -> AsyncIterator[bytes]:
    yield (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="images[]"; filename="holiday.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode()
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]
    yield f"\r\n--{boundary}--\r\n".encode()
