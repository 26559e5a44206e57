"""What all end-to-end tests share: the output of the processes of a failed test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.end_to_end.processes import Process

SHOWN_CHARACTERS = 6_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every log in the folder of a test that failed."""
    report = yield
    if report.failed:
        values = getattr(item, "funcargs", {}).values()
        folders = {value if isinstance(value, Path) else value.folder for value in values if _has_folder(value)}
        for log in sorted(log for folder in folders for log in folder.rglob("*.log")):
            report.sections.append((log.name, log.read_text(errors="replace")[-SHOWN_CHARACTERS:]))
    return report


def _has_folder(value: object) -> bool:
    return isinstance(value, Path | Process)
