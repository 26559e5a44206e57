"""Turn a decoded picture into square frames."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

Box = tuple[float, float, float, float]

WHITE = 255
BLACK = 0

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GAP = 2.0
"""How many times the frame's resolution is kept for the bicubic filter when a picture is first reduced by averaging."""

_LONG = 2.5
"""From which ratio of its sides on a picture gets tiles: beyond it, whole and centre together show too little."""

_SHOWS_THROUGH = 224
"""Below this alpha a pixel counts as transparent."""
_VISIBLE = 8
"""From this alpha on a pixel counts as part of the picture."""
_LIGHT = 224
"""From this level on, in every channel over white, nobody tells a pixel from the white beside it."""
_HIDDEN_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold a picture of `width` x `height` pixels, orientation applied, whose `image` may be reduced by a whole factor.

    `image` is RGB, or RGBA where something shows through; its pixels are `width / reduced` a row.
    """

    image: Image.Image
    width: int
    height: int
    reduced: int = 1

    def cut(self, box: Box, size: tuple[int, int]) -> Image.Image:
        """Return the part within `box`, in pixels of the whole picture, resized to `size`: bicubic, with antialias."""
        wide, high = self.image.size
        left, top, right, bottom = (edge / self.reduced for edge in box)
        within = (left, top, min(right, wide), min(bottom, high))
        return self.image.resize(size, Image.Resampling.BICUBIC, box=within)


def take(image: Image.Image, *, width: int, height: int, size: int, reduced: int = 1, orientation: int = 1) -> Picture:
    """Return `image`, decoded, as a `Picture` for frames of `size`: reduced, turned upright, its mode made RGB or RGBA.

    `width` and `height` are as the file declares them, before turning; `reduced` is what the decoder left out already.
    """
    if image.mode in ("P", "PA", "1") or image.mode.startswith("I") or "transparency" in image.info:
        # Only levels can be averaged: not places in a palette, and not a colour that stands for transparent.
        image = _levels(image)
    factor = int(min(image.size) / (size * _GAP))
    if factor >= 2:
        image = image.reduce(factor)
        reduced *= factor
    image = _levels(image)
    turn = _TURNS.get(orientation)
    if turn is not None:
        image = image.transpose(turn)
        if orientation >= 5:
            width, height = height, width
    return Picture(image, width, height, reduced)


def centre(picture: Picture, size: int) -> Image.Image:
    """Return the square in the middle at `size`: what resizing the shorter side to `size` and cropping would give.

    The rounding is that of torchvision's Resize and CenterCrop, which open_clip builds its preprocessing from.
    """
    wide, high = _shorter_side_at(picture, size)
    left, top = round((wide - size) / 2.0), round((high - size) / 2.0)
    x, y = picture.width / wide, picture.height / high
    return picture.cut((left * x, top * y, (left + size) * x, (top + size) * y), (size, size))


def is_square(picture: Picture, size: int) -> bool:
    """Say whether the square in the middle at `size` shows all of the picture."""
    return _shorter_side_at(picture, size) == (size, size)


def whole(picture: Picture, size: int) -> Image.Image:
    """Return all of the picture at `size`, letterboxed in black."""
    return _letterboxed(picture, (0, 0, picture.width, picture.height), size)


def tiles(picture: Picture, size: int) -> tuple[Image.Image, ...]:
    """Return what the square in the middle of a long picture leaves out, one frame at each end; none of a compact one.

    Each is at least a square, and letterboxed where more than a square is left out on its side.
    """
    short, long = sorted((picture.width, picture.height))
    if long <= short * _LONG:
        return ()
    length = max(short, (long - short) / 2)
    if picture.width > picture.height:
        ends: tuple[Box, Box] = (0, 0, length, short), (long - length, 0, long, short)
    else:
        ends = (0, 0, short, length), (0, long - length, short, long)
    return tuple(_letterboxed(picture, end, size) for end in ends)


def fitted(width: float, height: float, size: int) -> tuple[int, int]:
    """Return the width and height of a picture of that shape whose longer side is `size`."""
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def boxed(image: Image.Image, size: int) -> Image.Image:
    """Return `image`, which fits into it, in the middle of a square of `size`, the rest of which is black."""
    if image.size == (size, size):
        return image
    frame = Image.new(image.mode, (size, size), (0, 0, 0) if image.mode == "RGB" else (0, 0, 0, 255))
    frame.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return frame


def pixels(frame: Image.Image, ground: int = WHITE) -> bytes:
    """Return the pixels of `frame` as RGB, over grey of the level `ground` where that shows through."""
    return _over(frame, ground).tobytes()


def over_white(image: Image.Image) -> Image.Image:
    """Return a picture without transparency: over white where something shows through."""
    return _over(image, WHITE)


def hides_over_white(frame: Image.Image) -> bool:
    """Say whether white behind the transparent parts of `frame` makes a visible part of it disappear."""
    if frame.mode != "RGBA":
        return False
    alpha = frame.getchannel("A")
    area = frame.width * frame.height
    if sum(alpha.histogram()[:_SHOWS_THROUGH]) < area * _HIDDEN_SHARE:
        return False
    levels = _over(frame, WHITE).split()
    visible = alpha.point(lambda level: 255 * (level >= _VISIBLE))
    for channel in levels:
        visible.paste(0, mask=channel.point(lambda level: 255 * (level < _LIGHT)))
    return visible.histogram()[255] >= area * _HIDDEN_SHARE


def _over(frame: Image.Image, ground: int) -> Image.Image:
    if frame.mode != "RGBA":
        return frame
    flat = Image.new("RGB", frame.size, (ground, ground, ground))
    flat.paste(frame, mask=frame.getchannel("A"))
    return flat


def _shorter_side_at(picture: Picture, size: int) -> tuple[int, int]:
    if picture.width <= picture.height:
        return size, int(size * picture.height / picture.width)
    return int(size * picture.width / picture.height), size


def _letterboxed(picture: Picture, box: Box, size: int) -> Image.Image:
    return boxed(picture.cut(box, fitted(box[2] - box[0], box[3] - box[1], size)), size)


def _levels(image: Image.Image) -> Image.Image:
    """Return `image` as RGB, or as RGBA if anything of it is transparent; 16-bit levels are scaled, not clipped."""
    if image.mode.startswith("I"):
        image = image.point(lambda level: level * (1 / 256)).convert("L")
    if image.mode == "RGBA" or image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = image.getchannel("A").getextrema() == (255, 255)
        return image.convert("RGB") if opaque else image
    return image if image.mode == "RGB" else image.convert("RGB")
