"""How pict-rs names a content."""

from __future__ import annotations

import pytest

from coordinator.pictrs.content import FORMATS_OF, Content, Key, StoredFormat

SHA256 = "b607c6ac77151fa20ee97a9be8c205ddcdd46166fc992edd5947c10475db8c7e"


def test_key_is_spelled_as_pictrs_spells_it() -> None:
    """Hash, six bytes of size and the format, in hex and in base64url; read off a pict-rs 0.5.25."""
    key = Key(SHA256, 300, StoredFormat.PNG)
    assert key.hex == SHA256 + "00000000012c" + "07"
    assert key.slug == "tgfGrHcVH6IO6Xqb6MIF3c3UYWb8mS7dWUfBBHXbjH4AAAAAASwH"


@pytest.mark.parametrize(
    ("media_type", "formats"),
    [
        ("image/webp", {StoredFormat.WEBP, StoredFormat.WEBP_ANIMATION}),
        ("image/avif", {StoredFormat.AVIF, StoredFormat.AVIF_ANIMATION}),
        ("image/png", {StoredFormat.PNG, StoredFormat.APNG}),
        ("image/apng", {StoredFormat.PNG, StoredFormat.APNG}),
        ("IMAGE/GIF; charset=x", {StoredFormat.GIF}),
        ("video/webm", {StoredFormat.WEBM}),
        ("", set(StoredFormat)),
        ("text/plain", set(StoredFormat)),
    ],
)
def test_content_possible_keys_are_those_of_its_media_type(media_type: str, formats: set[StoredFormat]) -> None:
    """A media type that leaves the format open gives a key for each; one that says nothing gives all."""
    assert {key.format for key in Content(SHA256, 300, media_type).possible_keys()} == formats


def test_content_possible_keys_of_all_formats() -> None:
    """When it must be found, whatever it was called, there is a key for each format."""
    assert {key.format for key in Content(SHA256, 300, "image/gif").possible_keys(all_formats=True)} == set(
        StoredFormat
    )


def test_content_every_format_has_a_media_type() -> None:
    """No format that pict-rs stores is left out."""
    assert {number for formats in FORMATS_OF.values() for number in formats} == set(StoredFormat)


@pytest.mark.parametrize("sha256", ["", "00", "g" * 64])
def test_content_refuses_what_is_no_hash(sha256: str) -> None:
    """A damaged hash never becomes a question to pict-rs."""
    with pytest.raises(ValueError, match=r"."):
        Content(sha256, 300, "image/png")
