"""How a connection with a scanner is ended from our side."""

from __future__ import annotations

from shared.close_codes import CloseCode


class EndError(Exception):
    """The connection is to be closed, with a code and a reason for the log."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code, reason)
