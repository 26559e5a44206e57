"""Formats by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.media.sniff import Format, Kind, sniff
from tests.coordinator.media.films import animation, film
from tests.coordinator.media.pictures import encoded, photograph


def boxed(major: bytes, *compatible: bytes) -> bytes:
    """Return the first box of an ISO base media file."""
    body = major + bytes(4) + b"".join(compatible)
    return (len(body) + 8).to_bytes(4, "big") + b"ftyp" + body + bytes(64)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("JPEG", Format.JPEG), ("PNG", Format.PNG), ("WEBP", Format.WEBP), ("AVIF", Format.AVIF), ("GIF", Format.GIF)],
)
def test_sniff_stills(form: str, expected: Format) -> None:
    """What Pillow writes as a still is recognised as one."""
    assert sniff(encoded(photograph(size=(40, 30)), form)) is expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("GIF", Format.GIF),
        ("PNG", Format.APNG),
        ("WEBP", Format.WEBP_ANIMATION),
        ("AVIF", Format.AVIF_ANIMATION),
    ],
)
def test_sniff_animations(form: str, expected: Format) -> None:
    """What Pillow writes as an animation is told from a still of the same format."""
    assert sniff(animation(form, 3)) is expected
    assert expected.kind is Kind.ANIMATION


@pytest.mark.parametrize(("form", "expected"), [("mp4", Format.MP4), ("webm", Format.WEBM)])
def test_sniff_videos(form: str, expected: Format) -> None:
    """What FFmpeg writes as a video is recognised by its container."""
    found = sniff(film("libvpx-vp9", form, count=3))
    assert found is expected
    assert expected.kind is Kind.VIDEO


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\x0a" + bytes(30), Format.JXL),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(30), Format.JXL),
        (b"GIF87a", Format.GIF),
        (boxed(b"mif1", b"mif1", b"avif"), Format.AVIF),
        (boxed(b"mif1", b"avis", b"avif"), Format.AVIF_ANIMATION),
        (boxed(b"msf1", b"avis"), Format.AVIF_ANIMATION),
        (boxed(b"mif1", b"mif1", b"heic"), None),
        (boxed(b"heic", b"mif1"), None),
        (boxed(b"xxxx", b"isom"), Format.MP4),
        (boxed(b"M4A ", b"yyyy"), None),
        (b"\x00\x00\x00\x08ftyp", None),
        (b"\x1aE\xdf\xa3" + bytes(10), None),
        (b"RIFF" + bytes(4) + b"WAVE", None),
        (b"RIFF" + bytes(4) + b"WEBPVP8X", Format.WEBP),
        (b"\x89PNG\r\n\x1a\n", Format.PNG),
        (b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xff" + b"iCCP", Format.PNG),
        (b"\xff\xd8", None),
        (b"<svg xmlns=", None),
        (b"", None),
    ],
)
def test_sniff_heads(head: bytes, expected: Format | None) -> None:
    """Short, lying and unknown beginnings get the format that they claim, or none."""
    assert sniff(head) is expected


def test_sniff_animation_control_behind_large_chunk() -> None:
    """A PNG says late that it is animated when a colour profile comes first, and is still found out."""
    plain = animation("PNG", 3)
    chunk = (40_000).to_bytes(4, "big") + b"iCCP" + bytes(40_000) + bytes(4)
    assert sniff(plain[:33] + chunk + plain[33:]) is Format.APNG


@given(st.binary(max_size=64))
def test_sniff_never_raises(head: bytes) -> None:
    """Any bytes have a format or none."""
    assert sniff(head) is None or isinstance(sniff(head), Format)
