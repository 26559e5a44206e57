"""The report of a drill finds what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.drill.load import KINDS, Kind, Told
from tests.drill.report import MIB, Report, is_right
from tests.end_to_end.caller import Answer

BRIGHT = next(kind for kind in KINDS if kind.name == "bright")
DARK = next(kind for kind in KINDS if kind.name == "dark")

FLAGGED = Told(BRIGHT, Answer(406, {"outcome": "flagged"}), took_s=0.1)
GOOD = Report(told=[FLAGGED], faults=Counter(), resident_bytes=[50 * MIB] * 10, deadline_s=8.0, leftovers="")


@pytest.mark.parametrize(
    ("kind", "status", "outcome", "right"),
    [
        (BRIGHT, 406, "flagged", True),
        (BRIGHT, 200, "clean", False),
        (BRIGHT, 200, "flagged", False),
        (BRIGHT, 200, "timed_out", True),
        (BRIGHT, 502, "scanner_fault", True),
        (BRIGHT, 500, "", False),
        (DARK, 200, "clean", True),
        (DARK, 406, "flagged", False),
        (DARK, 422, "unreadable", False),
        (DARK, 422, "too_costly", True),
        (DARK, 503, "overloaded", False),
    ],
)
def test_answer_is_right_if_known_in_advance_or_documented(kind: Kind, status: int, outcome: str, right: bool) -> None:
    """Right is the answer that was known in advance, or an outcome of a fault with its documented status."""
    assert is_right(replace(FLAGGED, kind=kind, answer=Answer(status, {"outcome": outcome}))) is right


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"told": []}, False),
        ({"told": [replace(FLAGGED, answer=None)]}, False),
        ({"told": [replace(FLAGGED, took_s=9.0)]}, False),
        ({"told": [FLAGGED, replace(FLAGGED, answer=Answer(200, {"outcome": "clean"}))]}, False),
        ({"leftovers": "one scan"}, False),
        ({"resident_bytes": [50 * MIB] * 2 + [71 * MIB] * 8}, False),
        ({"resident_bytes": [50 * MIB] * 2 + [90 * MIB] * 6 + [55 * MIB] * 2}, True),
    ],
)
def test_report_is_good_if_nothing_is_wrong(change: dict[str, object], good: bool) -> None:
    """A wrong, missing or late answer, something left over, or memory that grew, and the drill has failed."""
    report = replace(GOOD, **change)  # type: ignore[arg-type]
    assert report.is_good is good
    assert any(line.startswith(f"uploads {len(report.told)}") for line in report.lines())
