"""Where a removed picture may still be had."""

from __future__ import annotations

from coordinator.later.places import places


def test_places_of_two_aliases_and_a_bucket() -> None:
    """Each alias has Lemmy's path and pict-rs's own; the bucket's address comes last."""
    assert places(["a.png", "b.png"], "https://cdn.example/f") == (
        "/pictrs/image/a.png",
        "/image/original/a.png",
        "/pictrs/image/b.png",
        "/image/original/b.png",
        "https://cdn.example/f",
    )


def test_places_without_a_bucket() -> None:
    """Without a redirect there are only the paths."""
    assert places(["a.png"]) == ("/pictrs/image/a.png", "/image/original/a.png")
