"""Tell formats apart by their first bytes; media types are not to be trusted (pict-rs's dummy mode calls all PNG).

Pure: no codec, no clock, no input or output.
"""

from __future__ import annotations

from enum import Enum, StrEnum

HEAD_BYTES = 65_536
"""How much of an upload `sniff` wants to see: enough for a colour profile in front of an animation's control chunk."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JXL_BOX = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_EBML = b"\x1aE\xdf\xa3"
_STILL_BRANDS = frozenset({b"avif", b"mif1", b"miaf"})
_VIDEO_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1"}
    | {b"M4V ", b"M4VP", b"M4VH", b"dash", b"cmfc", b"av01", b"hvc1", b"MSNV", b"3gp4", b"3gp5", b"3gp6", b"qt  "}
)


class Kind(Enum):
    """What an upload is, before decoding."""

    STILL = "still"
    ANIMATION = "animation"
    VIDEO = "video"


class Format(StrEnum):
    """What the bytes are. New ones go last: the pipe to a limited process carries their position."""

    JPEG = "jpeg"
    PNG = "png"
    APNG = "apng"
    GIF = "gif"
    WEBP = "webp"
    WEBP_ANIMATION = "webp animation"
    AVIF = "avif"
    AVIF_ANIMATION = "avif animation"
    JXL = "jxl"
    MP4 = "mp4"
    WEBM = "webm"

    @property
    def kind(self) -> Kind:
        """Say whether this is a still, an animation (a gif counts as one, however many frames it has) or a video."""
        return _KINDS.get(self, Kind.STILL)


_KINDS = {
    Format.APNG: Kind.ANIMATION,
    Format.GIF: Kind.ANIMATION,
    Format.WEBP_ANIMATION: Kind.ANIMATION,
    Format.AVIF_ANIMATION: Kind.ANIMATION,
    Format.MP4: Kind.VIDEO,
    Format.WEBM: Kind.VIDEO,
}


def sniff(head: bytes) -> Format | None:
    """Return the format that `head`, the first bytes of an upload (`HEAD_BYTES` or all of it), is in; None if in none.

    What it says is a claim of the file: the decoder may still refuse.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(_PNG):
        return Format.APNG if _has_animation_control(head) else Format.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Format.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Format.WEBP_ANIMATION if head[12:16] == b"VP8X" and _flag(head, 20) & 0x02 else Format.WEBP
    if head.startswith((b"\xff\x0a", _JXL_BOX)):
        return Format.JXL
    if head.startswith(_EBML):
        return Format.WEBM if b"webm" in head[:64] or b"matroska" in head[:64] else None
    if head[4:8] == b"ftyp":
        return _brand(head)
    return None


def _flag(head: bytes, at: int) -> int:
    return head[at] if len(head) > at else 0


def _has_animation_control(head: bytes) -> bool:
    """Walk the chunks of a PNG up to its first picture data; an animation's control chunk stands before that."""
    at = len(_PNG)
    while at + 8 <= len(head):
        name = head[at + 4 : at + 8]
        if name in (b"acTL", b"IDAT"):
            return name == b"acTL"
        at += 12 + int.from_bytes(head[at : at + 4], "big")
    return False


def _brand(head: bytes) -> Format | None:
    """Read the brands of an ISO base media file: the major one decides, then whichever compatible one is known."""
    end = min(len(head), max(16, int.from_bytes(head[:4], "big")), 512)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand == b"avis":
            return Format.AVIF_ANIMATION
        if brand in _STILL_BRANDS and (brand == b"avif" or b"avif" in brands or b"avis" in brands):
            return Format.AVIF_ANIMATION if b"avis" in brands else Format.AVIF
        if brand in _VIDEO_BRANDS:
            return Format.MP4
    return None
