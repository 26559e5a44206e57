"""Places as text, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.sweep.item import from_printable, printable


@given(place=st.binary(max_size=60))
def test_printable_can_be_read_back(place: bytes) -> None:
    """Whatever bytes a name has, its text can be shown, and tells which bytes they were."""
    text = printable(place)
    assert text.isprintable()
    assert from_printable(text) == place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (b"a b/c.png", "a b/c.png"),
        ("süß".encode(), "süß"),
        (b"caf\xe9", r"caf\xe9"),
        (b"\x1b[31m", r"\x1b[31m"),
        (b"a\\x41", r"a\x5cx41"),
        ("a\u202eb".encode(), r"a\xe2\x80\xaeb"),
    ],
)
def test_printable_shows_what_can_be_shown(place: bytes, text: str) -> None:
    """Letters stay; what is no text, and what would change how the rest looks, is written out."""
    assert printable(place) == text
