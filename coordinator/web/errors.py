"""Requests that are refused before there is an outcome: the request itself is wrong."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from starlette.responses import JSONResponse


class _Refusal(NamedTuple):
    status: int
    sentence: str


class Refusal(Enum):
    """Why a request is refused, with its HTTP status and what to do about it."""

    UNKNOWN_CALLER = _Refusal(
        401, "Unknown caller. See `fediward-coordinator caller list`, or make one with `caller new`."
    )
    UNTRUSTED_PROXY = _Refusal(
        401,
        "Forwarded headers from no trusted proxy. Set FEDIWARD_TRUSTED_PROXIES, or call with a secret.",
    )
    SWEEP_NOT_ALLOWED = _Refusal(403, "This caller may not sweep. Make one that may: `caller new NAME --sweep`.")
    WRONG_QUERY = _Refusal(400, "Unknown query. Only lane=live|sweep, record=0|1 and margins=0|1 are understood.")
    EMPTY_BODY = _Refusal(400, "The body is empty. Send the bytes of one picture or video.")
    NO_HASH = _Refusal(400, "That is no SHA-256 in 64 lower-case hexadecimal digits.")
    UNKNOWN_CONTENT = _Refusal(404, "Nothing is known of this content: send its bytes.")
    BAD_REPORT = _Refusal(400, "That is no report of a sweep.")
    SLOW_BODY = _Refusal(408, "The body took longer than FEDIWARD_DEADLINE_MS.")

    def response(self) -> JSONResponse:
        """Make the response that tells the caller."""
        body = {"fediward": self.name.lower().replace("_", "-"), "error": self.value.sentence}
        return JSONResponse(body, status_code=self.value.status)
