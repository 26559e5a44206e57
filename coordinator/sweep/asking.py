"""The line to the coordinator: contents by their hash or their bytes, and reports of the sweep."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.sweep.errors import AwayError, RefusedError, StrangerError
from coordinator.sweeps import Removed, SweepOrder, SweepReport
from shared.errors import ConfigurationError

TIMEOUT = httpx2.Timeout(130.0, connect=5.0)
"""FEDIWARD_DEADLINE_MS is at most two minutes."""

REPORT_S = 5.0

PATH = "/api/v1/scan/"

REFUSED = frozenset({401, 403})


class Margins(BaseModel):
    """How far a picture is from being flagged, in units of similarity."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    flagged: bool
    parts: dict[str, float]
    """By part: how far its thresholds could be raised with the part still found; below 0: it is not found."""
    flagged_from: dict[str, float | None]
    """By part, and `*` for all together: the strictness to add above which it is flagged; None: no such."""


class Told(BaseModel):
    """What the coordinator says about a content."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    outcome: Outcome
    answer: Answer
    would_be: Answer
    sha256: str
    reason: str = ""
    parts: tuple[str, ...] = ()
    remembered: bool = False
    partial: bool = False
    """Fewer looks were judged than it has: found is found, and clean is not yet known to be clean."""
    margins: Margins | None = None


class PolicyInForce(BaseModel):
    """What the coordinator judges by."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    parts: dict[str, str]
    """Display names by key."""
    strictness: dict[str, float]


class _Welcome(BaseModel):
    model_config = ConfigDict(extra="ignore")

    policy: PolicyInForce


class Asking:
    """Ask a coordinator. Every call raises AwayError, RefusedError and StrangerError."""

    def __init__(self, url: str, *, most_at_once: int, record: bool = True, margins: bool = False) -> None:
        """Take the path of a caller that may sweep, as `caller new --sweep` prints it, behind http://host:port.

        `margins` asks for margins with every answer. Raises ConfigurationError for another kind of address.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.startswith(PATH):
            raise ConfigurationError(
                "FEDIWARD_SWEEP_URL must be http://ADDRESS:14051 and the path that "
                "`fediward-coordinator caller new NAME --sweep` prints."
            )
        self._url = url.rstrip("/")
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        """The coordinator's address, without the secret."""
        self._record = {} if record else {"record": "0"}
        self._margins = {"margins": "1"} if margins else {}
        limits = httpx2.Limits(max_connections=most_at_once + 2, max_keepalive_connections=most_at_once + 2)
        self._client = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False, limits=limits)
        # It tells every request at INFO, with the secret in it.
        logging.getLogger("httpx2").setLevel(logging.WARNING)

    def __repr__(self) -> str:
        return f"<Asking {self.name}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def check(self) -> PolicyInForce:
        """Return the policy in force, when a coordinator is there that takes sweeps of this caller."""
        answer = await self._ask("GET", "/sweeps")
        try:
            return _Welcome.model_validate_json(answer.content).policy
        except ValidationError as error:
            raise StrangerError(f"What answers at {self.name} is no coordinator that knows sweeps.") from error

    async def known(self, sha256: str) -> Told | None:
        """Return what is known of a content; None when its bytes have to be sent."""
        answer = await self._ask("GET", f"/known/{sha256}", params={**self._record, **self._margins})
        return None if answer.status_code == 404 and "error" in _parsed(answer) else self._told(answer)

    async def look(self, chunks: Sequence[bytes]) -> Told:
        """Have a content looked at, after all uploads that people wait for."""
        # With a length: chunked is for those who do not know it.
        headers = {"Content-Length": str(sum(map(len, chunks))), "Content-Type": "application/octet-stream"}
        params = {"lane": "sweep", **self._record, **self._margins}
        return self._told(await self._ask("POST", "", params=params, content=_streamed(chunks), headers=headers))

    async def report(self, name: str, report: SweepReport) -> SweepOrder:
        """Tell how the sweep goes; return what the admin wants of it."""
        headers = {"Content-Type": "application/json"}
        content = report.model_dump_json().encode()
        answer = await self._ask("POST", f"/sweeps/{name}", content=content, headers=headers, timeout=REPORT_S)
        try:
            return SweepOrder.model_validate_json(answer.content)
        except ValidationError as error:
            raise AwayError(f"{self.name} gives no order but status {answer.status_code}") from error

    async def tell_removed(self, name: str, removed: Removed) -> None:
        """Have the coordinator write down what was removed, or could not be."""
        headers = {"Content-Type": "application/json"}
        content = removed.model_dump_json().encode()
        answer = await self._ask("POST", f"/sweeps/{name}/removals", content=content, headers=headers)
        if answer.status_code != 204:
            why = _parsed(answer).get("error", f"status {answer.status_code}")
            raise AwayError(f"{self.name} does not write down what was removed: {why}")

    async def _ask(self, method: str, path: str, **others: Any) -> httpx2.Response:
        try:
            answer = await self._client.request(method, self._url + path, **others)
        except httpx2.TransportError as error:
            # Its text may hold the address, and with it the secret.
            raise AwayError(f"{self.name} does not answer ({type(error).__name__})") from error
        if answer.status_code in REFUSED:
            raise RefusedError(f"{self.name} refuses this caller: {_parsed(answer).get('error', 'no reason given')}")
        return answer

    def _told(self, answer: httpx2.Response) -> Told:
        try:
            return Told.model_validate_json(answer.content)
        except ValidationError as error:
            why = _parsed(answer).get("error", f"status {answer.status_code} without an outcome")
            raise AwayError(f"{self.name} says: {why}") from error


def _parsed(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _streamed(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
