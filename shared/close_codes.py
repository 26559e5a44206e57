"""Our WebSocket close codes (4000 range), what each asks the scanner to do next, and the reasons beside them."""

from __future__ import annotations

from enum import IntEnum

MAX_REASON_BYTES = 123
"""Room for the reason in a close frame (RFC 6455, 5.5)."""


class CloseCode(IntEnum):
    """Why a coordinator or a scanner closed a connection of ours."""

    COME_BACK = 4000
    """The coordinator stops or restarts: connect again."""
    MALFORMED = 4001
    """A message did not follow the protocol; connect again after a pause."""
    HELLO_TIMEOUT = 4002
    """No hello, or no welcome, in time: connect again."""
    STALLED = 4003
    """The peer stopped reading, or made no progress: connect again."""
    SUPERSEDED = 4004
    """A newer connection of the same scanner took its place: stop, it is served already."""
    REVOKED = 4005
    """The token was revoked: stop."""
    DONE = 4006
    """The scanner said goodbye, or was told to go: no reconnecting is asked for."""

    @property
    def may_retry(self) -> bool:
        """Say whether the scanner should connect again by itself."""
        return self in _RETRIED


_RETRIED = frozenset({CloseCode.COME_BACK, CloseCode.MALFORMED, CloseCode.HELLO_TIMEOUT, CloseCode.STALLED})


def cut_reason(reason: str) -> str:
    """Cut a reason, between two characters, to what a close frame has room for."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
