"""The PDQ of pictures, and where it stands in an upload's answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from coordinator.media.cutter.pdq import likeness_of
from coordinator.media.looks import Likeness, Views
from tests.coordinator.media.cutter.cutting import cut
from tests.coordinator.media.films import animation, film
from tests.coordinator.media.pictures import encoded, photograph

FRAME_SIZE = 224
"""As it is used: with smaller frames a picture is reduced further before its likeness is worked out."""

REFERENCE = {
    "chelsea": "5feb5321f01da156898e2bf629a5d3438412cdbd23f48942464526315db33ffd",
    "brick": "bed7058ba2005a4b071bb8a4cc6278789fbc02cfcd30d1d73fa71673c67945d2",
    "gravel": "175218961ce0d0e173a59bdf48d052f73a3c1632c4927712365efbbe569c8177",
}
"""What Meta's program says of the photographs in their own size (pdqhash 0.2.8)."""


def distance(one: Likeness | None, other: Likeness | None) -> int:
    """Count the bits that differ."""
    assert one is not None
    assert other is not None
    return (int.from_bytes(one.pdq, "big") ^ int.from_bytes(other.pdq, "big")).bit_count()


@pytest.mark.parametrize("name", REFERENCE)
def test_pdq_is_that_of_everybody_else(name: str) -> None:
    """The PDQ of a photograph is the one that lists have; another rounding may turn a bit or two."""
    likeness = likeness_of(photograph(name))
    assert likeness.quality == 100
    assert distance(likeness, Likeness(bytes.fromhex(REFERENCE[name]), 100)) <= 2


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
@pytest.mark.parametrize("form", ["WEBP", "JPEG", "AVIF"])
def test_pdq_of_a_smaller_copy_is_near(name: str, form: str) -> None:
    """Half the size and another codec change few bits, far fewer than separate one photograph from another."""
    image = photograph(name)
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)
    copy = Image.open(io.BytesIO(encoded(small, form, quality=70)))
    assert distance(likeness_of(image), likeness_of(copy)) <= 24
    others = [likeness_of(photograph(other)) for other in ("chelsea", "coffee", "rocket", "brick") if other != name]
    assert min(distance(likeness_of(image), other) for other in others) > 80


def test_pdq_of_an_even_surface_has_no_quality() -> None:
    """Where there is nothing to see there is nothing to tell copies by."""
    assert likeness_of(Image.new("RGB", (300, 200), "grey")).quality == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (65, 64), (511, 513), (4000, 20)])
def test_pdq_of_any_shape(size: tuple[int, int]) -> None:
    """Pictures of any shape have one."""
    assert len(likeness_of(photograph("chelsea", size)).pdq) == 32


def test_pdq_of_a_picture_with_transparent_parts() -> None:
    """What shows through is white, as where it is scanned."""
    image = photograph("chelsea", (300, 300)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((300, 300)))
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    result = cut(encoded(image, "PNG"), size=FRAME_SIZE, hasher=likeness_of)
    assert distance(result.likeness, likeness_of(flat)) <= 2


@pytest.mark.parametrize("views", Views)
def test_pdq_is_of_all_of_a_picture(views: Views) -> None:
    """However much of an upload is looked at, its likeness is of the whole picture as shown."""
    turned = photograph("chelsea").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    body = encoded(turned, "JPEG", quality=95, exif=exif.tobytes())
    result = cut(body, size=FRAME_SIZE, views=views, hasher=likeness_of)
    assert distance(result.likeness, likeness_of(photograph("chelsea"))) <= 16


def test_pdq_of_an_animation_is_of_its_first_moment() -> None:
    """An animation has the likeness of what it begins with, and a video has none."""
    body = animation("GIF", 12)
    first = Image.open(io.BytesIO(body)).convert("RGB")
    result = cut(body, size=FRAME_SIZE, hasher=likeness_of)
    assert distance(result.likeness, likeness_of(first)) <= 8
    assert cut(film(), hasher=likeness_of).likeness is None


def test_pdq_is_worked_out_only_where_somebody_asks() -> None:
    """Without a wish for it there is no likeness, and NumPy is not even loaded."""
    assert cut(encoded(photograph(), "PNG")).likeness is None
    program = (
        "import sys\n"
        "from coordinator.media.cutter import upload\n"
        "from coordinator.media.limits import Limits\n"
        "upload.prepare(Limits())\n"
        "print('coordinator.media.cutter.pdq' in sys.modules)\n"
        "upload.prepare(Limits(), likeness=True)\n"
        "import os\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True, env={})
    assert done.stdout.decode().split() == ["False", "1"], os.cpu_count()
