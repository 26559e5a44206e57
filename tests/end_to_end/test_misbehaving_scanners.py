"""Scanners that are not known, or break the protocol, and results that cannot be right."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from shared.close_codes import CloseCode
from shared.limits import MAX_MESSAGE_BYTES, REHEARSAL
from shared.messages import Ready, Result
from shared.wire import encode
from tests.end_to_end.caller import upload
from tests.end_to_end.peer import Held, Peer, result
from tests.end_to_end.pictures import bright, dark
from tests.end_to_end.processes import Coordinator, Scanner

TOO_BIG = 1009
"""What the WebSocket library closes with, before our code has seen the message (RFC 6455, section 7.4.1)."""

LONG = "漢" * 40
"""More bytes than a close frame has room for beside other words."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def c(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Coordinator]:
    """One coordinator for all tests of this file: none of them may harm it."""
    async with Coordinator(tmp_path_factory.mktemp("shared")) as coordinator:
        yield coordinator


async def test_wrong_token_is_refused_with_our_body(c: Coordinator) -> None:
    """A wrong token is refused before the connection is accepted, by 401 and a body that says that it is ours."""
    with pytest.raises(InvalidStatus) as refusal:
        await Peer(c, "stranger", token="wrong").connect()
    assert refusal.value.response.status_code == 401
    assert json.loads(refusal.value.response.body or b"")["fediward"] == "token-refused"


async def test_wrong_token_ends_a_scanner(c: Coordinator) -> None:
    """A scanner whose token is wrong ends with exit code 5 and says what to do."""
    scanner = Scanner(c, "stranger", token="wrong")
    scanner.launch()
    assert await scanner.ended() == 5
    assert "FEDIWARD_TOKEN" in scanner.log


async def test_revoked_token_ends_a_connected_scanner(c: Coordinator) -> None:
    """A scanner whose token is revoked while it is connected is closed with REVOKED, and ends with exit code 5."""
    async with Scanner(c, "revoked") as scanner, Peer(c, "revoked") as peer:
        c.credentials.revoke_scanner(scanner.name)
        c.credentials.revoke_scanner(peer.name)
        assert (await peer.closed())[0] == CloseCode.REVOKED
        assert await scanner.ended(within_s=5) == 5


async def test_connection_without_hello_is_not_the_scanners_end(c: Coordinator) -> None:
    """A connection that ends before hello did not join: another of the same scanner serves on, and has not left."""
    async with Peer(c, "one") as peer:
        silent = Peer(c, peer.name, token=peer.token)
        await silent.connect()
        await silent.leave()
        await c.logged(f"scanner {peer.name} did not join: connection lost")
        answer = asyncio.create_task(upload(c, bright()))
        await peer.answer(await peer.next_scan())
        assert (await answer).outcome == "flagged"
        assert f"scanner {peer.name} left" not in c.log


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param("text", CloseCode.MALFORMED, id="text"),
        pytest.param(b"\xc1", CloseCode.MALFORMED, id="not msgpack"),
        pytest.param(b"\x90", CloseCode.MALFORMED, id="not a map"),
        pytest.param(b"\x81\xa4type\xa4scan", CloseCode.MALFORMED, id="a type that scanners do not send"),
        pytest.param(b"\x81\xa4type\xd9\x78" + LONG.encode(), CloseCode.MALFORMED, id="a type of long characters"),
        pytest.param(b"\x81\xa4type" + b"\x91" * 1000 + b"\x90", CloseCode.MALFORMED, id="a type of many lists"),
        pytest.param(encode(Ready()).replace(b"\x81", b"\x82") + b"\xa1x\x01", CloseCode.MALFORMED, id="extra field"),
        pytest.param(b"\x81\xa4type\xa8received", CloseCode.MALFORMED, id="missing field"),
        pytest.param(bytes(MAX_MESSAGE_BYTES + 1), TOO_BIG, id="oversized"),
    ],
)
async def test_message_that_breaks_the_protocol_costs_the_connection(
    c: Coordinator, message: bytes | str, code: int
) -> None:
    """A message that breaks the protocol closes its connection with a code; its scan is answered by another scanner."""
    async with Peer(c, "bad") as bad:
        answer = asyncio.create_task(upload(c, bright()))
        await bad.next_scan()
        async with Peer(c, "good") as good:
            await bad.send(message)
            await good.answer(await good.next_scan())
            assert (await answer).outcome == "flagged"
            assert (await bad.closed())[0] == code


async def test_rehearsal_that_breaks_the_protocol_is_closed_with_a_code(c: Coordinator) -> None:
    """A doctor's connection ends as any other does, however long the reason."""
    peer = Peer(c, "doctor", url=f"{c.ws_url}?{REHEARSAL}=1")
    await peer.connect()
    await peer.send(b"\x81\xa4type\xd9\x78" + LONG.encode())
    assert (await peer.closed())[0] == CloseCode.MALFORMED
    await peer.leave()


def _scored(*scores: float) -> Callable[[Held], Result]:
    return lambda held: result(held, scores)


def _changed(**fields: object) -> Callable[[Held], Result]:
    return lambda held: dataclasses.replace(result(held), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_scored(float("nan")), id="NaN"),
        pytest.param(_scored(float("inf")), id="infinite"),
        pytest.param(_scored(1.01), id="over 1"),
        pytest.param(_scored(-1.01), id="under -1"),
        pytest.param(_scored(0.1, 0.1), id="more scores than frames"),
        pytest.param(_scored(), id="no scores"),
        pytest.param(_changed(frames=2), id="another number of frames"),
        pytest.param(_changed(terms=2), id="another number of terms"),
    ],
)
async def test_result_that_cannot_be_right_costs_the_connection(c: Coordinator, make: Callable[[Held], Result]) -> None:
    """Scores of wrong shape or range count for nothing: the connection is closed, and another scanner answers."""
    async with Peer(c, "bad") as bad:
        answer = asyncio.create_task(upload(c, bright()))
        held = await bad.next_scan()
        async with Peer(c, "good") as good:
            await bad.send(make(held))
            await good.answer(await good.next_scan())
            assert (await answer).outcome == "flagged"
            assert (await bad.closed())[0] == CloseCode.MALFORMED


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_changed(scan_id="nobody's"), id="id"),
        pytest.param(_changed(attempt=2), id="attempt"),
    ],
)
async def test_result_that_nobody_waits_for_changes_nothing(c: Coordinator, make: Callable[[Held], Result]) -> None:
    """A result of another scan or attempt is passed over; the right one, on the same connection, still counts."""
    async with Peer(c, "one") as peer:
        answer = asyncio.create_task(upload(c, bright()))
        held = await peer.next_scan()
        before = c.log
        wrong = dataclasses.replace(make(held), scores=result(held, [0.1]).scores)
        await peer.send(wrong)
        await c.logged("a result that nobody waits for", after=before)
        await peer.answer(held)
        assert (await answer).outcome == "flagged"


async def test_result_of_the_scanner_that_lost_a_scan_changes_nothing(c: Coordinator) -> None:
    """A scanner that comes back on a new connection cannot answer the scan that it was sent on the old one."""
    async with Peer(c, "one") as peer:
        answer = asyncio.create_task(upload(c, bright()))
        held = await peer.next_scan()
        async with Peer(c, "two") as other:
            peer.reset()
            again = await other.next_scan()
            async with Peer(c, peer.name, token=peer.token) as back:
                before = c.log
                await back.send(result(held, [0.1]))
                await c.logged("a result that nobody waits for", after=before)
            await other.answer(again)
            assert (await answer).outcome == "flagged"
            assert again.scan.attempt == held.scan.attempt + 1


async def test_scan_that_cost_two_scanners_is_not_tried_on_a_third(c: Coordinator) -> None:
    """A scan on which two scanners failed is answered as scanner_fault, rejected, and the third never sees it."""
    async with Peer(c, "first") as first:
        answer = asyncio.create_task(upload(c, dark()))
        held = await first.next_scan()
        async with Peer(c, "second") as second:
            await first.send(result(held, [2.0]))
            held = await second.next_scan()
            async with Peer(c, "third") as third:
                await second.send(result(held, [2.0]))
                told = await answer
                assert (told.status, told.outcome) == (502, "scanner_fault")
                other = asyncio.create_task(upload(c, bright()))
                held = await third.next_scan()
                assert held.frames[0][0] == 255
                await third.answer(held)
                assert (await other).outcome == "flagged"
