"""Make the sound files that hostile ones are mutated from: small, of every format, each in several modes."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image

from tests.coordinator.media.films import animation, film
from tests.coordinator.media.pictures import encoded, photograph

_SMALL = (128, 96)


@lru_cache
def samples() -> dict[str, bytes]:
    """Return the sound files by name; all of them can be cut."""
    photo = photograph("coffee", _SMALL)
    clear = photo.convert("RGBA")
    clear.putalpha(photograph("gravel", _SMALL).convert("L"))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a cup"
    made = {
        "jpeg": encoded(photo, "JPEG", quality=85, exif=exif.tobytes()),
        "jpeg progressive": encoded(photo, "JPEG", quality=85, progressive=True),
        "jpeg grey": encoded(photo.convert("L"), "JPEG"),
        "jpeg cmyk": encoded(photo.convert("CMYK"), "JPEG"),
        "jpeg large": encoded(photograph("coffee", (1600, 1200)), "JPEG", quality=60),
        "png": encoded(photo, "PNG", exif=exif.tobytes(), icc_profile=bytes(2000)),
        "png alpha": encoded(clear, "PNG"),
        "png palette": encoded(photo.quantize(16), "PNG", transparency=3),
        "png 16 bit": encoded(photo.convert("I").point(lambda level: level * 256).convert("I;16"), "PNG"),
        "webp": encoded(photo, "WEBP", exif=exif.tobytes()),
        "webp lossless": encoded(clear, "WEBP", lossless=True),
        "avif": encoded(photo, "AVIF", speed=10),
        "avif alpha": encoded(clear, "AVIF", speed=10),
        "jxl": encoded(photo, "JXL"),
        "jxl lossless": encoded(clear, "JXL", lossless=True),
        "gif": encoded(photo.quantize(32), "GIF"),
        "gif animation": animation("GIF", 12),
        "apng": animation("PNG", 12),
        "webp animation": animation("WEBP", 12),
        "avif animation": animation("AVIF", 6),
        "h264": film(),
        "h264 key frames": film(gop=4),
        "h264 fragments": film(gop=8, container_options=(("movflags", "frag_keyframe+empty_moov"),)),
        "h264 sound": film(sound=True, count=12),
        "h265": film("libx265", count=12),
        "av1": film("libsvtav1", count=12),
        "vp8": film("libvpx", "webm", count=12),
        "vp9": film("libvpx-vp9", "webm", gop=5),
        "av1 webm": film("libsvtav1", "webm", count=12),
    }
    two = io.BytesIO()
    photo.save(two, "MPO", save_all=True, append_images=[photo])
    made["jpeg of two"] = two.getvalue()
    return made
