"""Bodies that are no picture, too large, or made to hurt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.end_to_end.caller import slow_caller, upload
from tests.end_to_end.peer import Peer
from tests.end_to_end.pictures import DARK, bomb, broken, dark, picture, wide_claim
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.waiting import until

MIB = 2**20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def c(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator for all tests of this file: none of them may harm it."""
    async with Coordinator(tmp_path_factory.mktemp("shared")) as coordinator:
        yield coordinator


def limited_processes(coordinator: Coordinator) -> set[int]:
    """Return the limited processes of a coordinator, by their ids."""
    return {child.pid for child in psutil.Process(coordinator.process.pid).children()}


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 415, "unsupported", id="text"),
        pytest.param(bytes(1000), 415, "unsupported", id="zeros"),
        pytest.param(b"%PDF-1.7\n" + bytes(1000), 415, "unsupported", id="a document"),
        pytest.param(broken(), 422, "unreadable", id="a picture cut short"),
        pytest.param(wide_claim(), 422, "too_costly", id="a claim of 100,000 pixels a side"),
    ],
)
async def test_body_that_is_no_picture_has_its_status(c: Coordinator, body: bytes, status: int, outcome: str) -> None:
    """What is not a picture, or does not decode, is rejected with the documented status and costs no process."""
    before = limited_processes(c)
    answer = await upload(c, body)
    assert (answer.status, answer.outcome) == (status, outcome)
    assert limited_processes(c) == before


async def test_body_over_the_limit_is_read_to_its_end(c: Coordinator) -> None:
    """A body of 41 MB is answered by 413 after its last byte, with the hash of all of it, and is not kept."""
    piece = bytes(MIB)
    async with slow_caller(c) as caller:
        for _ in range(41):
            await caller.send(piece)
        await caller.finish()
        answer = await caller.answer()
    assert (answer.status, answer.outcome) == (413, "too_large")
    assert answer.report["bytes"] == 41 * MIB
    assert answer.report["sha256"] == "1905da59e2fb6c4049952c39c2504eded8089593c355d69e690582d82b991065"
    assert psutil.Process(c.process.pid).memory_info().rss < 150 * MIB


async def test_body_over_the_memory_is_not_looked_at(tmp_path: Path) -> None:
    """Where the limit for one body is above the memory for all, the log says what that means, and it is so."""
    async with Coordinator(tmp_path, body_memory=100_000) as c, Scanner(c, "one"):
        assert "uploads of more than 100000 bytes are not looked at when they come" in c.log
        assert (await upload(c, picture(DARK, padding_bytes=100_000))).outcome == "overloaded"
        assert (await upload(c, dark())).outcome == "clean"


async def test_decompression_bomb_costs_one_limited_process(tmp_path: Path) -> None:
    """A bomb is rejected by 422 within its limits, other uploads pass beside it, and one process is replaced."""
    async with Coordinator(tmp_path) as c, Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        before = limited_processes(c)
        began_s = time.monotonic()
        exploding = asyncio.create_task(upload(c, bomb()))
        assert (await upload(c, dark())).outcome == "clean"
        answer = await exploding
        assert (answer.status, answer.outcome) == (422, "too_costly")
        assert time.monotonic() - began_s < 8
        await until(lambda: len(limited_processes(c)) == len(before), within_s=10, what="the process is replaced")
        assert len(before & limited_processes(c)) == len(before) - 1
        assert (await upload(c, dark())).outcome == "clean"
        serving.cancel()
