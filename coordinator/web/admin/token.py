"""The admin's token: from FEDIWARD_ADMIN_TOKEN, or made at the first start. Only its hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from starlette.requests import HTTPConnection

from coordinator.private_file import write_private
from shared.errors import ConfigurationError


class AdminToken:
    """What opens the admin page, `/api/v1/status` and `/metrics`."""

    def __init__(self, digest: str) -> None:
        """Take the SHA-256 of the token, in hex."""
        self._digest = digest

    @property
    def digest(self) -> str:
        """The SHA-256 of the token, in hex: what was done in its name is bound to it."""
        return self._digest

    @classmethod
    def of(cls, token: str) -> AdminToken:
        """Make one of the token itself."""
        return cls(_digest(token))

    def matches(self, token: str) -> bool:
        """Say whether this is the token, in a time that does not depend on it."""
        return hmac.compare_digest(self._digest, _digest(token))

    def is_borne_by(self, connection: HTTPConnection) -> bool:
        """Say whether a request carries the token as `Authorization: Bearer …`."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.matches(token.strip())


def open_token(setting: str, file: Path) -> tuple[AdminToken, str]:
    """Return the admin's token, and its text where it was made just now: to be shown once, it is kept nowhere.

    A setting that is not empty wins. `file`, of mode 0600, holds the hash of one that was made. Raises
    ConfigurationError when the file cannot be read or made.
    """
    if setting:
        return AdminToken.of(setting), ""
    try:
        if file.exists():
            digest = file.read_text().strip()
            if not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise ConfigurationError(f"{file} is damaged; remove it, and the next start makes a new admin token.")
            return AdminToken(digest), ""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = secrets.token_urlsafe(24)
        write_private(file, f"{_digest(made)}\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"{file}: {reason}; FEDIWARD_DATA_DIR must be readable and writable.") from error
    return AdminToken.of(made), made


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
