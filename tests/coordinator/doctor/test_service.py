"""The doctor's look at a running coordinator: what each answer means."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.doctor.knock import Answer
from coordinator.doctor.service import address, judge_verdict, look_at_listener, look_at_scanners
from shared.findings import State
from tests.coordinator.doctor.answering import answering
from tests.end_to_end.ports import free_port


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1", "http://[::1]:1"),
        ("10.0.0.1:1", "http://10.0.0.1:1"),
        ("[fd00::1]:1", "http://[fd00::1]:1"),
    ],
)
def test_address_is_where_a_listener_is_reached(bind: str, url: str) -> None:
    """What listens everywhere is asked on loopback."""
    assert address(bind) == url


async def test_listener_absent_is_wrong() -> None:
    """Where nobody listens, the coordinator does not run."""
    found = await look_at_listener("FEDIWARD_HOOK_BIND", f"127.0.0.1:{free_port()}")
    assert (found.check, found.state, found.part) == ("hook", State.WRONG, "coordinator")


async def test_listener_of_somebody_else_is_wrong() -> None:
    """A web server that is no coordinator is another program on that port."""
    async with answering(200, b"hello") as port:
        found = await look_at_listener("FEDIWARD_PUBLIC_BIND", f"127.0.0.1:{port}")
    assert (found.check, found.state, found.part) == ("public listener", State.WRONG, "another program on that port")


async def test_scanner_not_ready_is_wrong() -> None:
    """A coordinator that says why it is not ready is quoted."""
    async with answering(503, b"no scanner is ready\n") as port:
        found = await look_at_scanners(f"127.0.0.1:{port}")
    assert (found.state, found.part, found.sentence) == (State.WRONG, "scanners", "no scanner is ready")


@pytest.mark.parametrize(
    ("status", "body", "state", "part"),
    [
        (200, {"outcome": "clean", "milliseconds": {"total": 12.4}}, State.GOOD, ""),
        (406, {"outcome": "flagged", "milliseconds": {"total": 12.4}}, State.GOOD, ""),
        (503, {"outcome": "no_scanner", "reason": "none"}, State.UNKNOWN, ""),
        (401, {"fediward": "unknown-caller"}, State.UNKNOWN, ""),
        (502, {"outcome": "scanner_fault", "reason": "two failed"}, State.WRONG, "scanners"),
        (422, {"outcome": "too_costly", "reason": "more pixels"}, State.WRONG, "coordinator"),
        (500, {}, State.WRONG, "coordinator"),
    ],
)
def test_verdict_on_a_harmless_picture(status: int, body: dict[str, Any], state: State, part: str) -> None:
    """A verdict is good whatever it is; without one, somebody is guilty, or nobody can tell."""
    found = judge_verdict(Answer(status, body))
    assert (found.state, found.part) == (state, part)
