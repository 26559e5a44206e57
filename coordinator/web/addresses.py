"""Where a request comes from, when proxies may stand between."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from starlette.requests import HTTPConnection

from coordinator.settings import Network

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED_HEADERS = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})


class UntrustedProxyError(Exception):
    """Forwarded headers came from an address that the admin did not name as a proxy."""


def client_address(connection: HTTPConnection, trusted: Sequence[Network]) -> Address | None:
    """Return the address that a request comes from; None when it cannot be known.

    X-Forwarded-For counts only from trusted proxies, read from its end up to the first address that is not one. Raises
    UntrustedProxyError when forwarded headers come from anybody else: that request's origin is anybody's claim.
    """
    peer = parse_address(connection.client.host) if connection.client is not None else None
    # As they came, in lower case (ASGI): an object to look them up in costs more than looking.
    if peer is None or not any(name in FORWARDED_HEADERS for name, _ in connection.scope["headers"]):
        return peer
    if not _is_in(peer, trusted):
        raise UntrustedProxyError
    chain = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    for text in reversed(chain):
        address = parse_address(text.strip())
        if address is None or not _is_in(address, trusted):
            return address
    return peer


def is_encrypted(connection: HTTPConnection, trusted: Sequence[Network]) -> bool:
    """Say whether the browser spoke TLS; X-Forwarded-Proto counts only from trusted proxies."""
    peer = parse_address(connection.client.host) if connection.client is not None else None
    forwarded = connection.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    return connection.url.scheme == "https" or (peer is not None and _is_in(peer, trusted) and forwarded == "https")


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address | None:
    """Read an IP address, with IPv4 inside IPv6 taken out; None for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
