"""The messages: what they show, and what they are bounded by."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from shared.messages import Frame, FromCoordinator, FromScanner, Message, Result, Welcome, is_printable


def test_types_are_distinct_on_each_side() -> None:
    """A type names one message only, so that it says how to read the rest."""
    for side in (FromScanner, FromCoordinator):
        names = [kind.TYPE for kind in get_args(side)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(Message) if dataclasses.fields(kind)], ids=lambda kind: kind.TYPE
)
def test_messages_are_frozen(kind: type[Message]) -> None:
    """A message cannot be changed after it was made."""
    message = object.__new__(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, dataclasses.fields(kind)[0].name, 1)


def test_repr_hides_pixels() -> None:
    """What a frame shows never gets into a log."""
    assert "pixels" not in repr(Frame("s", 0, b"\x12\x34"))


def test_repr_hides_scores() -> None:
    """What the model thought of a picture never gets into a log by accident."""
    result = Result("s", 1, 1, 1, b"\x12\x34", receive_ms=0.0, queue_ms=0.0, infer_ms=0.0)
    assert "scores" not in repr(result)


def test_repr_hides_terms() -> None:
    """The terms of a policy never get into a log."""
    welcome = Welcome("s1", 1, 16, 1024, "null", ("a blue kettle",))
    assert "kettle" not in repr(welcome)


@pytest.mark.parametrize("text", ["", "Ready – größer", "日本"])
def test_printable_text_is_allowed(text: str) -> None:
    """Names may be in any script."""
    assert is_printable(text)


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "a\x00", "\u202eevil"])
def test_control_characters_are_not_printable(text: str) -> None:
    """Nothing that could break a log line or turn a terminal's text around passes."""
    assert not is_printable(text)
