"""Listening sockets: what they are set to, and what is said when they cannot be had."""

from __future__ import annotations

import socket

import pytest

from coordinator.server import USER_TIMEOUT_MS, listen
from shared.errors import ConfigurationError


def test_server_listen_sets_accepted_connections() -> None:
    """Accepted connections send at once, and are bounded in what a stalled peer may hold."""
    with (
        listen("FEDIWARD_PUBLIC_BIND", "127.0.0.1:0") as listening,
        socket.create_connection(listening.getsockname()),
    ):
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS


@pytest.mark.parametrize("bind", ["192.0.2.1:1", "no-such-host.invalid:80"])
def test_server_listen_names_the_variable(bind: str) -> None:
    """An address that is not ours, or does not resolve, is one sentence with the variable's name."""
    with pytest.raises(ConfigurationError, match=r"^FEDIWARD_HOOK_BIND: cannot listen on [^\n]+\.$"):
        listen("FEDIWARD_HOOK_BIND", bind)


def test_server_listen_on_a_port_in_use() -> None:
    """A port that somebody else serves is refused."""
    with listen("FEDIWARD_HOOK_BIND", "127.0.0.1:0") as listening:
        _, port = listening.getsockname()
        with pytest.raises(ConfigurationError, match="already in use"):
            listen("FEDIWARD_HOOK_BIND", f"127.0.0.1:{port}")
