"""A coordinator in the place of pictrs-safety, with the settings that were there."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import dark
from tests.end_to_end.processes import Coordinator


async def test_settings_of_pictrs_safety_are_in_force(tmp_path: Path) -> None:
    """The words that pict-rs has in its URL are known, answers are as they were, and the log tells no value."""
    coordinator = Coordinator(tmp_path)
    coordinator.variables = {
        "KNOWN_PICTRS_IDS": '["the-word-of-old-times"]',
        "MISSING_WORKER_THRESHOLD": "0",
        "FEDIVERSE_SAFETY_WORKER_AUTH": "the-key-of-old-times",
    }
    async with coordinator:
        answer = await upload(coordinator, dark(), secret="the-word-of-old-times")
        assert (answer.status, answer.outcome) == (503, "no_scanner")
        assert (await upload(coordinator, dark(), secret="another-word")).status == 401
    assert "from pictrs-safety: KNOWN_PICTRS_IDS is understood" in coordinator.log
    assert "of-old-times" not in coordinator.log
