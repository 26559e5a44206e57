"""A bucket of any number of objects that are not there: it can only be listed.

`python -m tests.bench.endless_bucket PORT OBJECTS`. It stands in for an S3 server that would need hours to be filled.
Keys are numbers of as many digits, so that they sort by number; a page begins behind the continuation token, which is
the last number of the page before.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from coordinator.sweep.state import connect

PAGE = 1000

ENTRY = (
    "<Contents><Key>{:09d}.png</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;e&quot;</ETag><Size>100</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


def page(after: int, objects: int) -> str:
    """Return one page of the listing."""
    last = min(after + PAGE, objects - 1)
    entries = "".join(map(ENTRY.format, range(after + 1, last + 1)))
    is_cut = last < objects - 1
    token = f"<NextContinuationToken>{last}</NextContinuationToken>" if is_cut else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>bucket</Name><Prefix></Prefix>'
        f"<KeyCount>{last - after}</KeyCount><MaxKeys>{PAGE}</MaxKeys><IsTruncated>{str(is_cut).lower()}</IsTruncated>"
        f"{token}{entries}</ListBucketResult>"
    )


async def serve(port: int, objects: int) -> None:
    """Answer listings until killed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
                body = page(int(query.get("continuation-token", ["-1"])[0]), objects).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # Who lists has hung up.
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


@contextmanager
def running(port: int, objects: int) -> Iterator[None]:
    """Run the bucket, a process of its own."""
    command = [sys.executable, "-m", "tests.bench.endless_bucket", str(port), str(objects)]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.kill()


def know_all(path: Path, objects: int) -> None:
    """Write the state of a sweep that was broken off when it had settled every object of an endless bucket."""
    with closing(connect(path)) as database, database:
        database.execute("INSERT INTO runs (id, began) VALUES (1, ?)", (time.time(),))
        database.executemany(
            "INSERT INTO places VALUES (?, '', 100, x'', 1, 'clean', '[]', '', '[]', '')",
            ((b"%09d.png" % number,) for number in range(objects)),
        )


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
