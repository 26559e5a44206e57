"""A bucket of an S3 server. Credentials come from the environment, as AWS's own tools take them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, InvalidPathError, NotFoundError, UnknownConfigurationKeyError
from obstore.store import S3Store

from coordinator.sweep.errors import FetchError, GoneError, RemovalError, SourceAwayError, SourceError, SweepError
from coordinator.sweep.item import Item
from coordinator.sweep.order import first_since, skip_to
from coordinator.sweep.sources.source import BATCH, NONE_MISSED
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config

NOT_FOUND = (NotFoundError, FileNotFoundError)

REFUSED = frozenset({401, 403})
NOT_NOW = frozenset({408, 409, 425, 429})

STATUS = re.compile(r"status code: (\d{3})")
CODE = re.compile(r"<Code>(\w+)</Code>")

CHUNK_BYTES = 256 * 1024

RETRIES = 8
RETRY_S = 60.0
"""For one request; listing and fetching begin anew after that."""


class S3:
    """Read the objects of a bucket. A place is the whole key."""

    def __init__(
        self, bucket: str, prefix: str, *, endpoint: str = "", virtual_host: bool = False, by_time: bool = False
    ) -> None:
        """Take how keys must begin. `by_time` says that they are pict-rs's own, which tell when a file came.

        Raises ConfigurationError.
        """
        self._prefix = prefix
        self._bucket = bucket
        self.tells_time = by_time
        try:
            self._store = S3Store(
                bucket,
                config=_config(bucket, endpoint, virtual_host),
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "connect_timeout": "5s",
                    "timeout": "60s",
                },
                retry_config={
                    "max_retries": RETRIES,
                    "retry_timeout": timedelta(seconds=RETRY_S),
                    "backoff": {
                        "base": 2,
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=10),
                    },
                },
            )
        except (BaseError, UnknownConfigurationKeyError, ValueError) as error:
            raise ConfigurationError(f"s3://{bucket}: {_sentence(error)}") from error
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        """Where it is."""
        at = f"@{self._endpoint.partition('://')[2]}" if self._endpoint else ""
        return f"s3://{self._bucket}{at}/{self._prefix}"

    async def listing(
        self, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield objects in the order of their keys: where these tell the time, only from that time on."""
        folder, _, _ = self._prefix.rpartition("/")
        offset = None
        if since_s is not None and self.tells_time:
            offset = f"{folder}/{first_since(since_s).decode()}".lstrip("/")
        with self._translated(SourceAwayError):
            while True:
                stream = obstore.list(self._store, folder or None, offset=offset, chunk_size=BATCH)
                offset = None
                async for found in stream:
                    if since_s is not None and (further := skip_to(found[-1]["path"].encode(), since_s)) is not None:
                        offset = further.decode()
                    if items := [item for meta in found if (item := self._item(meta, since_s)) is not None]:
                        yield items
                    if offset is not None:
                        break
                if offset is None:
                    return

    def _item(self, meta: ObjectMeta, since_s: float | None) -> Item | None:
        changed_s = meta["last_modified"].timestamp()
        if not meta["path"].startswith(self._prefix) or (since_s is not None and changed_s < since_s):
            return None
        return Item(place=meta["path"].encode(), tag=_tag(meta), size_bytes=meta["size"], changed_s=changed_s)

    async def fetch(self, item: Item) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of an object."""
        with self._translated(FetchError):
            got = await obstore.get_async(self._store, item.place.decode())
            left_bytes = got.meta["size"]
            async for chunk in got.stream(min_chunk_size=CHUNK_BYTES):
                left_bytes -= len(chunk)
                yield bytes(chunk)
            if left_bytes:
                raise FetchError(f"{left_bytes} of its bytes did not come")

    async def tag(self, item: Item) -> str:
        """Return the tag that an object has now."""
        with self._translated(FetchError):
            return _tag(await obstore.head_async(self._store, item.place.decode()))

    async def remove(self, item: Item) -> tuple[str, ...]:
        """Delete an object. A bucket with versions keeps the old one: that is for its life cycle to remove."""
        key = item.place.decode()
        try:
            with self._translated(RemovalError):
                await obstore.delete_async(self._store, key)
                await obstore.head_async(self._store, key)
        except (GoneError, SourceError) as error:
            if isinstance(error, GoneError):
                return ()
            raise RemovalError(str(error)) from error
        raise RemovalError("it is still there after it was deleted")

    async def close(self) -> None:
        """Connections end by themselves."""

    @contextmanager
    def _translated(self, otherwise: type[FetchError | RemovalError | SourceAwayError]) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise self._translation(error, otherwise) from error

    def _translation(self, error: Exception, otherwise: type[SweepError]) -> SweepError:
        status, code = _refusal(error)
        if otherwise is not SourceAwayError and code in {"", "NoSuchKey"} and isinstance(error, NOT_FOUND):
            return GoneError("it is not there any more")
        if isinstance(error, InvalidPathError):
            # The library can neither name it nor list what comes after it.
            return SourceError(
                f"s3://{self._bucket} holds a key that cannot be read here: {_sentence(error)}. Rename it, or leave "
                "it out with --prefix."
            )
        if code == "NoSuchBucket":
            return SourceError(f"There is no bucket {self._bucket}.")
        if otherwise is SourceAwayError and 400 <= status < 500 and status not in NOT_NOW:
            who = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say who asks, AWS_REGION where"
            return SourceError(f"The server refuses us s3://{self._bucket} with status {status} {code}: {who}.")
        if status in REFUSED:
            return otherwise(f"the server refuses it to us: {_sentence(error)}")
        return otherwise(f"s3://{self._bucket}: {_sentence(error)}")


def _config(bucket: str, endpoint: str, virtual_host: bool) -> S3Config:
    config: S3Config = {"virtual_hosted_style_request": virtual_host}
    if endpoint:
        scheme, separator, host = endpoint.partition("://")
        # Where the bucket is a part of the host's name, the library wants it there.
        is_whole = not virtual_host or host.startswith(f"{bucket}.")
        config["endpoint"] = endpoint if is_whole else f"{scheme}{separator}{bucket}.{host}"
    return config


def _refusal(error: Exception) -> tuple[int, str]:
    """Return the status and the code that a server gave; 0 and nothing where it gave none."""
    status, code = STATUS.search(str(error)), CODE.search(str(error))
    return int(status[1]) if status else 0, code[1] if code else ""


def _tag(meta: ObjectMeta) -> str:
    # Some servers have none for files that came to them by another way. Only a listing has parts of a second.
    e_tag = meta["e_tag"] or str(int(meta["last_modified"].timestamp()))
    return f"{e_tag}-{meta['size']:x}"


def _sentence(error: Exception) -> str:
    """Say what went wrong in a few words: the library quotes whole answers of servers, and what was signed."""
    status, code = _refusal(error)
    return f"status {status} {code}".rstrip() if status else " ".join(str(error).split("\n")[0].split())[:200]
