"""Where a request comes from."""

from __future__ import annotations

import ipaddress

import pytest
from starlette.requests import HTTPConnection

from coordinator.web.addresses import UntrustedProxyError, client_address, is_encrypted

PROXY = (ipaddress.ip_network("172.18.0.0/16"),)


def connection(peer: str | None, **headers: str) -> HTTPConnection:
    """Make a connection from a peer with headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "client": (peer, 1) if peer else None, "headers": raw})


def address_of(peer: str | None, **headers: str) -> str:
    """Return the client's address as text."""
    return str(client_address(connection(peer, **headers), PROXY))


def test_addresses_without_proxy_the_peer_counts() -> None:
    """No forwarded header: it is the peer, with IPv4 taken out of IPv6."""
    assert address_of("203.0.113.7") == "203.0.113.7"
    assert address_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert address_of(None) == "None"


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip"])
def test_addresses_forwarded_by_a_stranger_is_refused(header: str) -> None:
    """Anyone can claim to be 127.0.0.1: the claim itself is refused."""
    with pytest.raises(UntrustedProxyError):
        address_of("203.0.113.7", **{header: "127.0.0.1"})


def test_addresses_trusted_proxy_names_the_client() -> None:
    """Behind the admin's proxy the last address that is no proxy counts, whatever the client put before it."""
    assert address_of("172.18.0.2", x_forwarded_for="127.0.0.1, 203.0.113.7") == "203.0.113.7"
    assert address_of("172.18.0.2", x_forwarded_for="203.0.113.7, 172.18.0.3") == "203.0.113.7"
    assert address_of("172.18.0.2", x_forwarded_for="172.18.0.3") == "172.18.0.2"


def test_addresses_nonsense_from_a_proxy_is_unknown() -> None:
    """A chain that does not name an address names nobody."""
    assert address_of("172.18.0.2", x_forwarded_for="nonsense") == "None"


def test_addresses_encrypted_where_a_trusted_proxy_says_so() -> None:
    """The proxy's last word counts, from nobody else, and TLS of our own needs none."""
    for peer, forwarded, is_tls in (
        ("172.18.0.2", "https", True),
        ("172.18.0.2", "http, HTTPS", True),
        ("172.18.0.2", "https, http", False),
        ("172.18.0.2", "", False),
        ("203.0.113.7", "https", False),
        (None, "https", False),
    ):
        assert is_encrypted(with_url(connection(peer, x_forwarded_proto=forwarded), "http"), PROXY) is is_tls
    assert is_encrypted(with_url(connection("203.0.113.7"), "https"), PROXY)


def with_url(connection: HTTPConnection, scheme: str) -> HTTPConnection:
    """Give a connection a place that it asked for."""
    connection.scope.update(scheme=scheme, path="/", query_string=b"", server=("fediward.test", 80))
    return connection
