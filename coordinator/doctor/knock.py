"""Reach an address step by step, so that what is in the way can be named: its name, TCP, TLS, HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx2

STEP_S = 10.0
MOST_BYTES = 64 * 1024


class Step(StrEnum):
    """What has to work, one after another."""

    NAME = "name"
    TCP = "TCP"
    TLS = "TLS"
    HTTP = "HTTP"


class NotReachedError(Exception):
    """A step failed. `reason` holds no address."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(step, reason)
        self.step = step
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What answered, with the time on its clock if it says so."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    """Its JSON object; empty for anything else."""
    date: datetime | None = None
    text: str = field(default="", repr=False)


async def knock(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, content: bytes = b""
) -> Answer:
    """Ask a web address, without a proxy. Raises NotReachedError."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    await reach(str(parts.hostname), parts.port or (443 if secure else 80), context)
    # It tells every request at INFO, and addresses hold secrets.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        async with (
            httpx2.AsyncClient(timeout=STEP_S, trust_env=False, verify=context or False) as client,
            client.stream(method, url, headers=headers, content=content) as answer,
        ):
            body = b""
            if answer.status_code != 101:
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        break
    except httpx2.InvalidURL as error:
        raise NotReachedError(Step.NAME, "it is neither a name nor an IP address") from error
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise NotReachedError(
            Step.HTTP, "no answer in time" if _is_slow(error) else "it does not speak HTTP"
        ) from error
    return Answer(answer.status_code, _object(answer, body), _date(answer), body.decode(errors="replace"))


async def reach(host: str, port: int, context: ssl.SSLContext | None) -> None:
    """Connect and hang up. Raises NotReachedError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STEP_S):
            await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NotReachedError(Step.NAME, "the name has no address") from error
    except TimeoutError as error:
        raise NotReachedError(Step.NAME, "the name server does not answer") from error
    await _connect(Step.TCP, host, port, None)
    if context is not None:
        await _connect(Step.TLS, host, port, context)


async def _connect(step: Step, host: str, port: int, context: ssl.SSLContext | None) -> None:
    try:
        async with asyncio.timeout(STEP_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        raise NotReachedError(step, f"its certificate is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise NotReachedError(step, f"no TLS there ({error.reason})") from error
    except TimeoutError as error:
        raise NotReachedError(step, f"no answer within {STEP_S:.0f} s") from error
    except OSError as error:
        # The error's own text holds the address.
        reason = os.strerror(error.errno).lower() if error.errno else "none of its addresses answers"
        raise NotReachedError(step, reason) from error
    writer.close()


def _is_slow(error: Exception) -> bool:
    return isinstance(error, httpx2.TimeoutException)


def _object(answer: httpx2.Response, body: bytes) -> Mapping[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _date(answer: httpx2.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
