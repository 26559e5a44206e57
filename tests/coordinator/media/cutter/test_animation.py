"""Moments of animations."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from coordinator.media.errors import Reason, TooCostly, Unreadable
from coordinator.media.limits import Limits
from coordinator.media.looks import LookKind, Views
from tests.coordinator.media.cutter.cutting import SIZE, cut, names
from tests.coordinator.media.films import animation, shade
from tests.coordinator.media.pictures import pixel

FORMS = ["GIF", "PNG", "WEBP", "AVIF"]


def saved(frames: list[Image.Image], form: str, **options: object) -> bytes:
    """Return an animation of these frames."""
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_animation_gives_eight_moments_by_value(form: str) -> None:
    """Eight moments over the whole length, first, middle and last first, each with its time and its own content."""
    result = cut(animation(form, 40, duration_ms=50))
    assert len(result.looks) == 8
    assert all(look.kind is LookKind.MOMENT for look in result.looks)
    times = [look.at_ms for look in result.looks]
    assert times[0] == 0
    assert times[1] == pytest.approx(1100, abs=60)
    assert times[2] == 1950
    assert not result.partial
    for look, frame in zip(result.looks, result.frames, strict=True):
        assert look.at_ms is not None
        assert pixel(frame, SIZE, 40, 40) == pytest.approx(shade(look.at_ms // 50, 40), abs=10)


@pytest.mark.parametrize("form", FORMS)
def test_animation_shorter_than_eight(form: str) -> None:
    """A short animation gives each of its frames."""
    assert [look.at_ms for look in cut(animation(form, 3, duration_ms=100)).looks] == [0, 100, 200]


@pytest.mark.parametrize("form", FORMS)
def test_animation_of_one_frame_is_a_still(form: str) -> None:
    """What does not move is looked at like a still."""
    assert names(cut(animation(form, 1))) == ["centre", "whole"]


@pytest.mark.parametrize("form", FORMS)
def test_animation_views_centre_is_centre_of_first(form: str) -> None:
    """The old behaviour sees the middle of the first frame."""
    result = cut(animation(form, 20), views=Views.CENTRE)
    assert names(result) == ["centre"]
    assert pixel(result.frames[0], SIZE, 40, 40) == pytest.approx(shade(0, 20), abs=10)


def test_animation_near_equal_moments_are_dropped() -> None:
    """A picture that hardly changes gives one look; a small thing that appears in it gives another."""
    still = Image.new("RGB", (96, 64), (90, 120, 150))
    changed = still.copy()
    ImageDraw.Draw(changed).rectangle((70, 40, 80, 50), fill="red")
    noisy = still.point(lambda level: level + 1)
    assert names(cut(saved([still, noisy] * 10, "PNG", duration=40))) == ["moment 0.000 s"]
    result = cut(saved([still] * 10 + [changed] * 10, "PNG", duration=40, default_image=False))
    assert len(result.looks) == 2


def test_animation_over_black_where_white_hides() -> None:
    """Moments of light things on a transparent ground are looked at over black as well."""
    frames = []
    for place in range(3):
        frame = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
        ImageDraw.Draw(frame).ellipse((place * 10, 10, place * 10 + 30, 40), fill="white")
        frames.append(frame)
    result = cut(saved(frames, "WEBP", duration=100, lossless=True))
    assert [look.over_black for look in result.looks] == [False, True] * 3
    assert pixel(result.frames[1], SIZE, 63, 63) == (0, 0, 0)


def test_animation_sizes_are_checked_for_every_frame() -> None:
    """A later frame that is far larger than the first is refused before it is decoded."""
    body = bytearray(animation("GIF", 3))
    places = [at for at in range(len(body) - 10) if body[at : at + 5] == b",\x00\x00\x00\x00"]
    assert len(places) == 3
    body[places[1] + 5 : places[1] + 9] = struct.pack("<HH", 60_000, 60_000)
    result = cut(bytes(body))
    assert result.partial
    assert len(result.looks) == 1


def test_animation_pixels_of_all_moments_are_bounded() -> None:
    """Moments stop where their pixels together are more than allowed."""
    body = animation("PNG", 8)
    assert len(cut(body, limits=Limits(total_px=96 * 64 * 8)).looks) == 8
    fewer = cut(body, limits=Limits(total_px=96 * 64 * 8 - 1))
    assert (len(fewer.looks), fewer.partial) == (7, True)
    with pytest.raises(TooCostly) as caught:
        cut(body, limits=Limits(total_px=96 * 64 - 1))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("claimed", [2, 900, 2**31 - 1])
def test_animation_lying_about_its_frames(claimed: int) -> None:
    """A count of frames that is not true hides nothing: there are as many moments as there are frames."""
    body = bytearray(animation("PNG", 6))
    at = body.index(b"acTL")
    body[at + 4 : at + 8] = struct.pack("!I", claimed)
    body[at + 12 : at + 16] = struct.pack("!I", zlib.crc32(body[at : at + 12]))
    result = cut(bytes(body))
    assert len(result.looks) == min(claimed, 6)


@pytest.mark.parametrize("form", FORMS)
def test_animation_truncated_is_unreadable_or_partial(form: str) -> None:
    """An animation that ends too early is judged as far as it goes, and only a GIF may then seem to be whole."""
    body = animation(form, 40)
    for share in (0.1, 0.5, 0.9):
        try:
            result = cut(body[: int(len(body) * share)])
        except Unreadable:
            continue
        assert result.partial or form == "GIF"
        last = max(look.at_ms or 0 for look in result.looks)
        assert last < 39 * 50


def test_animation_of_900_frames() -> None:
    """Nine hundred frames give eight moments."""
    frames = [Image.new("P", (120, 90), place * 255 // 899) for place in range(900)]
    for frame in frames:
        frame.putpalette([level for number in range(256) for level in (number, 255 - number, 60)])
    result = cut(saved(frames, "GIF", duration=20, disposal=1))
    assert len(result.looks) == 8
    assert result.looks[2].at_ms == pytest.approx(899 * 20, abs=400)
    assert not result.partial
