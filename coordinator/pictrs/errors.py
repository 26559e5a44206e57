"""Why pict-rs did not do what it was asked.

    PictRsError
    ├── UnreachableError    nobody answers, or not now: the next question would fare no better; try again later
    ├── WrongKeyError       it refuses the key: an admin has to act
    ├── StrangerError       what answers is no pict-rs: an admin has to act
    ├── FaultError          it fails on this one file; the next may work
    ├── NotServedError      it knows the content, and does not hand out these very bytes
    └── CannotPurgeError    it keeps aliases that it was told to remove

`str` is one sentence without the key.
"""

from __future__ import annotations

from shared.errors import FediwardError

SHOWN_ALIASES = 10
"""Aliases that a sentence names; `CannotPurgeError.aliases` has all."""


class PictRsError(FediwardError):
    """Stand above every fault that has to do with pict-rs."""


class UnreachableError(PictRsError):
    """Nobody answers at FEDIWARD_PICTRS_URL, or not now."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"pict-rs cannot be reached: {self.reason}"


class WrongKeyError(PictRsError):
    """pict-rs refuses the key, or has none."""

    def __str__(self) -> str:
        return "pict-rs refuses FEDIWARD_PICTRS_API_KEY: it must be the value of PICTRS__SERVER__API_KEY there"


class StrangerError(PictRsError):
    """What answers at FEDIWARD_PICTRS_URL does not speak as pict-rs does."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)

    def __str__(self) -> str:
        return f"what answers at FEDIWARD_PICTRS_URL is no pict-rs: {self.fault}"


class FaultError(PictRsError):
    """pict-rs fails on one request, with an error code of its own."""

    def __init__(self, status: int, code: str) -> None:
        self.status = status
        self.code = code
        super().__init__(status, code)

    def __str__(self) -> str:
        return f"pict-rs answers with status {self.status}" + (f" ({self.code})" if self.code else "")


class NotServedError(PictRsError):
    """pict-rs knows a content and does not hand out its bytes."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)

    def __str__(self) -> str:
        return f"pict-rs does not hand out the file that it knows: {self.fault}"


class CannotPurgeError(PictRsError):
    """pict-rs keeps a content that it was told to purge."""

    def __init__(self, aliases: tuple[str, ...], reason: str) -> None:
        self.aliases = aliases
        """Those that still lead to the file."""
        self.reason = reason
        super().__init__(aliases, reason)

    def __str__(self) -> str:
        shown = ", ".join(self.aliases[:SHOWN_ALIASES])
        return f"pict-rs keeps the file under {len(self.aliases)} aliases ({shown}): {self.reason}"
