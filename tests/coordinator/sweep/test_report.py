"""Reports for people and programs."""

from __future__ import annotations

import csv
import json
from io import StringIO

from coordinator.sweep.format import Format
from coordinator.sweep.report import NAMES, written
from coordinator.sweep.row import Action, Row

ROWS = [
    Row(
        b"media_attachments/files/000/000/012/original/caf\xe9.png",
        "tag",
        3,
        1,
        "flagged",
        sha256="ab" * 32,
        parts=("minor", "explicit"),
        action=Action.KEPT,
        aliases=("x.png", "y.png"),
        reason="it is read-only",
    ),
    Row(b"=1+1,\n.png", "", 1, 1, "failed", reason="it broke off"),
]


def test_report_as_json_has_an_object_a_line() -> None:
    """Every field is there, also of a name that is no text."""
    lines = [json.loads(line) for line in written(ROWS, Format.JSON)]
    assert list(lines[0]) == list(NAMES)
    assert lines[0]["path"].endswith(r"caf\xe9.png")
    assert (lines[0]["known_as"], lines[0]["aliases"]) == ("Mastodon media_attachments 12", ["x.png", "y.png"])


def test_report_as_csv_can_be_opened_without_harm() -> None:
    """A header and a line each; what a spreadsheet would run is quoted."""
    lines = list(csv.reader(StringIO("".join(written(ROWS, Format.CSV)), newline="")))
    assert lines[0] == list(NAMES)
    assert [len(line) for line in lines] == [len(NAMES)] * 3
    assert lines[2][0] == r"'=1+1,\x0a.png"


def test_report_as_table_says_what_and_why() -> None:
    """What was found comes with its parts, the hash, other names, and why it is still there."""
    text = "".join(written(ROWS, Format.TABLE))
    for part in ("flagged (minor, explicit), kept  abababababab  ", "aliases: x.png, y.png", "reason: it is read-only"):
        assert part in text
