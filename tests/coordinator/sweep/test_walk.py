"""The way of a listing through folders."""

from __future__ import annotations

from coordinator.sweep.walk import Walk

OLD, NEW = b"01/00/", b"01/9a/b2/c3/d4/e5/"
SINCE_S = 0x019AB2C30000 / 1e3


def walked(walk: Walk, *folders: bytes) -> list[bytes]:
    """Return the places that a walk comes to among these folders."""
    places = []
    for below in walk:
        places.append(below.place)
        depth = below.place.count(b"/") + 1
        walk.go_into(below, [one for one in folders if one.startswith(below.place) and one.count(b"/") == depth])
    return places


def test_walk_goes_into_the_last_folder_first() -> None:
    """With folders that are named by time the newest comes first, and with it all that is in it."""
    places = walked(Walk(None, root=b"/x", prefix=b"", is_pictrs=False), b"a/", b"c/", b"c/d/", b"b/")
    assert places == [b"", b"c/", b"c/d/", b"b/", b"a/"]


def test_walk_goes_only_where_places_begin_so() -> None:
    """A prefix may end within a name."""
    places = walked(Walk(None, root=b"/x", prefix=b"b/c", is_pictrs=False), b"a/", b"b/", b"b/d/", b"b/cd/")
    assert places == [b"", b"b/", b"b/cd/"]


def test_walk_passes_over_folders_of_old_times() -> None:
    """Of pict-rs's own store, and where the path is one of Mastodon's, what is in them came before."""
    pictrs = Walk(SINCE_S, root=b"/x", prefix=b"", is_pictrs=True)
    assert walked(pictrs, b"01/", OLD) == [b"", b"01/"]
    mastodon = Walk(SINCE_S, root=b"system/media_attachments/files", prefix=b"", is_pictrs=False)
    assert walked(mastodon, b"100/", b"avatars/") == [b"", b"avatars/"]
