"""Messages to bytes and back, and all that is refused on the way back."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import limits
from shared.errors import MalformedMessageError, OversizedMessageError, ProtocolError, UnknownMessageError
from shared.messages import (
    Cancel,
    Drain,
    Failure,
    FailureKind,
    Frame,
    FromCoordinator,
    FromScanner,
    Goodbye,
    Hello,
    Lane,
    Load,
    Message,
    Progress,
    Ready,
    Received,
    Result,
    Scan,
    ServedModel,
    Welcome,
)
from shared.wire import coordinator_decoder, encode, scanner_decoder

printable = st.characters(exclude_categories=("C", "Z"))
names = st.text(printable, min_size=1, max_size=20)
texts = st.text(printable, max_size=20)
counts = st.integers(0, 2**53)
attempts = st.integers(1, 1000)
frame_counts = st.integers(1, limits.MAX_FRAMES)
sizes = st.integers(limits.MIN_FRAME_SIZE, limits.MAX_FRAME_SIZE)
durations_ms = st.floats(0, 86_400_000)
served_models = st.builds(ServedModel, names, names, sizes)

MESSAGES: dict[type[Message], st.SearchStrategy[Message]] = {
    Hello: st.builds(
        Hello,
        names,
        names,
        names,
        names,
        st.lists(served_models, max_size=limits.MAX_MODELS).map(tuple),
        st.integers(1, limits.MAX_CAPACITY_FRAMES),
    ),
    Welcome: st.builds(
        Welcome,
        names,
        st.integers(1, 2**53),
        frame_counts,
        counts,
        names,
        st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5).map(tuple),
        texts,
    ),
    Ready: st.builds(Ready),
    Scan: st.builds(Scan, names, attempts, durations_ms, st.sampled_from(Lane), frame_counts, sizes),
    Frame: st.builds(Frame, names, st.integers(0, limits.MAX_FRAMES - 1), st.binary(max_size=50)),
    Received: st.builds(Received, names, attempts),
    Progress: st.builds(Progress, names, attempts, st.integers(0, limits.MAX_FRAMES)),
    Result: st.builds(
        Result,
        names,
        attempts,
        frame_counts,
        st.integers(1, limits.MAX_TERMS),
        st.binary(max_size=50),
        durations_ms,
        durations_ms,
        durations_ms,
    ),
    Failure: st.builds(Failure, names, attempts, st.sampled_from(FailureKind), texts),
    Cancel: st.builds(Cancel, names),
    Drain: st.builds(Drain, texts),
    Goodbye: st.builds(Goodbye, texts),
    Load: st.builds(
        Load, st.integers(0, limits.MAX_CAPACITY_FRAMES), counts, counts, st.floats(0, 1e6), st.booleans(), texts
    ),
}

SCAN: dict[str, Any] = {
    "type": "scan",
    "scan_id": "s",
    "attempt": 1,
    "left_ms": 8000.0,
    "lane": "live",
    "frames": 1,
    "frame_size": 224,
}


def test_every_message_is_tried() -> None:
    """No message can be added without a round trip of its own."""
    assert set(MESSAGES) == set(get_args(Message))


@given(st.one_of(*(MESSAGES[kind] for kind in get_args(FromScanner))))
def test_scanner_messages_come_back_as_sent(message: Message) -> None:
    """The coordinator reads what a scanner wrote."""
    assert coordinator_decoder().decode(encode(message)) == message


@given(st.one_of(*(MESSAGES[kind] for kind in get_args(FromCoordinator))))
def test_coordinator_messages_come_back_as_sent(message: Message) -> None:
    """A scanner reads what the coordinator wrote."""
    assert scanner_decoder().decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_by_a_typed_error(data: bytes) -> None:
    """Whatever comes, the only thing that leaves the decoder is a protocol error."""
    with pytest.raises(ProtocolError):
        scanner_decoder().decode(data)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(get_args(FromCoordinator)), st.data())
def test_any_wrong_value_in_any_field_is_refused_by_a_typed_error(kind: type[Message], data: st.DataObject) -> None:
    """A field of a wrong type or range either fits by chance, or is a protocol error."""
    table = msgpack.unpackb(encode(data.draw(MESSAGES[kind])))
    for field in fields(kind):
        if data.draw(st.booleans()):
            table[field.name] = data.draw(json_like)
    try:
        message = scanner_decoder().decode(msgpack.packb(table))
    except ProtocolError:
        return
    assert isinstance(message, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"text",
        msgpack.packb([1, 2]),
        msgpack.packb(SCAN)[:-1],
        msgpack.packb(SCAN) + b"\x00",
        msgpack.packb({1: 2}),
        msgpack.packb({"type": "scan", "scan_id": b"\xff\xfe"}, use_bin_type=False),
        b"\x81\xa4type\xd9\x04\xff\xfe\xfd\xfc",
        b"\x91" * 100_000 + b"\x00",
        b"\x81\xa1a" * 100_000 + b"\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        msgpack.packb(msgpack.ExtType(5, b"x")),
        msgpack.packb(msgpack.Timestamp(1, 2)),
    ],
    ids=[
        "nothing",
        "reserved byte",
        "words",
        "not a map",
        "cut off",
        "trailing byte",
        "key that is a number",
        "value that is not UTF-8",
        "type that is not UTF-8",
        "deep lists",
        "deep maps",
        "list without end",
        "map without end",
        "bytes without end",
        "extension",
        "timestamp",
    ],
)
def test_what_is_not_a_map_of_ours_is_malformed(data: bytes) -> None:
    """Broken msgpack, and msgpack that is no map with text keys, closes the connection and does nothing else."""
    with pytest.raises(MalformedMessageError):
        scanner_decoder().decode(data)


@pytest.mark.parametrize(
    "table",
    [{}, {"type": None}, {"type": 5}, {"type": ["scan"]}, {"type": "nonsense"}, {"type": "hello"}, {"type": "SCAN"}],
    ids=str,
)
def test_type_that_this_side_does_not_receive_is_unknown(table: dict[str, object]) -> None:
    """A missing or foreign type is refused, also one that the other side receives."""
    with pytest.raises(UnknownMessageError):
        scanner_decoder().decode(msgpack.packb(table))


@pytest.mark.parametrize("kind", [{"kettle": 1}, ["kettle"], b"kettle", 5], ids=str)
def test_type_that_is_no_text_is_not_repeated(kind: object) -> None:
    """Only a text may stand in the error."""
    with pytest.raises(UnknownMessageError, match="no text"):
        scanner_decoder().decode(msgpack.packb({"type": kind}))


def test_type_of_many_lists_is_unknown() -> None:
    """One that is nested too deep for Python to write it down ends in the same error."""
    with pytest.raises(UnknownMessageError):
        scanner_decoder().decode(b"\x81\xa4type" + b"\x91" * 1000 + b"\x90")


def test_type_that_is_long_is_cut() -> None:
    """The error stays one short line."""
    with pytest.raises(UnknownMessageError) as caught:
        scanner_decoder().decode(msgpack.packb({"type": "k" * 100_000}))
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "change",
    [
        {"scan_id": ""},
        {"scan_id": "x" * 65},
        {"scan_id": "a\nb"},
        {"scan_id": b"s"},
        {"scan_id": 5},
        {"attempt": 0},
        {"attempt": 1001},
        {"attempt": True},
        {"attempt": 1.0},
        {"attempt": "1"},
        {"attempt": 2**64 - 1},
        {"left_ms": float("nan")},
        {"left_ms": float("inf")},
        {"left_ms": -1.0},
        {"left_ms": "8000"},
        {"left_ms": 1e300},
        {"lane": "express"},
        {"frames": 0},
        {"frames": limits.MAX_FRAMES + 1},
        {"frame_size": limits.MAX_FRAME_SIZE + 1},
        {"frame_size": None},
        {"extra": 1},
    ],
    ids=str,
)
def test_field_outside_its_bounds_is_malformed(change: dict[str, object]) -> None:
    """Every field has a type and a range, and no field is unknown."""
    with pytest.raises(MalformedMessageError):
        scanner_decoder().decode(msgpack.packb(SCAN | change))


@pytest.mark.parametrize("name", [name for name in SCAN if name != "type"])
def test_missing_field_is_malformed(name: str) -> None:
    """No field has a silent default."""
    table = {key: value for key, value in SCAN.items() if key != name}
    with pytest.raises(MalformedMessageError, match=name):
        scanner_decoder().decode(msgpack.packb(table))


def test_key_that_comes_twice_is_harmless() -> None:
    """A map with a repeated key cannot smuggle a value past the check: the value that counts is the one checked."""
    packed = msgpack.packb(SCAN)
    twice = bytes([packed[0] + 1]) + packed[1:] + msgpack.packb("frames") + msgpack.packb(99)
    with pytest.raises(MalformedMessageError, match="frames"):
        scanner_decoder().decode(twice)


def test_message_of_the_largest_size_is_read() -> None:
    """The largest frame fits into a message."""
    frame = Frame("s", 0, bytes(limits.MAX_FRAME_SIZE**2 * 3))
    assert scanner_decoder().decode(encode(frame)) == frame


def test_scores_of_the_largest_scan_fit_into_a_message() -> None:
    """A result with all frames and all terms is within the size that either side may send."""
    scores = bytes(4 * limits.MAX_FRAMES * limits.MAX_TERMS)
    result = Result("s", 1, limits.MAX_FRAMES, limits.MAX_TERMS, scores, 0.0, 0.0, 0.0)
    assert coordinator_decoder().decode(encode(result)) == result


def test_longer_message_is_oversized() -> None:
    """One byte more than allowed is not even looked at."""
    with pytest.raises(OversizedMessageError):
        scanner_decoder().decode(bytes(limits.MAX_MESSAGE_BYTES + 1))


def test_fault_does_not_repeat_the_value() -> None:
    """What a peer sent never gets into a log by way of the error."""
    with pytest.raises(MalformedMessageError) as caught:
        scanner_decoder().decode(msgpack.packb(SCAN | {"lane": "kettle"}))
    assert "kettle" not in str(caught.value)


@pytest.mark.parametrize("name", ["kettle\x1b[31m", b"kettle", "kettle" * 20_000], ids=["text", "bytes", "long"])
def test_fault_of_an_unknown_field_does_not_repeat_its_name(name: str | bytes) -> None:
    """The name is the peer's as well, also of a field within another; the error says where it stands."""
    with pytest.raises(MalformedMessageError, match=r"^malformed scan: message: ") as caught:
        scanner_decoder().decode(msgpack.packb(SCAN | {name: 1}))
    assert "kettle" not in str(caught.value)
    hello = msgpack.unpackb(encode(Hello("peer 0", "one", "cpu", "cpu", (ServedModel("m", "f", 224),), 8)))
    hello["models"][0][name] = 1
    with pytest.raises(MalformedMessageError, match=r"^malformed hello: models\.0: ") as caught:
        coordinator_decoder().decode(msgpack.packb(hello))
    assert "kettle" not in str(caught.value)


def test_pixels_come_back_as_bytes_of_their_own() -> None:
    """Pixels are bytes, not a view that keeps a whole network buffer alive."""
    frame = scanner_decoder().decode(encode(Frame("s", 0, b"\x01\x02")))
    assert isinstance(frame, Frame)
    assert type(frame.pixels) is bytes


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x07b", "a\nb", "a\u202eb"])
def test_wire_hello_with_a_bad_name_is_refused(name: str) -> None:
    """At most 100 characters, none of which controls anything: the admin page shows them."""
    hello = Hello("peer 0", name, "cpu", "cpu", (), 8)
    coordinator_decoder().decode(encode(replace(hello, name="x" * 100)))
    with pytest.raises(MalformedMessageError):
        coordinator_decoder().decode(encode(hello))
