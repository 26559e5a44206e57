"""A whole scanner as a real process before a coordinator that follows a script."""

from __future__ import annotations

import asyncio
import signal
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from scanner.address import parse_address
from scanner.app import serve_model
from scanner.dialler import Dialler
from scanner.engine import Engine
from scanner.manners.decision import Rules
from scanner.manners.watch import Watch
from scanner.models.errors import DeviceLostError
from shared.close_codes import CloseCode
from shared.exit_codes import ExitCode
from shared.messages import Drain, Frame, FromScanner, Goodbye, Lane, Load, Received, Result, Scan
from tests.scanner.coordinator_double import TOKEN, TOKEN_REFUSED, Peer, Script, coordinator, live_for_ever, refusal
from tests.scanner.doubles import SIZE, TestModel, make_hello
from tests.scanner.processes import scanner

FRAME = Frame("s", 0, bytes(224 * 224 * 3))
SCAN = Scan("s", 1, 8000.0, Lane.LIVE, 1, 224)


LONG_S = 16.0
SLOW = {"FEDIWARD_NULL_MS_PER_FRAME": "1000", "FEDIWARD_BATCH": "16", "FEDIWARD_CAPACITY": "16"}
"""Settings with which `push_long` keeps the model busy for LONG_S."""


async def push_one(peer: Peer) -> None:
    """Open, and push one scan of one frame."""
    await peer.open()
    await peer.say(SCAN, FRAME)
    await peer.hear_until(Received)


async def push_long(peer: Peer) -> None:
    """Open, and push one scan of 16 frames, which make one batch."""
    await peer.open()
    await peer.say(Scan("s", 1, 8000.0, Lane.LIVE, 16, 224))
    await peer.say(*(Frame("s", index, FRAME.pixels) for index in range(16)))
    await peer.hear_until(Received)


def closing_with(code: CloseCode) -> Script:
    """Open, and close with this code."""

    async def script(peer: Peer) -> None:
        await peer.open()
        await peer.websocket.close(code, code.name)

    return script


async def test_scan_is_answered(tmp_path: Path) -> None:
    """A scanner process connects with its settings, gets ready, and answers."""
    results: asyncio.Queue[FromScanner] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        hello = await peer.open()
        assert (hello.name, hello.capacity) == ("attic", 5)
        await peer.say(SCAN, FRAME)
        results.put_nowait(await peer.hear_until(Result))
        await peer.websocket.wait_closed()

    async with coordinator(script) as double:
        (tmp_path / ".env").write_text(f"FEDIWARD_COORDINATOR={double.url}\nFEDIWARD_NAME=attic\n")
        async with scanner("run", "--capacity", "5", folder=tmp_path):
            result = await results.get()
    assert isinstance(result, Result)
    assert (result.scan_id, result.frames, result.terms) == ("s", 1, 2)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, ExitCode.DONE), (signal.SIGINT, ExitCode.INTERRUPTED)])
async def test_signal_finishes_what_is_in_flight(tmp_path: Path, number: signal.Signals, code: ExitCode) -> None:
    """After a signal the scanner says drain, answers, says goodbye, closes, and ends."""
    in_flight = asyncio.Event()
    said: list[type[FromScanner]] = []
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await push_one(peer)
        in_flight.set()
        while not said or said[-1] is not Goodbye:
            message = await peer.hear()
            if not isinstance(message, Load):
                said.append(type(message))
            if isinstance(message, Drain):
                await peer.say(Drain("understood"))
        await peer.websocket.wait_closed()
        closed.set_result(peer.websocket.close_code)

    async with (
        coordinator(script) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path, FEDIWARD_NULL_MS_PER_FRAME="500") as process,
    ):
        await in_flight.wait()
        process.signal(number)
        ended, log = await process.end()
        assert await closed == CloseCode.DONE
    assert said == [Drain, Result, Goodbye]
    assert ended == code
    assert "Traceback" not in log


async def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    """An impatient admin does not wait for a long scan."""
    in_flight = asyncio.Event()

    async def script(peer: Peer) -> None:
        await push_long(peer)
        in_flight.set()
        await peer.websocket.wait_closed()

    async with (
        coordinator(script) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path, **SLOW) as process,
    ):
        await in_flight.wait()
        began_s = time.monotonic()
        process.signal(signal.SIGTERM)
        await process.read_until("once more ends at once")
        process.signal(signal.SIGTERM)
        code, _ = await process.end()
    assert code == ExitCode.INTERRUPTED
    assert time.monotonic() - began_s < LONG_S / 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, ExitCode.DONE), (signal.SIGINT, ExitCode.INTERRUPTED)])
async def test_signal_without_a_coordinator_ends_at_once(
    tmp_path: Path, number: signal.Signals, code: ExitCode
) -> None:
    """A scanner that waits for its coordinator has nothing to finish."""
    async with coordinator(live_for_ever) as double:
        pass
    async with scanner("run", "--coordinator", double.url, folder=tmp_path) as process:
        await process.read_until("coordinator not reached: connection refused; trying again")
        process.signal(number)
        ended, log = await process.end()
    assert ended == code
    assert "Traceback" not in log


@pytest.mark.torch
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, ExitCode.DONE), (signal.SIGINT, ExitCode.INTERRUPTED)])
async def test_signal_while_the_model_loads_ends_at_once(
    tmp_path: Path, number: signal.Signals, code: ExitCode
) -> None:
    """A model that takes its time to load keeps nobody waiting, also as process 1 of a container."""
    async with scanner("run", "--coordinator", "ws://127.0.0.1:9", "--model", "demo", folder=tmp_path) as process:
        await process.read_until("no proxy")
        process.signal(number)
        ended, log = await process.end()
    assert ended == code
    assert "Traceback" not in log


async def test_lost_device_ends_with_a_code_that_asks_for_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    """A device that fails in the middle of a scan ends the scanner with one line, and the connection in good order."""
    model = TestModel()
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.open()
        model.error = DeviceLostError("CUDA error: unspecified launch failure")
        await peer.say(Scan("s", 1, 8000.0, Lane.LIVE, 1, SIZE), Frame("s", 0, bytes(SIZE * SIZE * 3)))
        await peer.websocket.wait_closed()
        closed.set_result(peer.websocket.close_code)

    async with coordinator(script) as double:
        dialler = Dialler(parse_address(double.url), TOKEN, proxy=False)
        watch = Watch(Rules(hours=None, start_paused=False, yield_gpu_percent=None), state_dir=None, gauge=None)
        code = await serve_model(Engine(model, batch_frames=1), make_hello, dialler, watch)
        assert await closed == CloseCode.DONE
    assert code is ExitCode.DEVICE_LOST
    assert "the device is lost (CUDA error: unspecified launch failure)" in caplog.text


async def test_refused_token_ends_with_a_code_of_its_own(tmp_path: Path) -> None:
    """A service manager can tell a refused token from everything else, and need not start the scanner again."""
    async with (
        coordinator(live_for_ever, answers=(TOKEN_REFUSED,)) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path) as process,
    ):
        code, log = await process.end()
    assert code == ExitCode.TOKEN_REFUSED
    assert "the coordinator refused the token" in log
    assert "Traceback" not in log


async def test_refusal_by_a_proxy_is_outlived(tmp_path: Path) -> None:
    """A proxy that asks for a login, or has lost its coordinator, is tried until it lets the scanner through."""
    answers = (refusal(HTTPStatus.UNAUTHORIZED, {}), refusal(HTTPStatus.BAD_GATEWAY, {}), None)
    ready = asyncio.Event()

    async def live(peer: Peer) -> None:
        await peer.open()
        ready.set()
        await peer.websocket.wait_closed()

    async with (
        coordinator(live, answers=answers) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path),
    ):
        await ready.wait()
    assert len(double.requests) == 3


@pytest.mark.parametrize(
    ("closed_with", "code", "words"),
    [
        (CloseCode.REVOKED, ExitCode.TOKEN_REFUSED, "revoked"),
        (CloseCode.SUPERSEDED, ExitCode.FAILED, "give each its own token"),
        (CloseCode.DONE, ExitCode.DONE, ""),
    ],
)
async def test_close_code_that_ends_the_scanner(
    tmp_path: Path, closed_with: CloseCode, code: ExitCode, words: str
) -> None:
    """A scanner that is asked not to come back says why and ends."""
    async with (
        coordinator(closing_with(closed_with)) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path) as process,
    ):
        ended, log = await process.end()
    assert ended == code
    assert words in log
    assert "Traceback" not in log


async def test_end_does_not_wait_for_the_model(tmp_path: Path) -> None:
    """A scanner whose token is revoked ends at once, also in the middle of a long batch."""
    revoked_s: list[float] = []

    async def script(peer: Peer) -> None:
        await push_long(peer)
        revoked_s.append(time.monotonic())
        await peer.websocket.close(CloseCode.REVOKED, "revoked")

    async with (
        coordinator(script) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path, **SLOW) as process,
    ):
        code, _ = await process.end()
    assert code == ExitCode.TOKEN_REFUSED
    assert time.monotonic() - revoked_s[0] < LONG_S / 2


async def test_broken_protocol_is_told_and_tried_again(tmp_path: Path) -> None:
    """The coordinator gets the code for it, and the scanner comes back."""
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def talk_text(peer: Peer) -> None:
        await peer.open()
        await peer.websocket.send("text")
        await peer.websocket.wait_closed()
        closed.set_result(peer.websocket.close_code)

    back = asyncio.Event()

    async def note(peer: Peer) -> None:
        await peer.open()
        back.set()
        await peer.websocket.wait_closed()

    async with (
        coordinator(talk_text, note) as double,
        scanner("run", "--coordinator", double.url, folder=tmp_path),
    ):
        assert await closed == CloseCode.MALFORMED
        await back.wait()


async def test_scanner_is_back_after_a_restart_of_the_coordinator(tmp_path: Path) -> None:
    """When a coordinator that was gone is there again, the scanner is ready within 5 s."""
    ready = asyncio.Event()

    async def live(peer: Peer) -> None:
        await peer.open()
        ready.set()
        await peer.websocket.wait_closed()

    async with coordinator(live) as first:
        running = scanner("run", "--coordinator", first.url, folder=tmp_path)
        process = await running.__aenter__()
        await ready.wait()
    try:
        await process.read_until("trying again")
        ready.clear()
        began_s = time.monotonic()
        async with coordinator(live, port=first.port):
            await ready.wait()
        assert time.monotonic() - began_s < 5
    finally:
        await running.__aexit__(None, None, None)
