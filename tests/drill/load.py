"""Uploads whose right answers are known before they are sent."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import httpx2

from tests.end_to_end.caller import Answer, upload
from tests.end_to_end.pictures import animation, broken, picture
from tests.end_to_end.processes import Coordinator

UPLOADS_PER_S = 15.0
TWICE = 0.05
"""Share of uploads that come twice at once."""


@dataclass(frozen=True)
class Kind:
    """A kind of upload, its share, and what becomes of it when nothing fails."""

    name: str
    share: float
    outcome: str
    status: int


KINDS = (
    Kind("bright", 0.40, "flagged", 406),
    Kind("dark", 0.40, "clean", 200),
    Kind("bright animation", 0.07, "flagged", 406),
    Kind("dark animation", 0.07, "clean", 200),
    Kind("broken", 0.03, "unreadable", 422),
    Kind("text", 0.03, "unsupported", 415),
)


@dataclass(frozen=True)
class Told:
    """One upload, and what its caller was told; no answer when the connection failed."""

    kind: Kind
    answer: Answer | None
    took_s: float
    fault: str = ""


class Load:
    """Send uploads at a steady mean rate, whatever becomes of those before."""

    def __init__(self, coordinator: Coordinator, source: random.Random) -> None:
        self.told: list[Told] = []
        self._coordinator = coordinator
        self._source = source

    async def run(self, seconds: float) -> None:
        """Send uploads for so long; return when all of them have ended."""
        end_s = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < end_s:
                kind = self._source.choices(KINDS, [kind.share for kind in KINDS])[0]
                body = self._body(kind)
                for _ in range(2 if self._source.random() < TWICE else 1):
                    group.create_task(self._send(kind, body))
                await asyncio.sleep(self._source.expovariate(UPLOADS_PER_S))

    def _body(self, kind: Kind) -> bytes:
        shade = self._source.randint(210, 255) if "bright" in kind.name else self._source.randint(0, 100)
        match kind.name:
            case "broken":
                return broken()
            case "text":
                return b"no picture " + self._source.randbytes(8)
            case name if name.endswith("animation"):
                return animation(shade, moments=12)
            case _:
                return picture(shade)

    async def _send(self, kind: Kind, body: bytes) -> None:
        began_s = time.monotonic()
        try:
            answer = await upload(self._coordinator, body)
        except httpx2.HTTPError as error:
            self.told.append(Told(kind, None, time.monotonic() - began_s, type(error).__name__))
        else:
            self.told.append(Told(kind, answer, time.monotonic() - began_s))
