"""Moments of videos."""

from __future__ import annotations

import struct

import pytest

from coordinator.media.errors import MediaError, Reason, TooCostly, Unreadable, Unsupported
from coordinator.media.limits import MAX_STILL_PX, Limits
from coordinator.media.looks import Cut, LookKind, Views
from tests.coordinator.media.cutter.cutting import SIZE, cut, names
from tests.coordinator.media.films import film, shade
from tests.coordinator.media.pictures import pixel

CODECS = [
    ("libx264", "mp4"),
    ("libx265", "mp4"),
    ("libsvtav1", "mp4"),
    ("libvpx-vp9", "mp4"),
    ("libvpx", "webm"),
    ("libvpx-vp9", "webm"),
    ("libsvtav1", "webm"),
]


def assert_colours_fit(result: Cut, count: int, rate: int = 10) -> None:
    """Check that every moment shows what the film shows at its time."""
    for look, frame in zip(result.looks, result.frames, strict=True):
        assert look.at_ms is not None
        place = round(look.at_ms * rate / 1000)
        assert pixel(frame, SIZE, 40, 40) == pytest.approx(shade(place, count), abs=14)


@pytest.mark.parametrize(("codec", "form"), CODECS)
def test_film_gives_eight_moments_by_value(codec: str, form: str) -> None:
    """Every codec gives eight moments over the whole length, first, middle and last first."""
    result = cut(film(codec, form))
    assert all(look.kind is LookKind.MOMENT for look in result.looks)
    times = [look.at_ms or 0 for look in result.looks]
    assert len(times) == 8
    assert times[0] == 0
    assert times[1] == pytest.approx(2280, abs=300)
    assert times[2] == 3900
    gaps = [after - before for before, after in zip(sorted(times), sorted(times)[1:], strict=False)]
    assert max(gaps) <= 1200
    assert not result.partial
    assert (result.width, result.height) == (96, 64)
    assert_colours_fit(result, 40)


@pytest.mark.parametrize("gop", [1, 5, 12])
@pytest.mark.parametrize(("codec", "form"), [("libx264", "mp4"), ("libvpx-vp9", "webm")])
def test_film_with_many_key_frames(codec: str, form: str, gop: int) -> None:
    """Where frames that need no other are near, they stand in, and first and last are still exact."""
    result = cut(film(codec, form, gop=gop))
    assert len(result.looks) == 8
    assert (result.looks[0].at_ms, result.looks[2].at_ms) == (0, 3900)
    assert_colours_fit(result, 40)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_film_shorter_than_eight(count: int) -> None:
    """A film of few frames gives no frame twice."""
    result = cut(film(count=count))
    assert 1 <= len(result.looks) <= count
    assert len({look.at_ms for look in result.looks}) == len(result.looks)


@pytest.mark.parametrize(("turn", "at"), [(0, (3, 13)), (90, (13, 60)), (180, (60, 50)), (-90, (50, 3))])
def test_film_is_turned_upright(turn: int, at: tuple[int, int]) -> None:
    """A film that says that it is to be turned is looked at as people see it: the green corner says how."""
    result = cut(film(count=3, turn=turn))
    assert (result.width, result.height) == ((64, 96) if turn % 180 else (96, 64))
    red, green, blue = pixel(result.frames[0], SIZE, *at)
    assert green > 200
    assert red < 100
    assert blue < 100


def test_film_views_centre_is_centre_of_first_frame() -> None:
    """When only the centre is asked for, it is that of the first frame."""
    result = cut(film(), views=Views.CENTRE)
    assert names(result) == ["centre"]
    assert pixel(result.frames[0], SIZE, 40, 60) == pytest.approx(shade(0, 40), abs=14)


def test_film_with_sound() -> None:
    """A sound track is neither decoded nor in the way."""
    assert len(cut(film(sound=True)).looks) == 8


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "dash", "frag_keyframe+empty_moov+default_base_moof"])
def test_film_in_fragments(flags: str) -> None:
    """A film whose index is spread over the file is cut like any other."""
    result = cut(film(gop=12, container_options=(("movflags", flags),)))
    assert result.looks[2].at_ms == 3900
    assert_colours_fit(result, 40)


def test_film_without_index() -> None:
    """A film that cannot be sought in is decoded from front to back."""
    result = cut(film("libvpx-vp9", "webm", gop=5, container_options=(("live", "1"),)))
    assert len(result.looks) == 8
    assert_colours_fit(result, 40)


@pytest.mark.parametrize("claimed_ms", [1, 400, 100_000_000])
def test_film_lying_about_its_length(claimed_ms: int) -> None:
    """A length that is not true hides nothing: the last frame is found, and moments lie between."""
    body = bytearray(film("libvpx-vp9", "webm", gop=5))
    at = body.index(b"\x44\x89\x88")
    body[at + 3 : at + 11] = struct.pack("!d", claimed_ms)
    result = cut(bytes(body))
    assert max(look.at_ms or 0 for look in result.looks) == 3900
    assert len(result.looks) >= 5
    assert_colours_fit(result, 40)


def test_film_codec_that_is_not_read() -> None:
    """A codec that is not on the list is not even tried."""
    with pytest.raises(Unsupported) as caught:
        cut(film("mpeg4"))
    assert caught.value.reason is Reason.CODEC_NOT_READ


def test_film_too_large() -> None:
    """The limits of pictures hold for frames as well."""
    with pytest.raises(TooCostly):
        cut(film(), limits=Limits(side_px=90))


def test_film_with_the_largest_limit() -> None:
    """FFmpeg takes the limit: above its own it would open nothing."""
    assert len(cut(film(), limits=Limits(still_px=MAX_STILL_PX)).looks) == 8


def test_film_pixels_of_all_moments_are_bounded() -> None:
    """Moments stop where their pixels together are more than allowed."""
    result = cut(film(), limits=Limits(total_px=96 * 64 * 3))
    assert len(result.looks) == 3
    assert result.partial


def test_film_without_key_frames() -> None:
    """A film that no frame of which can be decoded by itself ends in an outcome."""
    body = bytearray(film(gop=250))
    # Every sample of the track loses what a decoder needs first: the parameters stand in avcC only.
    at = body.index(b"avcC")
    body[at + 4 : at + 40] = bytes(36)
    with pytest.raises((Unreadable, Unsupported)):
        cut(bytes(body))


def test_film_whose_first_frames_are_missing() -> None:
    """A film that begins between two frames that need no other shows what comes after the next one, or nothing."""
    body = bytearray(film(gop=10))
    at = body.index(b"mdat") + 4
    body[at : at + 600] = bytes(600)
    try:
        result = cut(bytes(body))
    except Unreadable:
        return
    assert len(result.looks) >= 1


def test_film_zero_length_track() -> None:
    """A track without a single frame is unreadable."""
    body = bytearray(film())
    at = body.index(b"stsz")
    body[at + 12 : at + 16] = bytes(4)
    with pytest.raises(Unreadable):
        cut(bytes(body))


@pytest.mark.parametrize(("codec", "form"), CODECS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_film_truncated(codec: str, form: str, share: float) -> None:
    """A film that ends too early has an outcome: what is there, or unreadable."""
    body = film(codec, form)
    try:
        result = cut(body[: int(len(body) * share)])
    except MediaError:
        return
    assert_colours_fit(result, 40)


def test_film_empty_container() -> None:
    """A container with nothing in it is unreadable."""
    for body in (film()[:40] + bytes(100), film("libvpx-vp9", "webm")[:60]):
        with pytest.raises(Unreadable):
            cut(body)
