"""One file of a store, as its listing shows it. Pure: no input or output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a store."""

    place: bytes
    """Where it is, below the source's own place. Bytes: names need not be UTF-8."""
    tag: str = ""
    """Changes when the file does: an ETag, or times and size. Empty where the place itself names the content."""
    size_bytes: int = 0
    changed_s: float = 0.0
    """Unix time; 0 when the store does not say."""
    sha256: str = ""
    """Where the store knows it, in hex."""
    aliases: tuple[str, ...] = ()
    """Other names, by which people and tools know it."""
    fault: str = ""
    """Why a folder cannot be listed: then this stands for what is in it. Its place ends with a slash."""


def printable(place: bytes) -> str:
    """Return a place as text that neither a terminal nor a CSV reader stumbles over; `from_printable` reverses it.

    What is no UTF-8, and what no one can see, is written as \\xNN, and a backslash as \\x5c.
    """
    text = place.decode("utf-8", "surrogateescape")
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character != "\\" and (character.isprintable() or character == " "):
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def from_printable(text: str) -> bytes:
    """Return the place that `printable` wrote. Raises ValueError for what it never writes."""
    first, *others = text.split("\\x")
    return first.encode() + b"".join(bytes.fromhex(other[:2]) + other[2:].encode() for other in others)
