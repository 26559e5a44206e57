"""Errors that both sides know.

FediwardError
├── ConfigurationError          a setting, file or argument is wrong; one sentence; exit code 2
└── ProtocolError               the peer broke the protocol; closes that connection
    ├── UnknownMessageError     a type that this side does not receive
    ├── MalformedMessageError   not msgpack, a missing, extra or wrong field
    ├── OversizedMessageError   more bytes than MAX_MESSAGE_BYTES
    └── UnexpectedMessageError  well formed, but not now
"""

from __future__ import annotations

from shared.close_codes import CloseCode


class FediwardError(Exception):
    """Base of all errors that Fediward raises on purpose."""


class ConfigurationError(FediwardError):
    """A setting, file or argument is wrong. `str` is one sentence that names it and says what to do."""


class ProtocolError(FediwardError):
    """The peer broke the protocol. `str` names the fault without any content of the message but its type."""

    close_code = CloseCode.MALFORMED


class UnknownMessageError(ProtocolError):
    """A message has no type, or a type that this side does not receive."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)

    def __str__(self) -> str:
        return f"message of unknown type {self.kind!r}"


class MalformedMessageError(ProtocolError):
    """A message is not msgpack, or one of its fields is missing, extra or wrong."""

    def __init__(self, kind: str, fault: str) -> None:
        self.kind = kind
        self.fault = fault
        super().__init__(kind, fault)

    def __str__(self) -> str:
        return f"malformed {self.kind}: {self.fault}"


class OversizedMessageError(ProtocolError):
    """A message has more bytes than either side may send."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
        super().__init__(size_bytes, limit_bytes)

    def __str__(self) -> str:
        return f"message of {self.size_bytes} bytes; at most {self.limit_bytes} are allowed"


class UnexpectedMessageError(ProtocolError):
    """A well-formed message came at a moment, or with a content, that the protocol does not allow."""

    def __init__(self, kind: str, fault: str) -> None:
        self.kind = kind
        self.fault = fault
        super().__init__(kind, fault)

    def __str__(self) -> str:
        return f"unexpected {self.kind}: {self.fault}"
