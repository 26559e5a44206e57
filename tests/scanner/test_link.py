"""Connecting, coming back, and knowing when not to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tenacity import wait_none

from scanner.channel import Channel
from scanner.errors import ChannelClosedError, DismissedError, TokenRefusedError, UnreachedError
from scanner.link import HEALTHY_AFTER_S, Link
from shared.close_codes import CloseCode
from shared.errors import ConfigurationError, MalformedMessageError
from tests.scanner.doubles import Clock, ScriptedChannel


class ScriptedLife:
    """A session whose end is an error, None for a drained one, or to last until it is drained."""

    def __init__(self, end: BaseException | None, *, welcomed_s: float | None = 0.0, lasting: bool = False) -> None:
        self.end = end
        self.welcomed_s = welcomed_s
        self.running = asyncio.Event()
        self._over = asyncio.Event()
        if not lasting:
            self._over.set()

    async def run(self) -> None:
        """Last, and then end as told."""
        self.running.set()
        await self._over.wait()
        if self.end is not None:
            raise self.end

    def drain(self) -> None:
        """End now."""
        self._over.set()


class Fleet:
    """A link, the lives that its sessions are to lead one after the other, and the channels that it had."""

    def __init__(self, *lives: ScriptedLife | Exception, wait_s: Callable[[int], float] | None = None) -> None:
        self.lives = list(lives)
        self.channels: list[ScriptedChannel] = []
        self.clock = Clock()
        self.attempts: list[int] = []
        self.stopping = asyncio.Event()
        self.link = Link(self.dial, self.open, wait=self.note_wait, clock=self.clock)

    async def dial(self) -> Channel:
        """Connect, or raise what the next life is."""
        life = self.lives[0]
        if isinstance(life, Exception):
            raise self.lives.pop(0)  # type: ignore[misc]
        self.channels.append(ScriptedChannel())
        return self.channels[-1]

    def open(self, channel: Channel) -> ScriptedLife:
        """Begin the next life."""
        life = self.lives.pop(0)
        assert isinstance(life, ScriptedLife)
        return life

    def note_wait(self, state: object) -> float:
        """Note how many attempts of this series have failed, and wait no time."""
        self.attempts.append(getattr(state, "attempt_number"))  # noqa: B009
        return 0.0

    def run(self) -> Awaitable[None]:
        """Run the link, but not for ever."""
        return asyncio.wait_for(self.link.run(self.stopping), 20)


def dropped(*, welcomed_s: float | None = 0.0, code: int | None = None) -> ScriptedLife:
    """Make a life that ends with its connection."""
    return ScriptedLife(ChannelClosedError(code), welcomed_s=welcomed_s)


async def test_coordinator_that_is_away_is_tried_until_it_is_there() -> None:
    """Attempts of one outage count up, so that the pauses grow."""
    fleet = Fleet(UnreachedError("a"), UnreachedError("b"), UnreachedError("c"), ScriptedLife(None))
    await fleet.run()
    assert fleet.attempts == [1, 2, 3]


async def test_healthy_connection_that_drops_is_made_again_at_once() -> None:
    """The next attempt is the first of a new series, not one more of a long outage."""
    fleet = Fleet(UnreachedError("a"), dropped(), UnreachedError("b"), ScriptedLife(None))
    fleet.clock.now_s = HEALTHY_AFTER_S
    await fleet.run()
    assert fleet.attempts == [1, 1]


@pytest.mark.parametrize("code", [None, 1006, CloseCode.COME_BACK, CloseCode.STALLED])
async def test_coordinator_that_accepts_and_closes_is_not_hammered(code: int | None) -> None:
    """A connection that ends before it has proved healthy counts as a failed attempt, whatever it was closed with."""
    fleet = Fleet(dropped(code=code), dropped(code=code), dropped(code=code), ScriptedLife(None))
    fleet.clock.now_s = HEALTHY_AFTER_S - 0.1
    await fleet.run()
    assert fleet.attempts == [1, 2, 3]


async def test_connection_that_was_never_welcomed_is_not_healthy() -> None:
    """A connection that only lies open proves nothing."""
    fleet = Fleet(dropped(welcomed_s=None), dropped(welcomed_s=None), ScriptedLife(None))
    fleet.clock.now_s = 1000.0
    await fleet.run()
    assert fleet.attempts == [1, 2]


async def test_broken_protocol_is_closed_and_tried_again_after_a_pause() -> None:
    """The coordinator hears why."""
    fault = MalformedMessageError("scan", "x")
    fleet = Fleet(ScriptedLife(fault), ScriptedLife(None))
    fleet.clock.now_s = 1000.0
    await fleet.run()
    assert fleet.attempts == [1]
    assert fleet.channels[0].closed_with == (CloseCode.MALFORMED, str(fault))


async def test_refused_token_ends_the_link() -> None:
    """Knocking with a token that is refused is of no use."""
    with pytest.raises(TokenRefusedError, match="refused the token"):
        await Fleet(TokenRefusedError(revoked=False)).run()


async def test_revoked_token_ends_the_link() -> None:
    """A token that is revoked while connected ends the scanner too."""
    with pytest.raises(TokenRefusedError, match="revoked"):
        await Fleet(dropped(code=CloseCode.REVOKED)).run()


async def test_superseded_scanner_ends() -> None:
    """Two scanners with one token do not push each other out for ever."""
    with pytest.raises(DismissedError, match="same token"):
        await Fleet(dropped(code=CloseCode.SUPERSEDED)).run()


async def test_coordinator_that_is_done_ends_the_link_in_peace() -> None:
    """A scanner that was told to go goes."""
    await Fleet(dropped(code=CloseCode.DONE)).run()


async def test_wrong_address_ends_the_link() -> None:
    """An address that may not be reached without TLS is not tried again."""
    with pytest.raises(ConfigurationError):
        await Fleet(ConfigurationError("x")).run()


async def test_stop_drains_the_session() -> None:
    """What is in flight is finished, and the connection closed with the code for it."""
    life = ScriptedLife(None, lasting=True)
    fleet = Fleet(life)
    async with asyncio.timeout(20):
        running = asyncio.create_task(fleet.link.run(fleet.stopping))
        await life.running.wait()
        fleet.stopping.set()
        await running
    assert fleet.channels[0].closed_with == (CloseCode.DONE, "the scanner stops")


async def test_stop_while_not_connected_ends_at_once() -> None:
    """A pause or an attempt is not waited for."""
    fleet = Fleet()
    dialling = asyncio.Event()

    async def dial() -> Channel:
        dialling.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with asyncio.timeout(20):
        running = asyncio.create_task(Link(dial, fleet.open).run(fleet.stopping))
        await dialling.wait()
        fleet.stopping.set()
        await running


@pytest.mark.parametrize("end", [ChannelClosedError(None), MalformedMessageError("scan", "x")])
async def test_connection_that_breaks_while_draining_is_not_made_again(end: Exception) -> None:
    """A scanner that is to stop stops, also when the coordinator goes first."""
    life = ScriptedLife(end, lasting=True)
    fleet = Fleet(life)
    async with asyncio.timeout(20):
        running = asyncio.create_task(fleet.link.run(fleet.stopping))
        await life.running.wait()
        fleet.stopping.set()
        await running
    assert len(fleet.channels) == 1


async def test_bug_in_a_session_is_not_retried() -> None:
    """An error that nobody foresaw ends the scanner loudly."""
    with pytest.raises(ExceptionGroup) as caught:
        await Link(
            Fleet(ScriptedLife(ZeroDivisionError())).dial,
            lambda channel: ScriptedLife(ZeroDivisionError()),
            wait=wait_none(),
        ).run(asyncio.Event())
    assert caught.group_contains(ZeroDivisionError)
