"""Reaching an address step by step."""

from __future__ import annotations

import pytest

from coordinator.doctor.knock import NotReachedError, Step, knock
from tests.coordinator.doctor.answering import answering


async def test_knock_at_what_only_the_system_takes_for_an_address() -> None:
    """The system reads a part that begins with 0 as octal, HTTP does not know it: it is no name of anything."""
    async with answering(200) as port:
        with pytest.raises(NotReachedError) as caught:
            await knock(f"http://127.0.0.01:{port}/healthz")
    assert caught.value.step is Step.NAME
