"""A folder as a source: files that come, change and go while it is read."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from coordinator.sweep.errors import FetchError, GoneError, RemovalError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.sources.folder import Folder
from coordinator.sweep.sources.source import NONE_MISSED
from coordinator.sweep.walk import missed_since_s
from tests.coordinator.sweep.unlistable import Deep


def made(root: Path, *places: str) -> Path:
    """Make files that hold their own names."""
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place)
    return root


async def listed(
    folder: Folder, since_s: float | None = None, missed: Mapping[bytes, float] = NONE_MISSED
) -> list[str]:
    """Return the places of a listing."""
    return [item.place.decode() async for batch in folder.listing(since_s, missed) for item in batch]


async def content(folder: Folder, item: Item) -> bytes:
    """Return the bytes of a file."""
    return b"".join([chunk async for chunk in folder.fetch(item)])


async def test_folder_lists_regular_files_only(tmp_path: Path) -> None:
    """Files at any depth, the last folder by name first; no links, pipes or folders."""
    made(tmp_path, "a/1", "b/2", "b/c/3", "4")
    (tmp_path / "link").symlink_to(tmp_path / "4")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert await listed(Folder(tmp_path)) == ["4", "b/2", "b/c/3", "a/1"]


async def test_folder_goes_deep(tmp_path: Path) -> None:
    """A tree of hundreds of folders in folders is no problem."""
    (tmp_path / ("d/" * 400)).mkdir(parents=True)
    place = "d/" * 400 + "f"
    (tmp_path / place).write_text("deep")
    assert await listed(Folder(tmp_path)) == [place]


@pytest.mark.parametrize(
    ("prefix", "places"), [("b", ["b/2", "b/c/3"]), ("b/c/", ["b/c/3"]), ("b/2", ["b/2"]), ("x", [])]
)
async def test_folder_lists_what_begins_so(tmp_path: Path, prefix: str, places: list[str]) -> None:
    """A prefix may end within a name, and what cannot hold such files is not read."""
    made(tmp_path, "a/1", "b/2", "b/c/3", "4")
    assert await listed(Folder(tmp_path, prefix=prefix)) == places


async def test_folder_sees_what_was_copied_with_an_old_date(tmp_path: Path) -> None:
    """What counts is when a file came here, not the date that it brought along."""
    made(tmp_path, "old", "new")
    since_s = (tmp_path / "new").stat().st_ctime - 5
    os.utime(tmp_path / "new", (0, 0))
    assert sorted(await listed(Folder(tmp_path), since_s)) == ["new", "old"]
    assert await listed(Folder(tmp_path), since_s + 3600) == []


async def test_folder_passes_over_old_folders_of_pictrs(tmp_path: Path) -> None:
    """Where folders are named by time, those of old times are not even read; elsewhere the same names mean nothing."""
    made(tmp_path, "01/9a/b2/c3/d4/e5/7f/x", "01/00/00/00/00/00/7f/y")
    since_s = 0x019AB2C30000 / 1e3
    assert await listed(Folder(tmp_path, by_time=True), since_s) == ["01/9a/b2/c3/d4/e5/7f/x"]
    assert len(await listed(Folder(tmp_path), since_s)) == 2


async def test_folder_tells_a_changed_file(tmp_path: Path) -> None:
    """Other bytes, of the same size and date, give another tag."""
    made(tmp_path, "a")
    folder = Folder(tmp_path)
    (item,) = [item async for batch in folder.listing() for item in batch]
    assert await folder.tag(item) == item.tag
    status = (tmp_path / "a").stat()
    (tmp_path / "a").write_text("b")
    os.utime(tmp_path / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert await folder.tag(item) != item.tag


async def test_folder_whose_file_is_gone(tmp_path: Path) -> None:
    """A file that is not there any more is told from one that cannot be read; removing it is done already."""
    folder = Folder(made(tmp_path, "a"))
    (item,) = [item async for batch in folder.listing() for item in batch]
    assert await content(folder, item) == b"a"
    await folder.remove(item)
    await folder.remove(item)
    with pytest.raises(GoneError):
        await content(folder, item)
    with pytest.raises(GoneError):
        await folder.tag(item)


async def test_folder_does_not_read_what_took_the_place_of_a_file(tmp_path: Path) -> None:
    """A link, a pipe and a folder where a file was are not followed, waited for, or removed."""
    folder = Folder(made(tmp_path, "secret", "x/y"))
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for place in (b"link", b"pipe", b"x"):
        with pytest.raises(FetchError):
            await content(folder, Item(place))
    with pytest.raises(RemovalError):
        await folder.remove(Item(b"x"))


async def test_folder_says_what_it_cannot_list(tmp_path: Path) -> None:
    """A folder that cannot be listed stands for what is in it; once it can, its files come, however old they are."""
    deep = Deep(tmp_path)
    (deep.folder / "old").touch()
    made(deep.root, "z", "a/1")
    since_s = time.time() + 3600
    with deep.renamed() as longer:
        found = [item async for batch in Folder(longer).listing() for item in batch]
    assert {item.place: bool(item.fault) for item in found} == {b"z": False, b"a/1": False, deep.place: True}
    (one,) = [item for item in found if item.fault]
    assert "name too long" in one.fault
    folder = Folder(deep.root)
    assert await listed(folder, since_s) == []
    assert await listed(folder, since_s, {deep.place: missed_since_s(one.tag)}) == [deep.place.decode() + "old"]


async def test_folder_that_is_none(tmp_path: Path) -> None:
    """What is no folder is refused; one that goes away meanwhile ends the listing."""
    with pytest.raises(SourceError):
        Folder(tmp_path / "none")
    (tmp_path / "soon").mkdir()
    folder = Folder(tmp_path / "soon")
    (tmp_path / "soon").rmdir()
    with pytest.raises(SourceError):
        await listed(folder)


@pytest.mark.parametrize(("root", "is_listed"), [("system", False), ("system/cache", True)])
async def test_folder_of_mastodon_knows_its_cache_from_the_path_above(
    tmp_path: Path, root: str, is_listed: bool
) -> None:
    """Old numbers are passed over among local uploads, and not in the cache, also where the sweep begins there."""
    place = "media_attachments/files/100/000/000/000/000/001/original/x.png"
    file = tmp_path / root / place
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    changed_s = file.stat().st_mtime
    assert await listed(Folder(tmp_path / root), changed_s - 60) == ([place] if is_listed else [])
