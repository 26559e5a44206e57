"""When the scanner connects again."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tenacity import wait_none

from scanner.backoff import FULL_JITTER, NOISE_INTERVAL_S, OutageLog, at_once, retrying
from scanner.errors import DismissedError, DroppedError, TokenRefusedError, UnreachedError
from shared.close_codes import CloseCode
from shared.limits import RETRY_FIRST_S, RETRY_LONGEST_S
from tests.scanner.doubles import Clock


class Attempts:
    """Attempts that raise what they are told to, and then succeed."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.made = 0

    async def __call__(self) -> bool:
        """Make one attempt."""
        self.made += 1
        if self.faults:
            raise self.faults.pop(0)
        return False


async def pauses(attempts: int) -> list[float]:
    """Give the pauses of one series, without waiting for them."""
    taken: list[float] = []

    async def note(pause_s: float) -> None:
        taken.append(pause_s)

    series = retrying(OutageLog(), asyncio.Event(), wait=FULL_JITTER).copy(sleep=note)
    await series(Attempts(*[UnreachedError("x")] * attempts))
    return taken


async def test_pauses_are_bounded_by_a_doubling_time() -> None:
    """The n-th pause is at most RETRY_FIRST_S doubled n - 1 times, and never more than RETRY_LONGEST_S."""
    for _ in range(50):
        for number, pause_s in enumerate(await pauses(12)):
            assert 0 <= pause_s <= min(RETRY_LONGEST_S, RETRY_FIRST_S * 2**number)


async def test_pauses_are_spread() -> None:
    """Late pauses use the whole range: half of them are above a third of it, and half of them below two thirds."""
    late = sorted([pause for _ in range(100) for pause in (await pauses(12))[-2:]])
    assert late[len(late) // 2] > RETRY_LONGEST_S / 3
    assert late[len(late) // 2] < RETRY_LONGEST_S * 2 / 3


def test_pause_after_a_healthy_drop_is_short() -> None:
    """Scanners come back at once, but not all in the same instant."""
    found = {at_once() for _ in range(100)}
    assert all(0 <= pause <= RETRY_FIRST_S for pause in found)
    assert len(found) > 50


@pytest.mark.parametrize("fault", [UnreachedError("x"), DroppedError("x")])
async def test_passing_fault_is_retried(fault: Exception) -> None:
    """A coordinator that is away may be there the next time."""
    attempts = Attempts(fault, fault)
    await retrying(OutageLog(), asyncio.Event(), wait=wait_none())(attempts)
    assert attempts.made == 3


@pytest.mark.parametrize(
    "fault", [TokenRefusedError(revoked=False), DismissedError(CloseCode.SUPERSEDED), ZeroDivisionError()]
)
async def test_final_fault_is_raised(fault: Exception) -> None:
    """A refusal is not argued with, and a bug is not retried."""
    attempts = Attempts(fault)
    with pytest.raises(type(fault)):
        await retrying(OutageLog(), asyncio.Event(), wait=wait_none())(attempts)
    assert attempts.made == 1


async def test_stopping_ends_the_series() -> None:
    """A scanner that is to stop does not connect again."""
    stopping = asyncio.Event()
    stopping.set()
    attempts = Attempts(UnreachedError("x"))
    done: bool = await retrying(OutageLog(), stopping, wait=wait_none())(attempts)
    assert done
    assert attempts.made == 1


def test_outage_is_logged_at_once_and_then_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A coordinator that is away for a night fills no log."""
    clock = Clock()
    outage = OutageLog(clock=clock)
    with caplog.at_level(logging.INFO, "scanner"):
        for second in range(int(2 * NOISE_INTERVAL_S)):
            clock.now_s = float(second)
            outage.note(UnreachedError("connection refused"))
    assert caplog.messages == [
        "coordinator not reached: connection refused; trying again (attempt 1 failed)",
        "coordinator not reached: connection refused; trying again (attempt 61 failed)",
    ]


def test_next_outage_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A new outage is news, however short the time since the last one."""
    outage = OutageLog(clock=Clock())
    with caplog.at_level(logging.INFO, "scanner"):
        outage.note(UnreachedError("x"))
        outage.end()
        outage.note(UnreachedError("x"))
    assert len(caplog.messages) == 2
