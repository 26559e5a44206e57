"""Look at the way to the coordinator step by step: name, TCP, TLS, proxy, token, welcome, and the clock there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scanner.address import Address
from scanner.channel import WebSocketChannel
from scanner.dialler import OPEN_TIMEOUT_S, Dialler, in_words
from scanner.errors import ChannelClosedError, TokenRefusedError, UnreachedError
from shared.errors import ConfigurationError, ProtocolError
from shared.findings import Finding, good, unknown, wrong
from shared.limits import HELLO_TIMEOUT_S, REHEARSAL
from shared.messages import Hello, Welcome
from shared.wire import encode, scanner_decoder

MOST_APART = timedelta(seconds=60)
NO_PROXY = "no proxy"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to go, with what."""

    address: Address
    token: str
    proxy: bool
    insecure: bool
    model: str


async def walk(goal: Goal, hello: Hello) -> AsyncIterator[Finding]:
    """Yield a finding for each step, up to the first that is wrong."""
    rehearsal = replace(goal.address, url=f"{goal.address.url}?{REHEARSAL}=1")
    dialler = Dialler(rehearsal, goal.token, proxy=goal.proxy, insecure=goal.insecure)
    try:
        proxy = dialler.describe_proxy()
    except ConfigurationError as error:
        yield wrong("proxy", str(error), part="proxy of this system", cure="Correct it, or set FEDIWARD_PROXY=0.")
        return
    if proxy == NO_PROXY:
        for check, part, cure, secure in _STEPS[: 3 if goal.address.secure else 2]:
            fault = await _try_step(check, goal.address, secure=secure)
            if fault:
                yield wrong(check, fault, part=part, cure=cure)
                return
            yield good(check, "works")
    else:
        yield good("proxy", f"goes by the {proxy}, which finds the name")
    async for finding in _enter(dialler, goal, hello, by_proxy=proxy != NO_PROXY):
        yield finding


_STEPS = (
    ("name", "name server", "Correct the host in FEDIWARD_COORDINATOR, or its address record.", False),
    (
        "TCP",
        "firewall, or the proxy before the coordinator",
        "Start what listens there, and open its port; correct the port in FEDIWARD_COORDINATOR.",
        False,
    ),
    (
        "TLS",
        "certificate of the coordinator's proxy, or this machine's clock",
        "Let the proxy get a certificate for this name; a clock that is wrong by days makes a good one look bad.",
        True,
    ),
)


async def _try_step(check: str, address: Address, *, secure: bool) -> str:
    """Return why a step fails; empty when it does not."""
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            if check == "name":
                loop = asyncio.get_running_loop()
                await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
                return ""
            context = ssl.create_default_context() if secure else None
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except OSError as error:
        return in_words(error)
    writer.close()
    return ""


async def _enter(dialler: Dialler, goal: Goal, hello: Hello, *, by_proxy: bool) -> AsyncIterator[Finding]:
    try:
        channel = await dialler.dial()
    except ConfigurationError as error:
        yield wrong("WebSocket", str(error), part="FEDIWARD_COORDINATOR", cure="Use wss://.")
        return
    except TokenRefusedError:
        yield good("WebSocket", "a coordinator answers")
        yield wrong(
            "token",
            "the coordinator does not know it, or it was revoked",
            part="FEDIWARD_TOKEN or FEDIWARD_TOKEN_FILE",
            cure="Make a new one on the coordinator with `fediward-coordinator scanner new NAME`.",
        )
        return
    except UnreachedError as error:
        yield wrong(
            "WebSocket",
            error.reason,
            part="proxy of this system" if by_proxy else "proxy before the coordinator",
            cure="On the coordinator, `fediward-coordinator doctor` with FEDIWARD_PUBLIC_URL names the fault;"
            " compose/README.md has tested settings for Caddy and nginx.",
        )
        return
    yield good("WebSocket", "a coordinator answers")
    yield good("token", "is known")
    yield await _be_welcomed(channel, goal, hello)
    yield look_at_clock(channel.date, datetime.now(UTC))


async def _be_welcomed(channel: WebSocketChannel, goal: Goal, hello: Hello) -> Finding:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT_S):
            await channel.send(encode(hello))
            data = await channel.recv()
        message = scanner_decoder().decode(data) if isinstance(data, bytes) else None
    except (TimeoutError, ChannelClosedError, ProtocolError) as error:
        return wrong(
            "welcome",
            "the connection opens, but what this scanner sends, or its answer, does not come through"
            f" ({str(error) or 'no answer in time'})",
            part="proxy before the coordinator",
            cure="Let it pass messages on at once and in both directions, or give both sides the same version.",
        )
    finally:
        await channel.close(1000, "a rehearsal")
    if not isinstance(message, Welcome):
        return wrong(
            "welcome", "another message came first", part="coordinator", cure="Give both sides the same version."
        )
    return judge_welcome(message, goal.model, hello)


def judge_welcome(welcome: Welcome, model: str, hello: Hello) -> Finding:
    """Say whether the coordinator would push scans here."""
    if welcome.model != model:
        return wrong(
            "welcome",
            f"the coordinator asks for model {welcome.model}; this scanner is to serve {model}",
            part="FEDIWARD_MODEL",
            cure="Set it to the same on both sides.",
        )
    if welcome.problem and hello.models:
        return wrong(
            "welcome", f"it would get nothing: {welcome.problem}", part="model", cure="Do what the sentence says."
        )
    return good("welcome", f"as {welcome.scanner_id}, model {welcome.model}, {len(welcome.terms)} terms")


def look_at_clock(date: str, own: datetime) -> Finding:
    """Compare this machine's clock with the coordinator's, or that of the proxy before it."""
    try:
        other = parsedate_to_datetime(date)
    except ValueError:
        return unknown("clock", "the coordinator does not say what time it is")
    gap = other - own
    if abs(gap) > MOST_APART:
        side = "behind" if gap > timedelta() else "ahead of"
        return wrong(
            "clock",
            f"it is {abs(round(gap.total_seconds()))} s {side} the coordinator's",
            part="this machine's clock, or the coordinator's",
            cure="Let both follow network time. Scans do not mind, but certificates and hours do.",
        )
    return good("clock", f"within {MOST_APART.seconds} s of the coordinator's")
