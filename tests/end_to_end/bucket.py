"""A bucket of an object store that everybody may read: as much of S3 as pict-rs uses for small files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NAME = "pictures"
PUBLIC = "/public"


class Bucket(ThreadingHTTPServer):
    """Holds files by their keys, and remembers who read them by their public addresses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.readers: list[Mapping[str, str]] = []
        """Headers of the requests to public addresses, names in lower case."""
        self.keeps = False
        """Refuse to delete."""
        self.is_throttled = False
        """Hand nothing out by public addresses, for now."""

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def settings(self) -> dict[str, object]:
        """What a pict-rs must be told to store here, and to redirect here."""
        return {
            "store__type": "object_storage",
            "store__endpoint": self.url,
            "store__use_path_style": "true",
            "store__bucket_name": NAME,
            "store__region": "nowhere",
            "store__access_key": "access",
            "store__secret_key": "secret",
            "store__public_endpoint": self.url + PUBLIC,
        }

    @property
    def pictures(self) -> set[str]:
        """Keys of all files but that of pict-rs's health check."""
        return set(self.files) - {"health-check"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.files[self._key] = data
        self._reply(200, b"", {"ETag": f'"{hashlib.md5(data).hexdigest()}"'})

    def do_GET(self) -> None:
        if self.path.startswith(PUBLIC):
            self.server.readers.append({name.lower(): value for name, value in self.headers.items()})
            if self.server.is_throttled:
                self._reply(503, b"", {})
                return
        data = self.server.files.get(self._key)
        if data is None:
            self._reply(404, b"", {})
        else:
            headers = {"ETag": f'"{hashlib.md5(data).hexdigest()}"', "Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT"}
            self._reply(200, data, headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = re.findall("<Key>([^<]*)</Key>", asked)
        if self.server.keeps:
            self._reply(403, b"", {})
            return
        for key in keys:
            self.server.files.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._reply(200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {"Content-Type": "application/xml"})

    @property
    def _key(self) -> str:
        path = self.path.partition("?")[0]
        return path.removeprefix(f"{PUBLIC}/").removeprefix(f"/{NAME}/")

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@contextmanager
def serving() -> Iterator[Bucket]:
    """Run a bucket meanwhile."""
    bucket = Bucket()
    thread = Thread(target=bucket.serve_forever)
    thread.start()
    try:
        yield bucket
    finally:
        bucket.shutdown()
        thread.join()
        bucket.server_close()
