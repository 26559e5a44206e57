"""The errors: their fields, sentences and close codes."""

from __future__ import annotations

import pickle

import pytest

from shared.close_codes import CloseCode
from shared.errors import (
    MalformedMessageError,
    OversizedMessageError,
    ProtocolError,
    UnexpectedMessageError,
    UnknownMessageError,
)

PROTOCOL_ERRORS = [
    (UnknownMessageError("ping"), "message of unknown type 'ping'"),
    (MalformedMessageError("scan", "frames: missing"), "malformed scan: frames: missing"),
    (OversizedMessageError(9, 8), "message of 9 bytes; at most 8 are allowed"),
    (UnexpectedMessageError("frame", "of no scan"), "unexpected frame: of no scan"),
]


@pytest.mark.parametrize(("error", "sentence"), PROTOCOL_ERRORS)
def test_protocol_error_makes_its_sentence(error: ProtocolError, sentence: str) -> None:
    """An error says what was wrong from its fields."""
    assert str(error) == sentence


@pytest.mark.parametrize(("error", "sentence"), PROTOCOL_ERRORS)
def test_protocol_error_closes_as_malformed(error: ProtocolError, sentence: str) -> None:
    """A broken protocol closes the connection with the code for it."""
    assert error.close_code is CloseCode.MALFORMED


@pytest.mark.parametrize(("error", "sentence"), PROTOCOL_ERRORS)
def test_protocol_error_survives_copying(error: ProtocolError, sentence: str) -> None:
    """An error that is copied keeps its fields and its sentence."""
    assert str(pickle.loads(pickle.dumps(error))) == sentence
