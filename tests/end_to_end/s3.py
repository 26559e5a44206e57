"""A real S3 server, a process of its own: versitygw, which keeps objects as files of a folder."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import obstore
import pytest
from obstore.store import S3Store

from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import START_S, Process
from tests.end_to_end.waiting import INTERVAL_S

BUCKET = "pictures"

HOST_BUCKET, HOST = "127", "0.0.1"
"""A bucket that is a part of the host's name: together they are 127.0.0.1, so that no name has to be looked up."""

ACCESS_KEY, SECRET_KEY = "access-of-no-worth", "secret-of-no-worth"


AT_ONCE = 16


def binary() -> Path:
    """Return where `.ci/install-s3` puts the server; the file need not exist."""
    cache = os.environ.get("FEDIWARD_CACHE") or Path.home() / ".cache" / "fediward"
    return Path(cache) / "versitygw" / "bin" / "versitygw"


def require() -> None:
    """Skip the test where the server is not installed; in CI, fail it."""
    if not binary().exists():
        missing = f"versitygw is not installed at {binary()}: run .ci/install-s3"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)


class S3Server(Process):
    """An S3 server on a free port of 127.0.0.1 with one bucket. `async with S3Server(folder) as s:` starts it."""

    def __init__(self, folder: Path, *, bucket: str = BUCKET) -> None:
        """Take the folder for its objects and log, and the bucket's name."""
        self.root = folder / "s3"
        self.port = free_port()
        self.bucket = self.root / bucket
        self.bucket.mkdir(parents=True)
        super().__init__(folder, "s3-server", settings={})

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host_url(self) -> str:
        """Where it serves a bucket that is a part of the host's name: without the bucket."""
        return f"http://{HOST}:{self.port}"

    @property
    def variables_of_callers(self) -> dict[str, str]:
        """The environment of those who may read and write."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    async def put(self, objects: Mapping[str, bytes]) -> None:
        """Store objects."""
        store = S3Store(
            BUCKET,
            config={"endpoint": self.url, "access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY},
            client_options={"allow_http": True},
        )
        for batch in _batches(objects):
            await asyncio.gather(*(obstore.put_async(store, key, content) for key, content in batch))

    def keys(self) -> set[str]:
        """List the objects."""
        return {str(path.relative_to(self.bucket)) for path in self.bucket.rglob("*") if path.is_file()}

    def launch(self) -> None:
        """Start the process, without waiting for anything."""
        sidecar = self.folder / "sidecar"
        sidecar.mkdir(exist_ok=True)
        with self.log_file.open("ab") as output:
            self._popen = subprocess.Popen(
                [
                    *(binary(), "--port", f"127.0.0.1:{self.port}", "--quiet", "--health", "/health"),
                    *(("--virtual-domain", f"{HOST}:{self.port}") if self.bucket.name == HOST_BUCKET else ()),
                    *("posix", "--sidecar", sidecar, self.root),
                ],
                cwd=self.folder,
                env={**os.environ, "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def __aenter__(self) -> Self:
        self.launch()
        try:
            async with httpx2.AsyncClient(timeout=5.0) as client, asyncio.timeout(START_S):
                while True:
                    if await self._is_healthy(client):
                        break
                    await asyncio.sleep(INTERVAL_S)
        except BaseException:
            self.clean_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clean_up()

    async def _is_healthy(self, client: httpx2.AsyncClient) -> bool:
        assert self.process.poll() is None, f"it ended:\n{self.log}"
        try:
            return (await client.get(f"{self.url}/health")).status_code == 200
        except httpx2.TransportError:
            return False


def _batches(objects: Mapping[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    rest = iter(objects.items())
    while batch := list(itertools.islice(rest, AT_ONCE)):
        yield batch
