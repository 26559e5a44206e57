"""Making a connection, against a real server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Response

from scanner.address import parse_address
from scanner.dialler import Dialler, in_words, refuses_token
from scanner.errors import ChannelClosedError, TokenRefusedError, UnreachedError
from shared.close_codes import CloseCode
from shared.errors import ConfigurationError
from shared.limits import MAX_MESSAGE_BYTES, PING_TIMEOUT_S
from tests.scanner.coordinator_double import TOKEN, TOKEN_REFUSED, CoordinatorDouble, Peer, coordinator, refusal


def dialler(double: CoordinatorDouble) -> Dialler:
    """Make a dialler for a double."""
    return Dialler(parse_address(double.url), TOKEN)


async def wait_closed(peer: Peer) -> None:
    """Keep a connection until the scanner leaves."""
    await peer.websocket.wait_closed()


async def test_handshake_shows_path_token_and_subprotocol() -> None:
    """The coordinator learns who knocks from headers, and no compression is offered."""
    async with coordinator(wait_closed) as double:
        channel = await dialler(double).dial()
        await channel.close(CloseCode.DONE, "")
    (request,) = double.requests
    assert request.path == "/api/v1/scanners"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Sec-WebSocket-Protocol"] == "fediward.1"
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_socket_is_tuned() -> None:
    """Small messages are not held back, and a peer that acknowledges nothing is given up in time."""
    async with coordinator(wait_closed) as double:
        channel = await dialler(double).dial()
        tcp = channel.websocket.transport.get_extra_info("socket")
        nodelay = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        user_timeout_ms = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        await channel.close(CloseCode.DONE, "")
    assert nodelay
    assert user_timeout_ms == PING_TIMEOUT_S * 1000


async def test_messages_pass_both_ways() -> None:
    """Binary messages are bytes, and text is told apart."""

    async def echo(peer: Peer) -> None:
        await peer.websocket.send(await peer.websocket.recv())
        await peer.websocket.send("text")
        await peer.websocket.wait_closed()

    async with coordinator(echo) as double:
        channel = await dialler(double).dial()
        await channel.send(b"\x00\xff")
        assert await channel.recv() == b"\x00\xff"
        assert await channel.recv() == "text"
        await channel.close(CloseCode.DONE, "")


async def test_oversized_message_closes_the_connection() -> None:
    """More than the protocol allows is not even taken into memory."""

    async def flood(peer: Peer) -> None:
        await peer.websocket.send(bytes(MAX_MESSAGE_BYTES + 1))
        await peer.websocket.wait_closed()

    async with coordinator(flood) as double:
        channel = await dialler(double).dial()
        with pytest.raises(ChannelClosedError):
            await channel.recv()


async def test_close_code_of_the_coordinator_is_told() -> None:
    """Both ways of using a closed connection say how it was closed."""

    async def revoke(peer: Peer) -> None:
        await peer.websocket.close(CloseCode.REVOKED, "revoked")

    async with coordinator(revoke) as double:
        channel = await dialler(double).dial()
        with pytest.raises(ChannelClosedError) as received:
            await channel.recv()
        with pytest.raises(ChannelClosedError) as sent:
            await channel.send(b"x")
    assert (received.value.code, sent.value.code) == (CloseCode.REVOKED, CloseCode.REVOKED)


async def test_lost_connection_has_no_code() -> None:
    """A coordinator that vanishes says nothing."""

    async def vanish(peer: Peer) -> None:
        peer.websocket.transport.abort()

    async with coordinator(vanish) as double:
        channel = await dialler(double).dial()
        with pytest.raises(ChannelClosedError) as caught:
            await channel.recv()
    assert caught.value.code is None


async def test_close_reaches_the_coordinator_with_a_reason_cut_to_its_room() -> None:
    """A reason longer than a close frame is cut between characters."""
    closed: asyncio.Future[tuple[int | None, str | None]] = asyncio.get_running_loop().create_future()

    async def note(peer: Peer) -> None:
        await peer.websocket.wait_closed()
        closed.set_result((peer.websocket.close_code, peer.websocket.close_reason))

    async with coordinator(note) as double:
        channel = await dialler(double).dial()
        await channel.close(CloseCode.MALFORMED, "é" * 100)
        assert await closed == (CloseCode.MALFORMED, "é" * 61)


async def test_refused_token_is_final() -> None:
    """Our coordinator says that the token is refused in words of its own."""
    async with coordinator(wait_closed, answers=(TOKEN_REFUSED,)) as double:
        with pytest.raises(TokenRefusedError):
            await dialler(double).dial()


@pytest.mark.parametrize(
    "answer",
    [
        refusal(HTTPStatus.UNAUTHORIZED, {"error": "log in"}),
        refusal(HTTPStatus.UNAUTHORIZED, ["token-refused"]),
        refusal(HTTPStatus.FORBIDDEN, {"fediward": "token-refused"}),
        refusal(HTTPStatus.BAD_GATEWAY, {}),
        refusal(HTTPStatus.NOT_FOUND, {}),
    ],
    ids=["proxy asks for a login", "other JSON", "other status", "coordinator away", "wrong path"],
)
async def test_refusal_by_anybody_else_is_not(answer: Response) -> None:
    """A proxy on the way may refuse today and not tomorrow."""
    async with coordinator(wait_closed, answers=(answer,)) as double:
        with pytest.raises(UnreachedError, match=f"HTTP {answer.status_code}"):
            await dialler(double).dial()


def test_refusal_that_is_not_json_is_a_proxys() -> None:
    """A login page is no word of our coordinator."""
    answer = refusal(HTTPStatus.UNAUTHORIZED, {})
    answer.body = b"<html>"
    assert not refuses_token(answer)


async def test_redirect_is_not_followed() -> None:
    """Nobody else gets the token, and the frames come from nowhere else."""
    async with coordinator(wait_closed) as other:
        answer = refusal(HTTPStatus.TEMPORARY_REDIRECT, {}, headers={"Location": f"{other.url}/api/v1/scanners"})
        async with coordinator(wait_closed, answers=(answer,)) as double:
            with pytest.raises(UnreachedError, match="HTTP 307"):
                await dialler(double).dial()
        assert other.requests == []


async def test_server_without_our_subprotocol_is_left() -> None:
    """Something else that speaks WebSocket is not our coordinator."""
    async with coordinator(wait_closed, subprotocols=()) as double:
        with pytest.raises(UnreachedError, match=r"fediward\.1"):
            await dialler(double).dial()


async def test_closed_port_is_unreached() -> None:
    """The fault is told without an address, which may be private."""
    async with coordinator(wait_closed) as double:
        pass
    with pytest.raises(UnreachedError) as caught:
        await dialler(double).dial()
    assert str(caught.value) == "coordinator not reached: connection refused"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError("x"), "no answer within 10 s"),
        (socket.gaierror(-2, "x"), "its name has no address"),
        (ConnectionResetError(104, "x 10.0.0.1"), "connection reset by peer"),
        (OSError("several: 10.0.0.1"), "none of its addresses answered"),
        (ConnectionResetError(), "it hung up"),
        (InvalidHandshake("x"), "no WebSocket there (InvalidHandshake)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_faults_are_told_in_words(error: Exception, words: str) -> None:
    """An admin reads what is wrong, and a log gets no address."""
    assert in_words(error) == words


async def test_peer_that_speaks_no_tls_is_unreached() -> None:
    """A wss:// address of a plain port is told from a coordinator that is away."""
    async with coordinator(wait_closed) as double:
        with pytest.raises(UnreachedError, match=r"TLS failed|it hung up"):
            await Dialler(parse_address(double.url.replace("ws:", "wss:")), TOKEN).dial()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """The token goes to no server that cannot prove its name."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    making = await asyncio.create_subprocess_exec(
        "openssl", *words, "-out", certificate, "-keyout", key, stderr=asyncio.subprocess.DEVNULL
    )
    assert await making.wait() == 0
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with coordinator(wait_closed, tls=tls) as double:
        with pytest.raises(UnreachedError, match=r"certificate is not valid \(self-signed certificate\)"):
            await Dialler(parse_address(f"wss://localhost:{double.port}"), TOKEN).dial()
    assert double.requests == []


async def test_peer_that_speaks_no_http_is_unreached() -> None:
    """A port of something else is no WebSocket."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UnreachedError):
            await dialler(CoordinatorDouble(port)).dial()


async def test_name_with_several_addresses_is_tried_through() -> None:
    """`localhost` may mean ::1 first, where a coordinator on 127.0.0.1 does not listen."""
    async with coordinator(wait_closed) as double:
        channel = await Dialler(parse_address(f"ws://localhost:{double.port}"), TOKEN).dial()
        await channel.close(CloseCode.DONE, "")
    assert len(double.requests) == 1


async def test_far_address_is_refused_before_the_token_leaves() -> None:
    """Without TLS nothing is sent beyond one's own network."""
    with pytest.raises(ConfigurationError, match="FEDIWARD_INSECURE"):
        await Dialler(parse_address("ws://203.0.113.1"), TOKEN).dial()


def test_no_proxy_leads_to_a_near_address() -> None:
    """Without TLS a connection stays on one's own network, where no proxy shall see the token."""
    assert Dialler(parse_address("ws://127.0.0.1"), TOKEN).describe_proxy() == "no proxy"


def test_repr_hides_the_token() -> None:
    """The token is in no log."""
    assert TOKEN not in repr(Dialler(parse_address("ws://127.0.0.1"), TOKEN))
