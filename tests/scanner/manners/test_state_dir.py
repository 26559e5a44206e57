"""The folder that `pause` writes and a scanner reads."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scanner.manners.errors import OrderError
from scanner.manners.order import Order
from scanner.manners.state_dir import StateDir, default_state_dir

ORDER = Order(1.0, True, 2.0)


def mode(path: Path) -> str:
    """Return the rights of a file, as `ls` writes them."""
    return stat.filemode(path.stat().st_mode)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, "/home/me/.local/state/fediward"),
        ({"XDG_STATE_HOME": ""}, "/home/me/.local/state/fediward"),
        ({"XDG_STATE_HOME": "/var/x"}, "/var/x/fediward"),
        ({"XDG_STATE_HOME": "x"}, "/home/me/.local/state/fediward"),
    ],
)
def test_default_folder_follows_the_specification(environment: dict[str, str], folder: str) -> None:
    """XDG_STATE_HOME counts where it is an absolute path."""
    assert default_state_dir(environment, Path("/home/me")) == Path(folder)


def test_order_comes_back(tmp_path: Path) -> None:
    """The last order that was written is read, by another object too."""
    StateDir(tmp_path / "s").write(Order(0.5, False))
    StateDir(tmp_path / "s").write(ORDER)
    assert StateDir(tmp_path / "s").read() == ORDER


def test_folder_and_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Nobody else on the machine pauses this scanner; and no file is left over."""
    state_dir = StateDir(tmp_path / "a" / "s")
    state_dir.write(ORDER)
    state_dir.claim()
    state_dir.release()
    assert mode(state_dir.folder) == "drwx------"
    assert {file.name: mode(file) for file in state_dir.folder.iterdir()} == {
        "order.json": "-rw-------",
        "running": "-rw-------",
    }


def test_no_order_is_none(tmp_path: Path) -> None:
    """A folder without an order, or no folder, says nothing."""
    assert StateDir(tmp_path).read() is None
    assert StateDir(tmp_path / "gone").read() is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 5000])
def test_file_that_holds_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    """The error names the file and not what stands in it."""
    (tmp_path / "order.json").write_bytes(content)
    with pytest.raises(OrderError, match=r"cannot read what `pause` wrote: .*order.json holds something else"):
        StateDir(tmp_path).read()


def test_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """The error names the fault."""
    (tmp_path / "order.json").mkdir()
    with pytest.raises(OrderError, match="Is a directory"):
        StateDir(tmp_path).read()


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """An order that cannot take its place leaves no other file either."""
    (tmp_path / "order.json").mkdir()
    with pytest.raises(OSError, match="order"):
        StateDir(tmp_path).write(ORDER)
    assert [file.name for file in tmp_path.iterdir()] == ["order.json"]


def test_claim_shows_a_scanner(tmp_path: Path) -> None:
    """Several scanners may claim a folder; it is claimed until the last lets go."""
    one, two, asker = StateDir(tmp_path / "s"), StateDir(tmp_path / "s"), StateDir(tmp_path / "s")
    assert not asker.is_claimed()
    one.claim()
    two.claim()
    one.release()
    assert asker.is_claimed()
    two.release()
    two.release()
    assert not asker.is_claimed()
