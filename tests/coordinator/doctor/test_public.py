"""The doctor's look from outside: each step of the way broken in turn."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from pathlib import Path

import pytest

from coordinator.doctor.public import leads_to_the_internet, look_at_public_url, look_from_outside, web_address
from shared.findings import State
from tests.coordinator.doctor.answering import answering
from tests.end_to_end.ports import free_port

JSON = "application/json"


def said(word: str) -> bytes:
    """Return a body of ours."""
    return json.dumps({"fediward": word}).encode()


@pytest.mark.parametrize(
    ("public", "web"),
    [
        ("wss://host", "https://host"),
        ("ws://host:1/prefix/", "http://host:1/prefix"),
        ("wss://host/prefix/api/v1/scanners", "https://host/prefix"),
    ],
)
def test_web_address_is_beside_the_public_one(public: str, web: str) -> None:
    """The scheme changes, a prefix stays."""
    assert web_address(public) == web


async def test_name_without_an_address_is_the_name_servers() -> None:
    """A name that leads nowhere is a matter of its record."""
    found, _ = await look_at_public_url("wss://fediward.invalid")
    assert (found.state, found.part) == (State.WRONG, "name server")


async def test_port_closed_is_the_proxys_or_the_firewalls() -> None:
    """Where nobody listens, the proxy does not run or its port is closed."""
    found, _ = await look_at_public_url(f"ws://127.0.0.1:{free_port()}")
    assert (found.state, found.part) == (State.WRONG, "proxy or firewall")


async def test_port_without_tls_is_the_certificates() -> None:
    """A port that speaks no TLS where wss:// is set is told."""
    async with answering(200) as port:
        found, _ = await look_at_public_url(f"wss://127.0.0.1:{port}")
    assert (found.state, found.part) == (State.WRONG, "certificate of the proxy")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """A certificate that is not valid is told, with what is wrong with it."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made = await asyncio.create_subprocess_exec(
        "openssl", *words, "-out", certificate, "-keyout", key, stderr=asyncio.subprocess.DEVNULL
    )
    assert await made.wait() == 0
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with answering(200, tls=tls) as port:
        found, _ = await look_at_public_url(f"wss://localhost:{port}")
    assert (found.state, found.part) == (State.WRONG, "certificate of the proxy")
    assert "self-signed" in found.sentence


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (426, said("upgrade-required"), "does not pass WebSockets on"),
        (502, b"<html>", "does not reach the coordinator"),
        (504, b"", "does not reach the coordinator"),
        (308, b"", "redirects"),
        (404, b"", "something else answers"),
        (401, b"", "something else answers"),
        (200, b"<html>", "something else answers"),
        (403, said("token-refused"), "something else answers"),
    ],
)
async def test_proxy_in_the_way_is_guilty(status: int, body: bytes, words: str) -> None:
    """What a proxy answers in our place tells what is wrong with it."""
    kind = JSON if body.startswith(b"{") else "text/html"
    async with answering(status, body, content_type=kind, location="https://elsewhere.invalid/") as port:
        found, _ = await look_at_public_url(f"ws://127.0.0.1:{port}")
    assert (found.state, found.part) == (State.WRONG, "proxy before FEDIWARD_PUBLIC_BIND")
    assert words in found.sentence


async def test_own_refusal_is_good_and_gives_the_clock() -> None:
    """A coordinator's refusal is the right answer, and its Date tells what time it is there."""
    date = "Mon, 23 Nov 2026 01:02:03 GMT"
    async with answering(401, said("token-refused"), content_type=JSON, date=date) as port:
        found, clock = await look_at_public_url(f"ws://127.0.0.1:{port}")
    assert found.state is State.GOOD
    assert clock is not None
    assert clock.isoformat() == "2026-11-23T01:02:03+00:00"


async def test_proxy_that_leads_to_the_hook_is_guilty() -> None:
    """A hook that answers through the proxy can be asked by the world."""
    async with answering(401, said("unknown-caller"), content_type=JSON) as port:
        found = await look_from_outside(f"ws://127.0.0.1:{port}", "0.0.0.0:14051")
    assert (found.state, found.part) == (State.WRONG, "proxy before FEDIWARD_PUBLIC_BIND")


async def test_hook_under_the_public_name_is_wrong() -> None:
    """A hook that answers at the public name's own port 14051 is open to the world, unless the name is internal."""
    async with answering(404) as proxy, answering(200, b"alive\n") as hook:
        url, bind = f"ws://127.0.0.1:{proxy}", f"0.0.0.0:{hook}"
        found = await look_from_outside(url, bind, is_elsewhere=lambda _: True)
        assert (found.state, found.part) == (State.WRONG, "FEDIWARD_HOOK_BIND, a published port, or the firewall")
        assert (await look_from_outside(url, bind)).state is State.GOOD


async def test_hook_closed_to_the_world_is_good() -> None:
    """A port of the public name that is closed, or another program's, is good."""
    async with answering(404) as proxy:
        url = f"ws://127.0.0.1:{proxy}"
        for bind in (f"127.0.0.1:{free_port()}", f"127.0.0.1:{proxy}"):
            found = await look_from_outside(url, bind, is_elsewhere=lambda _: True)
            assert found.state is State.GOOD


async def test_outside_without_a_proxy_is_not_known() -> None:
    """Where the public address does not answer, nobody can tell."""
    found = await look_from_outside(f"ws://127.0.0.1:{free_port()}", "127.0.0.1:1")
    assert found.state is State.UNKNOWN


@pytest.mark.parametrize(
    ("host", "does"), [("127.0.0.1", False), ("10.1.2.3", False), ("1.1.1.1", True), ("x.invalid", False)]
)
def test_address_of_the_internet_is_told(host: str, does: bool) -> None:
    """Loopback, private addresses and names that lead nowhere are not of the internet."""
    assert leads_to_the_internet(host) is does
