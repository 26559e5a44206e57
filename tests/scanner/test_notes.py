"""Notes: what was worked out once, in files that nobody else reads and that need not be believed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from scanner.notes import Notes

KEY = {"weights": "abc", "software": "torch 1"}


def the_file(folder: Path) -> Path:
    """Give the one file of a folder."""
    (path,) = folder.iterdir()
    return path


def test_note_is_read_again(tmp_path: Path) -> None:
    """A value comes back for the same kind and key, also in another process."""
    Notes(tmp_path / "n").write("curve", KEY, [[1, 0.5]])
    assert Notes(tmp_path / "n").read("curve", KEY) == [[1, 0.5]]


@pytest.mark.parametrize(("kind", "key"), [("terms", KEY), ("curve", {**KEY, "software": "torch 2"}), ("curve", {})])
def test_note_counts_for_its_key_only(tmp_path: Path, kind: str, key: dict[str, str]) -> None:
    """Anything else that a value depends on makes another note."""
    notes = Notes(tmp_path)
    notes.write("curve", KEY, 1)
    assert notes.read(kind, key) is None


def test_rows_come_back_exactly(tmp_path: Path) -> None:
    """A table keeps its shape and every bit."""
    rows = np.random.default_rng(1).standard_normal((3, 5), dtype=np.float32)
    notes = Notes(tmp_path)
    notes.write_rows("terms", KEY, rows)
    found = notes.read_rows("terms", KEY)
    assert found is not None
    np.testing.assert_array_equal(found, rows)
    assert found.flags.writeable


def test_no_note_is_no_error(tmp_path: Path) -> None:
    """A new machine has none."""
    assert Notes(tmp_path / "none").read("curve", KEY) is None
    assert Notes(tmp_path / "none").read_rows("terms", KEY) is None


def test_folder_and_files_are_for_this_user(tmp_path: Path) -> None:
    """Others neither read nor change what the scanner believes."""
    folder = tmp_path / "cache" / "notes"
    Notes(folder).write("curve", KEY, 1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600


def test_folder_that_others_may_write_to_is_closed_and_not_believed(tmp_path: Path) -> None:
    """A note from a folder that was open may be anybody's."""
    notes = Notes(tmp_path / "n")
    notes.write("curve", KEY, 1)
    (tmp_path / "n").chmod(0o777)
    assert notes.read("curve", KEY) is None
    notes.write("curve", KEY, 2)
    assert stat.S_IMODE((tmp_path / "n").stat().st_mode) == 0o700
    assert notes.read("curve", KEY) == 2


@pytest.mark.parametrize("spoil", ["", "{", "[]", '{"key": {}, "value": 1}', '{"value": 1}', "\udcff"])
def test_damaged_note_is_worked_out_again(tmp_path: Path, spoil: str, caplog: pytest.LogCaptureFixture) -> None:
    """A file that was cut off or is something else is no note, and that is said."""
    notes = Notes(tmp_path)
    notes.write("curve", KEY, 1)
    the_file(tmp_path).write_bytes(spoil.encode(errors="surrogateescape"))
    assert notes.read("curve", KEY) is None
    assert "worked out again" in caplog.text


def test_changed_value_is_not_believed(tmp_path: Path) -> None:
    """A bit that flipped on the disk is noticed."""
    notes = Notes(tmp_path)
    notes.write("curve", KEY, 1)
    note = json.loads(the_file(tmp_path).read_text())
    the_file(tmp_path).write_text(json.dumps(note | {"value": 2}))
    assert notes.read("curve", KEY) is None


def test_note_that_cannot_be_written_costs_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A disk that is full or read-only does not keep a scanner from its work."""
    (tmp_path / "file").touch()
    Notes(tmp_path / "file" / "n").write("curve", KEY, 1)
    assert "cannot be written" in caplog.text
