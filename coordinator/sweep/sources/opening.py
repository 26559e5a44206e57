"""From what an admin types to a source. Packages of sources that are not used are not imported."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from coordinator.sweep.sources.folder import Folder
from coordinator.sweep.sources.source import Source
from shared.errors import ConfigurationError

SSH_PORT = 22

FORMS = "a folder, pictrs://, s3://BUCKET/PREFIX or sftp://USER@HOST/PATH"


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be said about a source beside its address."""

    prefix: str = ""
    by_time: bool = False
    """It is pict-rs's own store, whose places tell when a file came."""
    pictrs_url: str = ""
    pictrs_key: str = ""
    s3_endpoint: str = ""
    s3_virtual_host: bool = False
    ssh_key: Path | None = None
    known_hosts: Path | None = None


def identity(address: str, choices: Choices) -> str:
    """Return the same text for the same source, at every start: what is remembered of it is found by that."""
    scheme, separator, _ = address.partition("://")
    if not separator or scheme == "file":
        place = str(Path(address.removeprefix("file://")).resolve())
    elif scheme == "pictrs":
        place = address if address != "pictrs://" else f"pictrs+{choices.pictrs_url.rstrip('/')}"
    else:
        place = f"{address.rstrip('/')} {_endpoint(choices) if scheme == 's3' else ''}".rstrip()
    return f"{place}\n{choices.prefix}"


def open_source(address: str, choices: Choices) -> Source:
    """Return a source that is not connected yet. Raises ConfigurationError and SourceError."""
    if "://" not in address:
        return Folder(Path(address), prefix=choices.prefix, by_time=choices.by_time)
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise ConfigurationError(f"{address!r} is no address of a source: write {FORMS}.") from error
    if parts.password:
        raise ConfigurationError("An address that holds a password can be read by everybody on this machine.")
    if parts.scheme == "file":
        return Folder(Path(parts.path), prefix=choices.prefix, by_time=choices.by_time)
    if parts.scheme == "pictrs":
        return _pictrs(parts.netloc, choices)
    if parts.scheme == "s3":
        return _s3(parts.netloc, parts.path.lstrip("/") + choices.prefix, choices)
    if parts.scheme == "sftp":
        return _sftp(parts, choices)
    raise ConfigurationError(f"{parts.scheme}:// is no source: write {FORMS}.")


def _pictrs(place: str, choices: Choices) -> Source:
    from coordinator.sweep.sources.pictrs import PictRsSource

    if choices.prefix:
        raise ConfigurationError("--prefix is for paths: pictrs:// has none, and --since narrows it.")
    url = f"http://{place}" if place else choices.pictrs_url
    if not url or not choices.pictrs_key:
        raise ConfigurationError("pictrs:// needs FEDIWARD_PICTRS_URL and FEDIWARD_PICTRS_API_KEY.")
    return PictRsSource(url, choices.pictrs_key)


def _s3(bucket: str, prefix: str, choices: Choices) -> Source:
    endpoint = _endpoint(choices)
    if not bucket:
        raise ConfigurationError("An S3 source is written s3://BUCKET/PREFIX.")
    if endpoint and not os.environ.get("AWS_ACCESS_KEY_ID"):
        raise ConfigurationError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set to read from an S3 server.")
    if choices.s3_virtual_host and _is_address(urlsplit(endpoint).hostname or ""):
        raise ConfigurationError(
            "--s3-virtual-host puts the bucket before the host's name: the endpoint has an address."
        )
    try:
        from coordinator.sweep.sources.s3 import S3
    except ModuleNotFoundError as error:
        raise ConfigurationError("s3:// needs a package that is not installed: pip install '.[sweep]'.") from error
    return S3(bucket, prefix, endpoint=endpoint, virtual_host=choices.s3_virtual_host, by_time=choices.by_time)


def _endpoint(choices: Choices) -> str:
    return choices.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL", "")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _sftp(parts: SplitResult, choices: Choices) -> Source:
    try:
        host, port = parts.hostname, parts.port or SSH_PORT
    except ValueError as error:
        raise ConfigurationError(f"sftp://…: {error}.") from error
    path = unquote_to_bytes(parts.path).rstrip(b"/")
    if not host or not path:
        raise ConfigurationError("An SFTP source is written sftp://USER@HOST/PATH, or sftp://USER@HOST/~/PATH.")
    if path == b"/~" or path.startswith(b"/~/"):
        path = path[3:] or b"."
    try:
        from coordinator.sweep.sources.sftp import Host, Sftp
    except ModuleNotFoundError as error:
        raise ConfigurationError("sftp:// needs a package that is not installed: pip install '.[sweep]'.") from error
    known_hosts = choices.known_hosts or Path("~/.ssh/known_hosts").expanduser()
    return Sftp(
        Host(host=host, port=port, user=parts.username or "", known_hosts=known_hosts, key=choices.ssh_key),
        path,
        prefix=os.fsencode(choices.prefix),
        by_time=choices.by_time,
    )
