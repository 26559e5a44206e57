"""Where the coordinator is, and whether it may be spoken to without TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.errors import ConfigurationError
from shared.limits import SCANNERS_PATH

NEAR_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, private and link-local addresses (RFC 1122, 1918, 3927, 4193, 4291). Not 100.64.0.0/10 (RFC 6598): the
customers of a provider share it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A coordinator's address. `url` holds no secret."""

    url: str
    secure: bool
    host: str
    port: int

    def __str__(self) -> str:
        return self.url


def parse_address(text: str) -> Address:
    """Read `wss://host[:port][/prefix]` or `ws://…`, and add the scanners' path where it is not there.

    Raises ConfigurationError, without repeating a password that stands in the text.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(
            "FEDIWARD_COORDINATOR is not an address: write wss://host or wss://host:port"
        ) from error
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigurationError("FEDIWARD_COORDINATOR must begin with wss:// (or ws:// at home), followed by a host")
    try:
        parts.hostname.encode("idna")
    except UnicodeError as error:
        raise ConfigurationError(
            "FEDIWARD_COORDINATOR holds a host that cannot be looked up: each part of a name has 1 to 63 characters"
        ) from error
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            "FEDIWARD_COORDINATOR must hold no user, query or fragment: the token goes into FEDIWARD_TOKEN"
        )
    path = parts.path.rstrip("/").removesuffix(SCANNERS_PATH) + SCANNERS_PATH
    secure = parts.scheme == "wss"
    return Address(f"{parts.scheme}://{parts.netloc}{path}", secure, parts.hostname, port or (443 if secure else 80))


def is_near(address: str) -> bool:
    """Say whether an IP address is loopback, private or link-local."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in NEAR_NETWORKS)


async def near_hosts(address: Address) -> list[str]:
    """Resolve the host, and give the IP addresses to connect to without TLS, best first.

    Connect to these, not to the name: it could mean another one a moment later. Raises ConfigurationError when one lies
    beyond loopback and private networks, OSError when there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    hosts = list(dict.fromkeys(str(place[4][0]) for place in found))
    if not all(map(is_near, hosts)):
        raise far_without_tls(address)
    return hosts


def check_literal(address: Address) -> None:
    """Refuse at once an IP address that `near_hosts` would refuse later. Names wait: they may not resolve yet."""
    try:
        ipaddress.ip_address(address.host)
    except ValueError:
        return
    if not is_near(address.host):
        raise far_without_tls(address)


def far_without_tls(address: Address) -> ConfigurationError:
    """Make the error for frames and a token that would cross the internet in the clear."""
    return ConfigurationError(
        f"FEDIWARD_COORDINATOR: {address.host} is not on your own network, so {address} would send the token and "
        "frames in the clear: use wss://, or set FEDIWARD_INSECURE=1"
    )
