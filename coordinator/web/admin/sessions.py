"""Who is logged in: kept over a restart, ended by logging out, by time, and by a change of the admin token.

One file of mode 0600 with the SHA-256 of each session's secret, never the secret.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from coordinator.ledger.times import Clock, now
from coordinator.private_file import write_private

logger = logging.getLogger(__name__)

LASTS = timedelta(days=7)
MOST = 32
"""Sessions at once; the oldest ends when one more is opened."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is logged in."""

    secret: str = field(repr=False)
    """What its cookie holds."""
    who: str
    """For the log: what was typed at the login, or that it was the admin page."""

    @property
    def csrf(self) -> str:
        """What every form of this session carries; it does not tell the secret."""
        return hmac.new(self.secret.encode(), b"fediward form", hashlib.sha256).hexdigest()

    def sent(self, csrf: str) -> bool:
        """Say whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    who: str
    until: datetime


class _Book(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    token_sha256: str
    sessions: tuple[_Kept, ...] = ()


class Sessions:
    """Open, find and close sessions. The file is read when the object is made, and written at each change."""

    def __init__(self, path: Path, *, token_sha256: str, clock: Clock = now) -> None:
        """Take the file, and the digest of the admin token: sessions that another token opened have ended."""
        self._path = path
        self._clock = clock
        self._changing = asyncio.Lock()
        self._book = _Book(token_sha256=token_sha256)
        if (kept := _read(path)) is not None and hmac.compare_digest(kept.token_sha256, token_sha256):
            self._book = kept

    async def open(self, who: str) -> Session:
        """Open a session; return it with the secret for its cookie."""
        session = Session(secrets.token_urlsafe(32), who)
        kept = _Kept(sha256=_digest(session.secret), who=who, until=self._clock() + LASTS)
        async with self._changing:
            await self._keep((*self._alive(), kept)[-MOST:])
        return session

    def find(self, secret: str) -> Session | None:
        """Return the session that a cookie belongs to, None when it has ended."""
        digest = _digest(secret)
        for kept in self._alive():
            if hmac.compare_digest(kept.sha256, digest):
                return Session(secret, kept.who)
        return None

    async def close(self, session: Session) -> None:
        """End a session."""
        digest = _digest(session.secret)
        async with self._changing:
            await self._keep(tuple(kept for kept in self._alive() if kept.sha256 != digest))

    def _alive(self) -> tuple[_Kept, ...]:
        now = self._clock()
        return tuple(kept for kept in self._book.sessions if kept.until > now)

    async def _keep(self, sessions: tuple[_Kept, ...]) -> None:
        self._book = self._book.model_copy(update={"sessions": sessions})
        try:
            await asyncio.to_thread(write_private, self._path, self._book.model_dump_json(indent=1))
        except OSError as error:
            logger.error("%s cannot be written: %s; logins end with this process", self._path, error.strerror)


def _read(path: Path) -> _Book | None:
    try:
        return _Book.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        logger.warning("%s cannot be used; everybody has to log in again", path)
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
