"""The way of a listing through folders."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from coordinator.sweep.sources.source import NONE_MISSED
from coordinator.sweep.walk import EVER_S, Below, Walk, missed_since_s

OLD = b"01/00/"
SINCE_S = 0x019AB2C30000 / 1e3


def walk(
    since_s: float | None = None,
    missed: Mapping[bytes, float] = NONE_MISSED,
    *,
    root: bytes = b"/x",
    prefix: bytes = b"",
    is_pictrs: bool = False,
) -> Walk:
    """Return a walk, of everything if nothing else is said."""
    return Walk(since_s, missed, root=root, prefix=prefix, is_pictrs=is_pictrs)


def walked(walk: Walk, *folders: bytes) -> list[Below]:
    """Return where a walk comes to among these folders."""
    all_below = []
    for below in walk:
        all_below.append(below)
        depth = below.place.count(b"/") + 1
        walk.go_into(below, [one for one in folders if one.startswith(below.place) and one.count(b"/") == depth])
    return all_below


def places(walk: Walk, *folders: bytes) -> list[bytes]:
    """Return the places that a walk comes to among these folders, after the first."""
    first, *others = walked(walk, *folders)
    assert first.place == b""
    return [below.place for below in others]


def test_walk_goes_into_the_last_folder_first() -> None:
    """With folders that are named by time the newest comes first, and with it all that is in it."""
    assert places(walk(), b"a/", b"c/", b"c/d/", b"b/") == [b"c/", b"c/d/", b"b/", b"a/"]


def test_walk_goes_only_where_places_begin_so() -> None:
    """A prefix may end within a name."""
    assert places(walk(prefix=b"b/c"), b"a/", b"b/", b"b/d/", b"b/cd/") == [b"b/", b"b/cd/"]


def test_walk_passes_over_folders_of_old_times() -> None:
    """Of pict-rs's own store, and where the path is one of Mastodon's, what is in them came before."""
    assert places(walk(SINCE_S, is_pictrs=True), b"01/", OLD) == [b"01/"]
    assert places(walk(SINCE_S, root=b"system/media_attachments/files"), b"100/", b"avatars/") == [b"avatars/"]


def test_walk_wants_everything_of_a_folder_that_it_missed() -> None:
    """However old its name and its files are; of what is beside it only what is new is wanted."""
    missed = {OLD: EVER_S, b"z/y/": SINCE_S - 9, b"z/": SINCE_S + 9}
    found = walked(walk(SINCE_S, missed, is_pictrs=True), b"01/", b"02/", OLD, b"01/01/", OLD + b"02/", b"z/", b"z/y/")
    assert {below.place: below.since_s for below in found} == {
        b"": SINCE_S,
        b"01/": SINCE_S,
        b"02/": SINCE_S,
        OLD: EVER_S,
        OLD + b"02/": EVER_S,
        b"z/": SINCE_S,
        b"z/y/": SINCE_S - 9,
    }


@pytest.mark.parametrize("since_s", [None, SINCE_S])
def test_walk_remembers_from_when_on_it_missed_a_folder(since_s: float | None) -> None:
    """What stands for the folder tells the time, and that stays when the folder is missed again by a later one."""
    (_, before) = walked(walk(since_s), b"a/")
    item = before.missed("no permission")
    assert (item.place, item.fault) == (b"a/", "the folder cannot be listed: no permission")
    wanted_s = missed_since_s(item.tag)
    assert wanted_s == before.since_s
    (_, again) = walked(walk(SINCE_S + 99, {b"a/": wanted_s}), b"a/")
    assert again.missed("no permission") == item


def test_walk_takes_an_unknown_time_for_all_times() -> None:
    """Rows of earlier versions have no time."""
    assert missed_since_s("") == EVER_S
