"""Looks of stills: what is in them, in every mode and orientation."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from coordinator.media.errors import Reason, TooCostly, Unreadable
from coordinator.media.limits import Limits
from coordinator.media.looks import Views
from tests.coordinator.media.cutter.cutting import SIZE, cut, names
from tests.coordinator.media.pictures import encoded, halves, photograph, pixel

FORMS = [
    ("JPEG", {"quality": 95, "subsampling": 0}),
    ("PNG", {}),
    ("WEBP", {"lossless": True}),
    ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    ("GIF", {}),
]
MIDDLE = SIZE // 2


def near(colour: tuple[int, ...], expected: tuple[int, ...], within: int = 12) -> bool:
    """Say whether two colours are the same to a coder's eye."""
    return all(abs(a - b) <= within for a, b in zip(colour, expected, strict=True))


def four(size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Return a picture with a colour of its own in each corner: red, lime, blue, yellow, row by row."""
    image = Image.new("RGB", size, "red")
    draw = ImageDraw.Draw(image)
    wide, high = size[0] // 2, size[1] // 2
    draw.rectangle((wide, 0, *size), fill="lime")
    draw.rectangle((0, high, *size), fill="blue")
    draw.rectangle((wide, high, *size), fill="yellow")
    return image


def corners(frame: bytes) -> list[tuple[int, int, int]]:
    """Return the colours of the four quarters of a frame, row by row."""
    return [pixel(frame, SIZE, x, y) for y in (24, 40) for x in (16, 48)]


RED, LIME, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


@pytest.mark.parametrize(("form", "options"), FORMS)
def test_still_gives_centre_and_whole(form: str, options: dict[str, object]) -> None:
    """Every format gives the square in the middle and the letterboxed whole, with the colours that are in it."""
    result = cut(encoded(halves((160, 80), "red", "blue"), form, **options))
    assert names(result) == ["centre", "whole"]
    assert (result.width, result.height) == (160, 80)
    centre, whole = result.frames
    for frame in (centre, whole):
        assert near(pixel(frame, SIZE, 8, MIDDLE), RED)
        assert near(pixel(frame, SIZE, 56, MIDDLE), BLUE)
    assert near(pixel(centre, SIZE, 8, 2), RED)
    assert pixel(whole, SIZE, 8, 2) == pixel(whole, SIZE, 8, SIZE - 2) == (0, 0, 0)


def test_still_square_gives_centre_only() -> None:
    """Where the centre is all there is, nothing else is cut."""
    assert names(cut(encoded(photograph(size=(80, 80)), "PNG"))) == ["centre"]
    assert names(cut(encoded(photograph(size=(801, 800)), "PNG"))) == ["centre"]


def test_still_views_centre_gives_centre_only() -> None:
    """The old behaviour is one look, whatever the shape."""
    for size in ((160, 80), (400, 20)):
        assert names(cut(encoded(photograph(size=size), "PNG"), views=Views.CENTRE)) == ["centre"]


@pytest.mark.parametrize("tall", [False, True])
def test_still_long_gives_tiles(tall: bool) -> None:
    """Beyond 2.5 : 1 the ends are looked at, so that no part is only seen small."""
    image = Image.new("RGB", (600, 100), "black")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 20, 100), fill="red")
    draw.rectangle((290, 0, 310, 100), fill="lime")
    draw.rectangle((579, 0, 600, 100), fill="blue")
    if tall:
        image = image.transpose(Image.Transpose.ROTATE_270)
    result = cut(encoded(image, "PNG"))
    assert names(result) == ["centre", "whole", "tile", "tile"]
    edge = (MIDDLE, 0) if tall else (0, MIDDLE)
    other_edge = (MIDDLE, SIZE - 1) if tall else (SIZE - 1, MIDDLE)
    assert near(pixel(result.frames[0], SIZE, MIDDLE, MIDDLE), LIME)
    assert near(pixel(result.frames[2], SIZE, *edge), RED)
    assert near(pixel(result.frames[3], SIZE, *other_edge), BLUE)


def test_still_just_long_gives_square_tiles() -> None:
    """Tiles are squares as long as little is left out: they may overlap the centre, and are not letterboxed."""
    result = cut(encoded(halves((260, 100), "red", "blue"), "PNG"))
    assert names(result) == ["centre", "whole", "tile", "tile"]
    assert near(pixel(result.frames[2], SIZE, 0, 0), RED)
    assert near(pixel(result.frames[3], SIZE, SIZE - 1, 0), BLUE)
    assert names(cut(encoded(halves((250, 100), "red", "blue"), "PNG"))) == ["centre", "whole"]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_still_is_turned_upright(form: str, orientation: int) -> None:
    """A picture that Exif says is to be turned is looked at as people see it, whatever the eight ways."""
    upright = four()
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = cut(encoded(stored, form, exif=exif.tobytes(), quality=95))
    assert (result.width, result.height) == upright.size
    for frame in result.frames:
        found = corners(frame)
        assert all(near(*pair, within=40) for pair in zip(found, (RED, LIME, BLUE, YELLOW), strict=True)), found


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_still_broken_exif_is_left_alone() -> None:
    """Exif that cannot be read turns nothing and refuses nothing."""
    for exif in (b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\x7f", b"Exif\x00\x00MM\x00*" + b"\xff" * 40):
        assert cut(encoded(four(), "JPEG", exif=exif)).width == 120


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "LA", "RGBA", "YCbCr"])
def test_still_modes_look_alike(mode: str) -> None:
    """A picture looks the same in every mode that a file may have, but for its colours where it has none."""
    grey = mode in {"1", "L", "I;16", "LA"}
    image = halves((120, 80), "black", "white") if grey else halves((120, 80), "red", "blue")
    if mode == "I;16":
        levels = struct.pack("<2H", 0, 65535)
        image = Image.frombytes("I;16", (2, 1), levels).resize((120, 80), Image.Resampling.NEAREST)
    else:
        image = image.convert(mode)
    body = encoded(image, {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG"))
    frame = cut(body).frames[0]
    expected = ((0, 0, 0), (255, 255, 255)) if grey else (RED, BLUE)
    assert near(pixel(frame, SIZE, 8, MIDDLE), expected[0], within=30)
    assert near(pixel(frame, SIZE, 56, MIDDLE), expected[1], within=30)


def test_still_16_bit_is_scaled_not_clipped() -> None:
    """The levels of a 16-bit picture keep their proportions."""
    image = Image.frombytes("I;16", (4, 1), struct.pack("<4H", 0, 16384, 32768, 65535))
    frame = cut(encoded(image.resize((64, 64), Image.Resampling.NEAREST), "PNG")).frames[0]
    found = [pixel(frame, SIZE, x, 32)[0] for x in (4, 22, 42, 60)]
    assert found == pytest.approx([0, 64, 128, 255], abs=3)


def test_still_palette_with_transparency_is_flattened() -> None:
    """A palette with a transparent colour shows white there, and no colour of the palette leaks into its edges."""
    image = Image.new("P", (80, 80), 0)
    image.putpalette([255, 0, 255, 0, 0, 0])
    image.paste(1, (0, 0, 40, 80))
    frame = cut(encoded(image, "PNG", transparency=0)).frames[0]
    assert pixel(frame, SIZE, 60, 32) == (255, 255, 255)
    assert pixel(frame, SIZE, 8, 32) == (0, 0, 0)
    assert all(near(pixel(frame, SIZE, x, 32), (pixel(frame, SIZE, x, 32)[0],) * 3, 2) for x in range(SIZE))


def transparent(fill: str, size: tuple[int, int] = (80, 80)) -> Image.Image:
    """Return a disc of a colour on a transparent ground."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 60, 60), fill=fill)
    return image


@pytest.mark.parametrize("form", ["PNG", "WEBP", "AVIF"])
def test_still_alpha_over_white_and_black(form: str) -> None:
    """What white behind it hides is also looked at over black; what it does not hide is not."""
    light = cut(encoded(transparent("white"), form))
    assert names(light) == ["centre", "centre over black"]
    assert near(pixel(light.frames[0], SIZE, 32, 32), (255, 255, 255))
    assert near(pixel(light.frames[1], SIZE, 32, 32), (255, 255, 255))
    assert near(pixel(light.frames[1], SIZE, 2, 2), (0, 0, 0))
    dark = cut(encoded(transparent("navy"), form))
    assert names(dark) == ["centre"]
    assert near(pixel(dark.frames[0], SIZE, 2, 2), (255, 255, 255))


def test_still_alpha_wide_keeps_to_four_looks() -> None:
    """A long picture that white hides is looked at over black instead of in tiles: four looks are all there are."""
    image = Image.new("RGBA", (600, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 20, 600, 60), fill="white")
    assert names(cut(encoded(image, "PNG"))) == ["centre", "whole", "centre over black", "whole over black"]


def test_still_opaque_alpha_is_no_alpha() -> None:
    """An alpha channel that hides nothing makes no difference."""
    image = photograph(size=(120, 80))
    assert cut(encoded(image.convert("RGBA"), "PNG")).frames == cut(encoded(image, "PNG")).frames


def test_still_transparent_but_white_is_shown_over_white() -> None:
    """White beside transparent corners only is not hidden by white: a photograph with round corners has one ground."""
    image = photograph("coffee", (80, 80)).convert("RGBA")
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 80, 80), 20, fill=255)
    image.putalpha(mask)
    assert names(cut(encoded(image, "PNG")))[0] == "centre"


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 500), (12_000, 1), (1, 12_000), (3, 12_000)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_still_extreme_shapes(size: tuple[int, int], form: str) -> None:
    """A picture of one pixel, or of one row, has looks like any other."""
    result = cut(encoded(Image.new("RGB", size, "red"), form, **({"lossless": True} if form == "WEBP" else {})))
    assert (result.width, result.height) == size
    assert near(pixel(result.frames[0], SIZE, MIDDLE, MIDDLE), RED)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_still_too_large_is_too_costly_before_decoding() -> None:
    """Declared sizes beyond the limits are refused from the header alone."""
    png = bytearray(encoded(Image.new("L", (1, 1)), "PNG"))
    for wide, high, reason in (
        (12_001, 1, Reason.SIDE_TOO_LONG),
        (8_000, 8_000, Reason.TOO_MANY_PIXELS),
        (12_001, 12_001, None),
    ):
        png[16:24] = struct.pack("!II", wide, high)
        png[29:33] = struct.pack("!I", zlib.crc32(png[12:29]))
        with pytest.raises(TooCostly) as caught:
            cut(bytes(png))
        assert reason is None or caught.value.reason is reason


def test_still_within_given_limits() -> None:
    """The limits are the ones that are given."""
    body = encoded(photograph(size=(100, 50)), "PNG")
    assert cut(body, limits=Limits(side_px=100, still_px=5000)).width == 100
    for limits in (Limits(side_px=99), Limits(still_px=4999)):
        with pytest.raises(TooCostly):
            cut(body, limits=limits)


def test_still_claims_one_format_and_is_another() -> None:
    """Bytes decide: what begins like one format and goes on like another does not decode."""
    jpeg, png = encoded(photograph(), "JPEG"), encoded(photograph(), "PNG")
    for body in (jpeg[:4] + png[4:], png[:12] + jpeg[12:], b"GIF89a" + png[6:], b"RIFF\x00\x00\x00\x00WEBP" + jpeg):
        with pytest.raises((Unreadable, TooCostly)):
            cut(body)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "AVIF", "GIF"])
def test_still_truncated_is_unreadable(form: str) -> None:
    """Half of a file does not decode."""
    body = encoded(photograph(), form)
    with pytest.raises(Unreadable):
        cut(body[: len(body) // 2])


@pytest.mark.parametrize("orientation", [1, 6])
def test_still_jxl_is_turned_once(orientation: int) -> None:
    """JPEG XL says in its codestream how it is turned; Exif beside it does not count."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, marked = (cut(encoded(photograph(), "JXL", **extra)) for extra in ({}, {"exif": exif.tobytes()}))
    assert (plain.format, plain.width, plain.height) == ("jxl", *photograph().size)
    assert marked.frames == plain.frames


def test_still_jxl_that_does_not_decode_is_unreadable() -> None:
    """A JPEG XL that is nothing but a signature is refused."""
    with pytest.raises(Unreadable):
        cut(b"\xff\x0a" + bytes(100))


def test_still_second_picture_in_a_jpeg_is_left_alone() -> None:
    """A JPEG that carries a second picture is cut as its first, as viewers show it."""
    file = io.BytesIO()
    photograph().save(file, "MPO", save_all=True, append_images=[photograph("coffee")])
    assert cut(file.getvalue()).width == photograph().width
