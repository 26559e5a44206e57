"""The scanner's doctor on its way to a coordinator that does what the test says."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path

import pytest

from scanner.address import parse_address
from scanner.doctor.way import Goal, judge_welcome, look_at_clock, walk
from shared.findings import Finding, State
from shared.messages import Hello, ServedModel, Welcome
from tests.scanner.coordinator_double import TOKEN, Peer, coordinator, refusal

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HELLO = Hello("doctor", "one", "auto", "cpu", (ServedModel("null", "0", 224),), 1)


def goal(url: str) -> Goal:
    """Want to serve the null model there."""
    return Goal(parse_address(url), TOKEN, False, False, "null")


def welcome(model: str = "null", problem: str = "") -> Welcome:
    """Make a welcome."""
    return Welcome("one", 1, 16, 2**20, model, ("one",), problem)


async def last(goal: Goal) -> Finding:
    """Go as far as it goes."""
    return [finding async for finding in walk(goal, HELLO)][-1]


async def test_way_that_works_is_good() -> None:
    """Each step is good when the coordinator welcomes the scanner."""

    async def greet(peer: Peer) -> None:
        assert isinstance(await peer.hear(), Hello)
        await peer.say(welcome())
        await peer.websocket.wait_closed()

    async with coordinator(greet) as double:
        findings = [finding async for finding in walk(goal(double.url), HELLO)]
    assert [finding.check for finding in findings] == ["name", "TCP", "WebSocket", "token", "welcome", "clock"]
    assert {finding.state for finding in findings} == {State.GOOD}
    (request,) = double.requests
    assert request.path == "/api/v1/scanners?rehearsal=1"


async def test_tls_missing_is_told() -> None:
    """A port that speaks no TLS fails at that step."""

    async def nothing(peer: Peer) -> None:
        await peer.websocket.wait_closed()

    async with coordinator(nothing) as double:
        found = await last(goal(double.url.replace("ws://", "wss://")))
    assert (found.check, found.state) == ("TLS", State.WRONG)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """A certificate that is not valid fails at that step, with the reason."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made = await asyncio.create_subprocess_exec(
        "openssl", *words, "-out", certificate, "-keyout", key, stderr=asyncio.subprocess.DEVNULL
    )
    assert await made.wait() == 0
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def nothing(peer: Peer) -> None:
        await peer.websocket.wait_closed()

    async with coordinator(nothing, tls=tls) as double:
        found = await last(goal(f"wss://localhost:{double.port}"))
    assert (found.check, found.state) == ("TLS", State.WRONG)
    assert "self-signed" in found.sentence


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (HTTPStatus.UPGRADE_REQUIRED, {"fediward": "upgrade-required"}, "does not pass WebSockets on"),
        (HTTPStatus.BAD_GATEWAY, "", "the proxy before it does not reach it"),
        (HTTPStatus.MOVED_PERMANENTLY, "", "redirects"),
        (HTTPStatus.FORBIDDEN, "", "HTTP 403"),
    ],
)
async def test_proxy_in_the_way_is_guilty(status: HTTPStatus, body: object, words: str) -> None:
    """What a proxy answers in the coordinator's place is told."""

    async def nothing(peer: Peer) -> None:
        await peer.websocket.wait_closed()

    async with coordinator(nothing, answers=(refusal(status, body),)) as double:
        found = await last(goal(double.url))
    assert (found.check, found.part) == ("WebSocket", "proxy before the coordinator")
    assert words in found.sentence


async def test_connection_that_carries_no_messages_is_told() -> None:
    """A proxy that opens a connection and cuts it is guilty of the welcome that does not come."""

    async def cut(peer: Peer) -> None:
        await peer.hear()
        await peer.websocket.close(1011)

    async with coordinator(cut) as double:
        findings = [finding async for finding in walk(goal(double.url), HELLO)]
    found = next(finding for finding in findings if finding.check == "welcome")
    assert (found.state, found.part) == (State.WRONG, "proxy before the coordinator")


async def test_port_closed_is_told() -> None:
    """Where nobody listens, TCP fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = await last(goal(f"ws://127.0.0.1:{probe.getsockname()[1]}"))
    assert (found.check, found.state) == ("TCP", State.WRONG)


def test_welcome_that_asks_for_another_model_is_told() -> None:
    """Another model is the setting's fault, a problem the model's; without a model loaded a problem is expected."""
    assert judge_welcome(welcome(), "null", HELLO).state is State.GOOD
    assert judge_welcome(welcome("demo"), "null", HELLO).part == "FEDIWARD_MODEL"
    assert judge_welcome(welcome(problem="frames are 64 px"), "null", HELLO).part == "model"
    bare = Hello("doctor", "one", "auto", "unknown", (), 1)
    assert judge_welcome(welcome(problem="this scanner has none"), "null", bare).state is State.GOOD


def test_clock_beside_the_coordinators() -> None:
    """A difference of more than a minute is wrong, in either direction; a coordinator may not say what time it is."""
    assert look_at_clock(format_datetime(NOW, usegmt=True), NOW + timedelta(seconds=20)).state is State.GOOD
    assert "behind" in look_at_clock(format_datetime(NOW, usegmt=True), NOW - timedelta(minutes=10)).sentence
    assert "ahead of" in look_at_clock(format_datetime(NOW, usegmt=True), NOW + timedelta(minutes=10)).sentence
    assert look_at_clock("", NOW).state is State.UNKNOWN
