"""The line to pict-rs: requests with and without the key, and what the transport raises in our own words."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx2
from pydantic import ValidationError

from coordinator.pictrs.answers import Fault
from coordinator.pictrs.errors import FaultError, StrangerError, UnreachableError, WrongKeyError

KEY_HEADER = "X-Api-Token"

TIMEOUT = httpx2.Timeout(15.0, connect=5.0)
"""For each step of a request; a whole file may take longer."""

KEPT_S = 2.0
"""An idle connection is used again within this time. pict-rs hangs up after 5 s (actix-http, `KeepAlive`): what is
asked at that moment would be lost."""

NOT_NOW = frozenset({429, 502, 503, 504})


class Line:
    """Ask a pict-rs. Its key goes with questions to its internal API only."""

    def __init__(self, url: str, key: str) -> None:
        """Take the address of pict-rs and the key of its internal API."""
        self.url = url.rstrip("/")
        self._key = key
        # A proxy or .netrc from the environment would see, or send, what is only between us and pict-rs.
        self._client = httpx2.AsyncClient(
            timeout=TIMEOUT,
            limits=httpx2.Limits(keepalive_expiry=KEPT_S),
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )
        # It tells every request at INFO.
        logging.getLogger("httpx2").setLevel(logging.WARNING)

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    @asynccontextmanager
    async def ask_internally(self, method: str, call: str, query: dict[str, str]) -> AsyncIterator[httpx2.Response]:
        headers = {KEY_HEADER: self._key}
        async with self.ask(method, f"{self.url}/internal/{call}", params=query, headers=headers) as answer:
            if answer.status_code in {401, 403}:
                raise WrongKeyError
            # Wherever it leads, the key does not go there.
            if answer.is_redirect:
                raise StrangerError("it redirects")
            yield answer

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """Ask, and translate what the transport raises, also while the answer is read."""
        try:
            request = self._client.build_request(method, url, params=params, headers=headers, content=content)
            async with aclosing(await self._send(request, again=content is None)) as answer:
                if answer.status_code in NOT_NOW:
                    raise UnreachableError(f"status {answer.status_code}")
                yield answer
        except httpx2.TimeoutException as error:
            raise UnreachableError("no answer in time") from error
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.InvalidURL) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    async def _send(self, request: httpx2.Request, *, again: bool) -> httpx2.Response:
        """Return an answer, of which only the head is read; where pict-rs hangs up instead, ask `again`."""
        try:
            return await self._client.send(request, stream=True)
        except httpx2.RemoteProtocolError:
            if not again:
                raise
            # It did so the moment that it was asked. What has no content can be asked, or told, twice.
            return await self._client.send(request, stream=True)


async def fault_of(answer: httpx2.Response) -> FaultError | None:
    """Return why a request failed; None when it did not."""
    if answer.is_success:
        return None
    try:
        code = Fault.model_validate_json(await answer.aread()).code
    except ValidationError:
        code = ""
    return FaultError(answer.status_code, code)
