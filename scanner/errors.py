"""Errors of the scanner.

FediwardError
└── LinkError
    ├── RetriedError            try again after a pause
    │   ├── UnreachedError      no connection, or no WebSocket at the other end
    │   └── DroppedError        a connection ended before it had proved healthy
    ├── TokenRefusedError       the coordinator does not know the token, or revoked it; exit code 5
    └── DismissedError          the coordinator asked this scanner to stop; exit code 1

ChannelClosedError ends a session when its connection is gone; `link` turns it into one of the above. ModelFaultError
carries whatever a model raised, ScoresError and SelfTestError included, from the worker thread to the event loop.
"""

from __future__ import annotations

from shared.close_codes import CloseCode
from shared.errors import FediwardError, ProtocolError


class LinkError(FediwardError):
    """The link to the coordinator is not, or no longer, there."""


class RetriedError(LinkError):
    """A fault of the link that a later attempt may get past."""


class UnreachedError(RetriedError):
    """No connection came about. `reason` holds neither a secret nor an address."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"coordinator not reached: {self.reason}"


class DroppedError(RetriedError):
    """A connection ended before it had proved healthy."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"connection ended: {self.reason}"


class TokenRefusedError(LinkError):
    """The coordinator refused the token, or revoked it while connected."""

    def __init__(self, *, revoked: bool) -> None:
        self.revoked = revoked
        super().__init__(revoked)

    def __str__(self) -> str:
        fault = (
            "the coordinator has revoked this scanner's token" if self.revoked else "the coordinator refused the token"
        )
        return f"{fault}: make a new one with `fediward-coordinator scanner new` and set FEDIWARD_TOKEN"


class DismissedError(LinkError):
    """The coordinator closed the connection with a code that asks for no reconnecting."""

    def __init__(self, code: CloseCode) -> None:
        self.code = code
        super().__init__(code)

    def __str__(self) -> str:
        if self.code is CloseCode.SUPERSEDED:
            return "another scanner connected with the same token and took this one's place: give each its own token"
        return f"the coordinator asked this scanner to stop ({self.code.name.lower()})"


class ChannelClosedError(FediwardError):
    """The connection under a session is closed, by the peer's close code, or without one (None)."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        super().__init__(code)

    def __str__(self) -> str:
        if self.code is None:
            return "lost without a goodbye"
        names = {code.value: code.name.lower().replace("_", " ") for code in CloseCode}
        return f"closed with code {self.code} ({names.get(self.code, 'not one of ours')})"


class HelloTimeoutError(ProtocolError):
    """The coordinator did not answer hello in time."""

    close_code = CloseCode.HELLO_TIMEOUT

    def __str__(self) -> str:
        return "no welcome in time"


class StalledError(ProtocolError):
    """The coordinator stopped reading what this scanner says."""

    close_code = CloseCode.STALLED

    def __str__(self) -> str:
        return "the coordinator stopped reading"


class ScoresError(FediwardError):
    """The model gave scores of a wrong shape, or scores that are not cosines."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)

    def __str__(self) -> str:
        return f"scores {self.fault}"


class SelfTestError(FediwardError):
    """The device does not compute what it should; `fidelity` says how far off it is."""

    def __init__(self, fidelity: object) -> None:
        self.fidelity = fidelity
        super().__init__(fidelity)

    def __str__(self) -> str:
        return f"the self-test failed: {self.fidelity}"


class ModelFaultError(FediwardError):
    """The model raised `error` in its thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(error)

    def __str__(self) -> str:
        return f"the model failed: {type(self.error).__name__}"
