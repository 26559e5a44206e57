"""Names by which the tools of other software know a file."""

from __future__ import annotations

import pytest

from coordinator.sweep.names import name_of


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("media_attachments/files/109/382/471/original/a.png", "Mastodon media_attachments 109382471"),
        ("cache/media_attachments/files/000/439/203/small/a.png", "Mastodon media_attachments 439203"),
        ("system/accounts/avatars/000/000/012/original/a.png", "Mastodon accounts 12"),
        ("public/m/_v2/4242/aaaa-bbbb/cc/photo.jpg", "Pixelfed profile 4242, media photo.jpg"),
        (
            "files/thumbnail-0b7f2c1e-8d57-4f3a-9b1c-1234567890ab",
            "Misskey drive file with key thumbnail-0b7f2c1e-8d57-4f3a-9b1c-1234567890ab",
        ),
        ("local_content/ab/cd/efghijkl", "Synapse media abcdefghijkl"),
        ("remote_content/example.org/ab/cd/efgh", "Synapse media of example.org: file abcdefgh"),
        ("ab/cd/" + "abcd" + "0" * 60 + ".webp", "Mbin image abcd" + "0" * 60),
        ("01/9a/b2/c3/d4/e5/7f/aa/bb/cc/ddeeff001122.png", "pict-rs identifier"),
        ("holiday.png", ""),
    ],
)
def test_names_are_found_in_places(place: str, name: str) -> None:
    """A place in the store of each software gives what its own tools need."""
    assert name_of(place.encode()) == name
