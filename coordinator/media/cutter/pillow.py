"""Open pictures with Pillow, within the limits, and name what it may raise."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageColor,
    ImageFile,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)
from pillow_jxl import JpegXLImagePlugin

from coordinator.media.errors import Reason, TooCostly, Unsupported
from coordinator.media.limits import Limits
from coordinator.media.sniff import Format

PLUGINS = (
    AvifImagePlugin,
    GifImagePlugin,
    ImageColor,
    ImagePalette,
    JpegImagePlugin,
    JpegXLImagePlugin,
    MpoImagePlugin,  # which a JPEG with a second picture in it asks for
    PngImagePlugin,
    TiffImagePlugin,  # which Exif asks for
    WebPImagePlugin,
)
"""All that is needed, so that nothing is imported once uploads come: the files are out of reach by then."""

DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on damaged files, as the hostile corpus found; anything else ends the process, and the upload."""

_READERS = {
    Format.JPEG: "JPEG",
    Format.PNG: "PNG",
    Format.APNG: "PNG",
    Format.GIF: "GIF",
    Format.WEBP: "WEBP",
    Format.WEBP_ANIMATION: "WEBP",
    Format.JXL: "JXL",
    Format.AVIF: "AVIF",
    Format.AVIF_ANIMATION: "AVIF",
}
_ORIENTATION = 0x0112
_KEPT_BLOCKS = 4
"""Of 16 MiB each: a picture of 12 Mpx has 48 MB."""


def prepare(limits: Limits) -> None:
    """Set Pillow to the limits of this process."""
    Image.preinit()
    # Its error comes at twice this number, and for WebP before the canvas is allocated; its warning is of no use here.
    Image.MAX_IMAGE_PIXELS = limits.still_px // 2
    warnings.simplefilter("ignore")
    # Memory of large pictures is kept for the next one: handing it back and faulting it in again costs time.
    _imaging.set_blocks_max(_KEPT_BLOCKS)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    JpegXLImagePlugin.DECODE_THREADS = 0


def opened(body: bytes, kind: Format, limits: Limits) -> ImageFile.ImageFile:
    """Return the picture in `body`, not decoded yet. Raises TooCostly, Unsupported, and what `DAMAGE` names."""
    reader = _READERS.get(kind)
    if reader is None:
        raise Unsupported(Reason.FORMAT_NOT_READ)
    try:
        image = Image.open(io.BytesIO(body), formats=[reader])
    except Image.DecompressionBombError as error:
        raise TooCostly(Reason.TOO_MANY_PIXELS) from error
    check_size(*image.size, limits)
    return image


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise TooCostly when a picture of that many pixels is more than one upload may have."""
    if max(width, height) > limits.side_px:
        raise TooCostly(Reason.SIDE_TOO_LONG)
    if width * height > limits.still_px:
        raise TooCostly(Reason.TOO_MANY_PIXELS)


def orientation(image: Image.Image) -> int:
    """Return how Exif says that `image` is to be turned, 1 to 8; 1 when it says nothing that can be read.

    Of JPEG XL too: there the codestream says it, the decoder has turned the picture, and Exif does not count.
    """
    if isinstance(image, JpegXLImagePlugin.JXLImageFile):
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DAMAGE:
        return 1
    return value if isinstance(value, int) else 1
