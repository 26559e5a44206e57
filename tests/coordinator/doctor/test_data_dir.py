"""The doctor's look at the data folder: each test breaks exactly one thing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coordinator.credentials import Credentials
from coordinator.doctor.data_dir import look_at_credentials, look_at_folder, look_at_ledger
from coordinator.ledger.schema import prepare
from shared.findings import Finding, State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder as a coordinator makes it."""
    folder = tmp_path / "data"
    Credentials(folder / "credentials.json").create()
    prepare(folder / "ledger.sqlite")
    return folder


def counted(folder: Path) -> Finding:
    """Look at the credentials of a folder."""

    def count() -> tuple[int, int]:
        book = Credentials(folder / "credentials.json").book
        return len(book.callers), len(book.scanners)

    return look_at_credentials(count)


def test_folder_that_a_coordinator_made_is_good(folder: Path) -> None:
    """Nothing is wrong with what a coordinator makes."""
    assert look_at_folder(folder).state is State.GOOD
    assert look_at_ledger(folder / "ledger.sqlite").state is State.GOOD


def test_folder_missing_is_wrong(tmp_path: Path) -> None:
    """A folder that is not there, or is a file, is wrong."""
    assert "does not exist" in look_at_folder(tmp_path / "none").sentence
    file = tmp_path / "file"
    file.touch()
    assert "no folder" in look_at_folder(file).sentence


def test_folder_not_writable_is_wrong(folder: Path) -> None:
    """A folder that this user cannot write is wrong."""
    assert "cannot write" in look_at_folder(folder, may=lambda _, mode: not mode & os.W_OK).sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_another_user_is_wrong(folder: Path) -> None:
    """A file that a command made as another user is named: the coordinator cannot read it."""
    os.chown(folder / "credentials.json", 991, 991)
    found = look_at_folder(folder)
    assert found.state is State.WRONG
    assert "credentials.json belongs to another user" in found.sentence


@pytest.mark.parametrize("name", ["", "credentials.json", "ledger.sqlite"])
def test_folder_open_to_others_is_wrong(folder: Path, name: str) -> None:
    """A folder or file that others may read is wrong, and named."""
    (folder / name).chmod(0o755)
    found = look_at_folder(folder)
    assert found.state is State.WRONG
    assert (name or "the folder") in found.sentence


def test_disk_nearly_full_is_wrong(folder: Path) -> None:
    """A disk with little room is wrong."""
    assert "5 MB are left" in look_at_folder(folder, free_bytes=lambda _: 5 * 10**6).sentence


def test_ledger_missing_is_not_known(folder: Path) -> None:
    """Before the first start there is no ledger, which is no fault."""
    assert look_at_ledger(folder / "other.sqlite").state is State.UNKNOWN


def test_ledger_damaged_is_wrong(folder: Path) -> None:
    """A file that is no database, and one with a damaged page, are wrong."""
    file = folder / "ledger.sqlite"
    whole = file.read_bytes()
    for broken in (b"no database at all, but long enough to be read as one" * 40, whole[:4096] + b"\xff" * 8192):
        for beside in folder.glob("ledger.sqlite-*"):
            beside.unlink()
        file.write_bytes(broken)
        assert look_at_ledger(file).state is State.WRONG


def test_credentials_damaged_are_wrong(folder: Path) -> None:
    """A file that is no list of credentials is wrong."""
    (folder / "credentials.json").write_text("{")
    found = counted(folder)
    assert (found.state, found.part) == (State.WRONG, "credentials.json")
    assert "damaged" in found.sentence


def test_credentials_without_callers_or_scanners_are_wrong(folder: Path) -> None:
    """Without a scanner nobody looks, without a caller nobody may ask: both are named, with the command to run."""
    assert "scanner new" in counted(folder).cure
    credentials = Credentials(folder / "credentials.json")
    credentials.add_scanner("one")
    assert counted(folder).state is State.GOOD
    credentials.revoke_caller("local-networks")
    assert "caller new" in counted(folder).cure
