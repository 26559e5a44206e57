"""How pict-rs names a content: SHA-256, size and format. Pure: no input or output."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class StoredFormat(IntEnum):
    """The last byte of a key: `InternalFormat` of pict-rs 0.5.25 (src/formats.rs)."""

    APNG = 0
    AVIF_ANIMATION = 1
    GIF = 2
    WEBP_ANIMATION = 3
    AVIF = 4
    JPEG = 5
    JXL = 6
    PNG = 7
    WEBP = 8
    MP4 = 9
    WEBM = 10


FORMATS_OF: Mapping[str, tuple[StoredFormat, ...]] = MappingProxyType(
    {
        "image/apng": (StoredFormat.APNG, StoredFormat.PNG),
        "image/avif": (StoredFormat.AVIF, StoredFormat.AVIF_ANIMATION),
        "image/gif": (StoredFormat.GIF,),
        "image/jpeg": (StoredFormat.JPEG,),
        "image/jxl": (StoredFormat.JXL,),
        "image/png": (StoredFormat.PNG, StoredFormat.APNG),
        "image/webp": (StoredFormat.WEBP, StoredFormat.WEBP_ANIMATION),
        "video/mp4": (StoredFormat.MP4,),
        "video/webm": (StoredFormat.WEBM,),
    }
)
"""What a media type may stand for: that of WebP and AVIF does not tell whether they move."""

SHA256_BYTES = 32
SIZE_BYTES = 6


@dataclass(frozen=True, slots=True)
class Key:
    """The name of one content in pict-rs, for which it has at most one file."""

    sha256: str
    size_bytes: int
    format: StoredFormat

    @classmethod
    def from_hex(cls, text: str) -> Key:
        """Read a name as a page of hashes spells it. Raises ValueError."""
        data = bytes.fromhex(text)
        if len(data) != SHA256_BYTES + SIZE_BYTES + 1:
            raise ValueError("a key of pict-rs has 78 hexadecimal digits")
        return cls(data[:SHA256_BYTES].hex(), int.from_bytes(data[SHA256_BYTES:-1], "big"), StoredFormat(data[-1]))

    @property
    def hex(self) -> str:
        """As a page of hashes spells it: 78 characters."""
        return self._bytes.hex()

    @property
    def slug(self) -> str:
        """As a page of hashes is asked for: 52 characters of base64url. 39 bytes leave nothing to pad."""
        return base64.urlsafe_b64encode(self._bytes).decode()

    @property
    def _bytes(self) -> bytes:
        return bytes.fromhex(self.sha256) + self.size_bytes.to_bytes(SIZE_BYTES, "big") + bytes([self.format])


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes that pict-rs had validated, as far as the coordinator remembers them."""

    sha256: str
    size_bytes: int
    media_type: str
    """What pict-rs called them; may be empty or wrong."""

    def __post_init__(self) -> None:
        if len(bytes.fromhex(self.sha256)) != SHA256_BYTES:
            raise ValueError("a SHA-256 has 64 hexadecimal digits")

    def possible_keys(self, *, all_formats: bool = False) -> Iterator[Key]:
        """Yield the names that it may have in pict-rs: those of its media type, or one for each format."""
        kind = self.media_type.partition(";")[0].strip().lower()
        every = tuple(StoredFormat)
        formats = every if all_formats else FORMATS_OF.get(kind, every)
        return (Key(self.sha256, self.size_bytes, number) for number in formats)
