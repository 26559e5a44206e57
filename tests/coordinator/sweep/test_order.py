"""Places that tell when a file came."""

from __future__ import annotations

import pytest

from coordinator.sweep.order import MASTODON_TAKES_S, came_s, first_since, may_hold_newer, skip_to

MOMENT_S = 0x019AB2C3D4E5 / 1e3


def test_order_reads_the_time_of_a_place() -> None:
    """A version-7 UUID tells its time, cut into folders or whole; others do not."""
    assert came_s(b"01/9a/b2/c3/d4/e5/7f/aa/bb/cc/ddeeff001122.png") == MOMENT_S
    assert came_s(b"x/019ab2c3-d4e5-7faa-8bcc-ddeeff001122.png") == MOMENT_S
    assert came_s(b"x/019ab2c3-d4e5-4faa-8bcc-ddeeff001122.png") is None
    assert came_s(b"ff/ff/ff/ff/ff/ff/7f/aa/x") is None
    assert came_s(b"holiday.png") is None


@pytest.mark.parametrize(
    ("folder", "later_s", "answer"),
    [
        (b"01/", 0, True),
        (b"01/9a/b2/c3/d4/e5/", 0, True),
        (b"01/9a/b2/c3/d4/e5/", 1, False),
        (b"01/9a/b2/c3/d4/e4/", 0, False),
        (b"01/9a/b2/c2/", 0, False),
        (b"01/9a/b2/c4/", 0, True),
        (b"01/9a/b2/c3/d4/e5/7f/", 99, True),
        (b"holidays/", 99, True),
    ],
)
def test_order_passes_over_old_folders(folder: bytes, later_s: float, answer: bool) -> None:
    """A folder is passed over when all that may be in it came before."""
    assert may_hold_newer(folder, MOMENT_S + later_s, whole=folder, is_pictrs=True) == answer
    assert may_hold_newer(folder, MOMENT_S + later_s, whole=folder, is_pictrs=False)


def test_order_gives_a_place_to_begin_at() -> None:
    """What came since a time is sorted behind the place of that time, and what came before, before it."""
    begin = first_since(MOMENT_S)
    assert begin == b"01/9a/b2/c3/d4/e5"
    assert b"01/9a/b2/c3/d4/e4/7f/x" < begin < b"01/9a/b2/c3/d4/e5/7f/x"


def newer(whole: bytes) -> bool:
    """Ask about a folder of a store that is not pict-rs's."""
    return may_hold_newer(b"any/", SINCE_S, whole=whole, is_pictrs=False)


def mastodons(at_s: float) -> bytes:
    """Return the folder of what Mastodon's own users uploaded at a time, in whole milliseconds."""
    digits = f"{round(at_s * 1e3) << 16:018d}"
    return b"media_attachments/files/" + "".join(f"{digits[at : at + 3]}/" for at in range(0, 18, 3)).encode()


NOW_S = 1_795_000_000.0
SINCE_S = NOW_S + MASTODON_TAKES_S


@pytest.mark.parametrize("before", [b"", b"system/"])
def test_order_passes_over_old_folders_of_mastodon(before: bytes) -> None:
    """Folders of numbers that were given earlier are passed over, at every depth; others, and other files, are not."""
    for depth in range(1, 7):
        new, old = (mastodons(at_s).split(b"/") for at_s in (NOW_S, NOW_S - 4e8))
        assert newer(before + b"/".join(new[: 2 + depth]) + b"/")
        assert not newer(before + b"/".join(old[: 2 + depth]) + b"/")
    assert not newer(before + mastodons(NOW_S - 1))
    assert newer(before + mastodons(NOW_S - 1) + b"original/")
    assert newer(b"cache/" + mastodons(NOW_S - 4e8))
    assert newer(b"/srv/system/cache/" + mastodons(NOW_S - 4e8))
    assert newer(b"accounts/avatars/100/000/001/")


def test_order_skips_what_mastodon_stored_earlier() -> None:
    """A listing goes on at the first number of that time; behind it, and among places that tell nothing, it goes on."""
    old, new = mastodons(NOW_S - 1) + b"original/a.png", mastodons(NOW_S) + b"original/a.png"
    first = skip_to(old, SINCE_S)
    assert first is not None
    assert old < first < new
    assert skip_to(new, SINCE_S) is None
    assert skip_to(b"cache/" + old, SINCE_S) is None
    assert skip_to(b"accounts/avatars/100/000/001/original/a.png", SINCE_S) is None
