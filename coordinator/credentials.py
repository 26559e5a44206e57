"""Callers and scanners: their names, and the SHA-256 of their secrets.

One file of mode 0600, read again when it changes.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from coordinator.private_file import write_private
from coordinator.settings import Network
from shared.errors import ConfigurationError
from shared.limits import MAX_NAME_CHARACTERS

logger = logging.getLogger(__name__)

LOCAL_CALLER = "local-networks"
LOCAL_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Loopback and private addresses: RFC 1122, 4291, 1918, 4193."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=r"^[^\s/\x00-\x1f\x7f]+$")]
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class Caller(BaseModel):
    """An image host that may ask: by a secret in its URL, or from its networks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    created: datetime
    secret_sha256: str = ""
    networks: tuple[Network, ...] = ()
    may_sweep: bool = False


class ScannerToken(BaseModel):
    """A scanner that may connect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    created: datetime
    token_sha256: str


class Book(BaseModel):
    """All credentials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    callers: tuple[Caller, ...] = ()
    scanners: tuple[ScannerToken, ...] = ()

    def caller_by_secret(self, secret: str) -> Caller | None:
        """Find the caller that a secret belongs to, in a time that does not depend on it."""
        digest = _digest(secret)
        found = None
        for caller in self.callers:
            if hmac.compare_digest(caller.secret_sha256, digest):
                found = caller
        return found

    def caller_by_address(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Caller | None:
        """Find the caller whose networks hold an address."""
        return next((c for c in self.callers if any(address in network for network in c.networks)), None)

    def scanner_by_token(self, token: str) -> ScannerToken | None:
        """Find the scanner that a token belongs to, in a time that does not depend on it."""
        digest = _digest(token)
        found = None
        for scanner in self.scanners:
            if hmac.compare_digest(scanner.token_sha256, digest):
                found = scanner
        return found

    def knows(self, token: ScannerToken) -> bool:
        """Say whether a token is still in force."""
        return token in self.scanners


class Credentials:
    """The credentials file. Reading is cheap: the file is parsed again only when it changed."""

    def __init__(self, path: Path, inherited: tuple[Caller, ...] = ()) -> None:
        """Take the file, and callers that a service knows beside it."""
        self._path = path
        self._inherited = inherited
        self._stamp: tuple[int, int, int] | None = None
        self._book = Book()
        self._fault = ""

    @property
    def book(self) -> Book:
        """What the file holds now. Raises ConfigurationError when it cannot be read."""
        try:
            # Not Path.stat: this is asked for every upload.
            status = os.stat(self._path)
        except FileNotFoundError:
            self._stamp, self._book = None, Book()
            return self._book
        except OSError as error:
            raise self._unreadable(error) from error
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._book, self._stamp = self._parse(), stamp
        return self._book

    @property
    def latest(self) -> Book:
        """What the file holds now, or held before it was damaged: a running service goes on with what it knew."""
        try:
            book, fault = self.book, ""
        except ConfigurationError as error:
            book, fault = self._book, str(error)
        if fault and fault != self._fault:
            logger.error("%s Going on with the credentials read before.", fault)
        self._fault = fault
        return self._with_inherited(book)

    def _with_inherited(self, book: Book) -> Book:
        return book.model_copy(update={"callers": (*book.callers, *self._inherited)}) if self._inherited else book

    def create(self) -> bool:
        """Make the file when there is none; say whether it was made."""
        with self._changing() as book:
            if self._path.exists():
                return False
            self._write(book)
            return True

    def add_caller(self, name: str, networks: tuple[Network, ...] = (), *, may_sweep: bool = False) -> str:
        """Add a caller; return its new secret, which is kept nowhere; empty for one known by its networks."""
        _check_name(name)
        secret = "" if networks else secrets.token_urlsafe(24)
        with self._changing() as book:
            _refuse_twice(name, (caller.name for caller in book.callers), "caller")
            caller = Caller(
                name=name,
                created=_now(),
                secret_sha256=_digest(secret) if secret else "",
                networks=networks,
                may_sweep=may_sweep,
            )
            self._write(book.model_copy(update={"callers": (*book.callers, caller)}))
        return secret

    def add_scanner(self, name: str) -> str:
        """Add a scanner; return its new token, which is kept nowhere."""
        _check_name(name)
        token = secrets.token_urlsafe(24)
        with self._changing() as book:
            _refuse_twice(name, (scanner.name for scanner in book.scanners), "scanner")
            scanner = ScannerToken(name=name, created=_now(), token_sha256=_digest(token))
            self._write(book.model_copy(update={"scanners": (*book.scanners, scanner)}))
        return token

    def revoke_caller(self, name: str) -> None:
        """Remove a caller."""
        with self._changing() as book:
            left = tuple(caller for caller in book.callers if caller.name != name)
            _refuse_unknown(name, len(left) < len(book.callers), "caller")
            self._write(book.model_copy(update={"callers": left}))

    def revoke_scanner(self, name: str) -> None:
        """Remove a scanner; a running coordinator closes its connection within two seconds."""
        with self._changing() as book:
            left = tuple(scanner for scanner in book.scanners if scanner.name != name)
            _refuse_unknown(name, len(left) < len(book.scanners), "scanner")
            self._write(book.model_copy(update={"scanners": left}))

    @contextmanager
    def _changing(self) -> Iterator[Book]:
        """Hold the lock that keeps two commands from undoing each other's change; yield what the file holds.

        A file that does not exist yet will begin with a caller for local networks.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._path.with_suffix(".lock"), "a", opener=_private) as lock:
                flock(lock, LOCK_EX)
                yield self.book if self._path.exists() else Book(callers=(_local_caller(),))
        except OSError as error:
            raise ConfigurationError(f"{self._path}: {error.strerror}; FEDIWARD_DATA_DIR must be writable.") from error

    def _parse(self) -> Book:
        try:
            return Book.model_validate_json(self._path.read_bytes())
        except OSError as error:
            raise self._unreadable(error) from error
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "the file"
            raise ConfigurationError(f"{self._path} is damaged at {place}; restore it or move it away.") from error

    def _unreadable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"{self._path} cannot be read: {error.strerror}.")

    def _write(self, book: Book) -> None:
        write_private(self._path, book.model_dump_json(indent=1))


def caller_with_secret(name: str, secret: str, created: datetime) -> Caller:
    """Make a caller whose secret was chosen elsewhere."""
    return Caller(name=name, created=created, secret_sha256=_digest(secret))


def _check_name(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise ConfigurationError(
            f"{name[:40]!r} is no usable name: 1 to {MAX_NAME_CHARACTERS} characters without spaces or slashes."
        ) from error


def _local_caller() -> Caller:
    return Caller(name=LOCAL_CALLER, created=_now(), networks=LOCAL_NETWORKS)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _refuse_twice(name: str, names: Iterator[str], noun: str) -> None:
    if name in names:
        raise ConfigurationError(f"A {noun} named {name} exists already; choose another name, or revoke it first.")


def _refuse_unknown(name: str, known: bool, noun: str) -> None:
    if not known:
        raise ConfigurationError(
            f"There is no {noun} named {name}; `fediward-coordinator {noun} list` shows the names."
        )
