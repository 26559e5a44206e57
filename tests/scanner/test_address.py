"""Where the coordinator is, and whether it may be spoken to without TLS."""

from __future__ import annotations

import socket

import pytest

from scanner.address import Address, check_literal, is_near, near_hosts, parse_address
from shared.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("wss://a.example", Address("wss://a.example/api/v1/scanners", True, "a.example", 443)),
        ("wss://a.example/", Address("wss://a.example/api/v1/scanners", True, "a.example", 443)),
        ("wss://a.example:8443/ward", Address("wss://a.example:8443/ward/api/v1/scanners", True, "a.example", 8443)),
        ("ws://box", Address("ws://box/api/v1/scanners", False, "box", 80)),
        ("ws://[::1]:14052", Address("ws://[::1]:14052/api/v1/scanners", False, "::1", 14052)),
        (" ws://127.0.0.1:14052 ", Address("ws://127.0.0.1:14052/api/v1/scanners", False, "127.0.0.1", 14052)),
        ("wss://a.example/api/v1/scanners", Address("wss://a.example/api/v1/scanners", True, "a.example", 443)),
    ],
)
def test_address_is_completed(text: str, address: Address) -> None:
    """An admin writes as much as is needed to find the coordinator; port and path follow."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "a.example",
        "https://a.example",
        "wss://",
        "wss:///path",
        "wss://a.example:0x50",
        "wss://a.example:99999",
        "wss://[::1",
        "wss://a..example",
        "wss://.example",
        f"wss://{'a' * 64}.example",
        "wss://ü..example",
        "wss://user:secret@a.example",
        "wss://secret@a.example",
        "wss://a.example?token=secret",
        "wss://a.example#secret",
    ],
)
def test_wrong_address_is_refused_in_one_sentence(text: str) -> None:
    """The sentence names the setting, and repeats no secret that was put in the wrong place."""
    with pytest.raises(ConfigurationError, match=r"^FEDIWARD_COORDINATOR ") as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
    ],
)
def test_near_addresses(address: str) -> None:
    """Loopback, private and link-local addresses are one's own network."""
    assert is_near(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.32.0.1", "192.169.0.1", "100.64.0.1", "0.0.0.0", "2001:db8::1", "::ffff:8.8.8.8", "11.0.0.1"],
)
def test_far_addresses(address: str) -> None:
    """Everything else is not, also what a provider's customers share."""
    assert not is_near(address)


async def test_hosts_of_a_near_name_are_addresses() -> None:
    """A name is resolved to the addresses that are connected to."""
    assert "127.0.0.1" in await near_hosts(parse_address("ws://localhost:1"))


async def test_far_host_is_refused_without_tls() -> None:
    """The token and the frames do not cross the internet in the clear."""
    with pytest.raises(ConfigurationError, match="FEDIWARD_INSECURE"):
        await near_hosts(parse_address("ws://8.8.8.8"))


async def test_name_without_an_address_is_no_fault_of_the_settings() -> None:
    """A name that does not resolve may do so later."""
    with pytest.raises(socket.gaierror):
        await near_hosts(parse_address("ws://nothing.invalid"))


@pytest.mark.parametrize("text", ["ws://127.0.0.1", "ws://[::1]", "ws://a.example"])
def test_near_literals_and_names_pass_the_first_check(text: str) -> None:
    """Names are judged when they are resolved."""
    check_literal(parse_address(text))


@pytest.mark.parametrize("text", ["ws://8.8.8.8", "ws://[2001:db8::1]"])
def test_far_literal_is_refused_before_anything_is_loaded(text: str) -> None:
    """An address that can never do is a configuration error at once."""
    with pytest.raises(ConfigurationError, match="FEDIWARD_INSECURE"):
        check_literal(parse_address(text))
