"""Making a connection to the coordinator."""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
from importlib.util import find_spec
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus
from websockets.http11 import Response
from websockets.proxy import get_proxy, parse_proxy
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from scanner.address import Address, near_hosts
from scanner.channel import WebSocketChannel
from scanner.errors import TokenRefusedError, UnreachedError
from shared.errors import ConfigurationError
from shared.limits import MAX_MESSAGE_BYTES, PING_INTERVAL_S, PING_TIMEOUT_S, SUBPROTOCOL

logger = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0


class Dialler:
    """Connect to one address with one token.

    Without TLS it connects to nothing but loopback and private addresses, and by no proxy, unless told to be insecure.
    """

    def __init__(self, address: Address, token: str, *, proxy: bool = True, insecure: bool = False) -> None:
        """Take where to connect and the secret to show there."""
        self._address = address
        self._token = token
        self._near_only = not (address.secure or insecure)
        self._proxy = proxy and not self._near_only

    def __repr__(self) -> str:
        return f"<Dialler to {self._address}>"

    async def dial(self) -> WebSocketChannel:
        """Make one attempt.

        Raises UnreachedError, TokenRefusedError when it was our coordinator that refused, and ConfigurationError when
        the address lies beyond what may be reached without TLS.
        """
        try:
            websocket = await self._connect()
        except InvalidStatus as error:
            if refuses_token(error.response):
                raise TokenRefusedError(revoked=False) from error
            raise UnreachedError(refusal_in_words(error.response)) from error
        except (OSError, InvalidHandshake) as error:
            raise UnreachedError(in_words(error)) from error
        if websocket.subprotocol != SUBPROTOCOL:
            await websocket.close()
            raise UnreachedError(f"it does not speak {SUBPROTOCOL}")
        _tune(websocket)
        return WebSocketChannel(websocket)

    def describe_proxy(self) -> str:
        """Say for the log which proxy is used, without its password.

        Raises ConfigurationError for one that cannot be used.
        """
        found = get_proxy(parse_uri(self._address.url)) if self._proxy else None
        if found is None:
            return "no proxy"
        try:
            proxy = parse_proxy(found)
        except InvalidProxy as error:
            raise ConfigurationError(
                f"the proxy of this system cannot be used ({error.msg}): FEDIWARD_PROXY=0 goes without"
            ) from error
        if proxy.scheme.startswith("socks") and find_spec("python_socks") is None:
            raise ConfigurationError(
                "the proxy of this system needs `pip install python-socks`: FEDIWARD_PROXY=0 goes without"
            )
        return f"proxy {proxy.scheme}://{proxy.host}:{proxy.port}"

    async def _connect(self) -> ClientConnection:
        if not self._near_only:
            return await self._open()
        *others, last = await near_hosts(self._address)
        for host in others:
            try:
                return await self._open(host=host)
            except OSError as error:
                logger.debug("%s: %s", host, error)
        return await self._open(host=last)

    async def _open(self, **place: Any) -> ClientConnection:
        return await DirectConnect(
            self._address.url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            proxy=True if self._proxy else None,
            **place,
        )


class DirectConnect(connect):
    """Follow no redirects: no other address than the configured one gets the token and sends frames."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Keep the error that a redirect is here."""
        return exc


def refuses_token(response: Response) -> bool:
    """Tell our coordinator's refusal from that of a proxy on the way."""
    return response.status_code == 401 and _word_of(response) == "token-refused"


def refusal_in_words(response: Response) -> str:
    """Say what an answer other than a WebSocket means, and whose it is."""
    status = response.status_code
    match _word_of(response):
        case "upgrade-required":
            return "a proxy on the way does not pass WebSockets on"
        case "stopping":
            return "it stops or restarts"
    if status in (502, 503, 504):
        return f"the proxy before it does not reach it (HTTP {status})"
    if 300 <= status < 400:
        return f"it redirects (HTTP {status}), which is not followed"
    return f"it answered HTTP {status}"


def _word_of(response: Response) -> str:
    """Return the word by which our coordinator's answers are known; empty for those of others."""
    try:
        body = json.loads(response.body or b"")
    except ValueError:
        return ""
    return str(body.get("fediward", "")) if isinstance(body, dict) else ""


def _tune(websocket: ClientConnection) -> None:
    """Send small messages at once, and give up on a peer that does not acknowledge what is sent to it."""
    tcp = websocket.transport.get_extra_info("socket")
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(PING_TIMEOUT_S * 1000))


def in_words(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its TLS certificate is not valid ({error.verify_message})"
        case TimeoutError():
            return f"no answer within {OPEN_TIMEOUT_S:.0f} s"
        case socket.gaierror():
            return "its name has no address"
        case ssl.SSLError():
            return f"TLS failed ({error.reason})"
        case OSError(errno=int(number)):
            # The error's own text holds the address.
            return os.strerror(number).lower()
        case ConnectionError():
            return "it hung up"
        case OSError():
            return "none of its addresses answered"
        case _:
            return f"no WebSocket there ({type(error).__name__})"
