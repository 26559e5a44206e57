"""What goes through the pipes of a limited process."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.media.errors import Reason
from coordinator.media.limits import MAX_SIDE_PX, Limits
from coordinator.media.looks import Look, LookKind, Views
from coordinator.media.pipe import (
    MAX_AT_MS,
    MAX_FRAME_SIDE,
    MAX_QUALITY,
    REPLY_BYTES,
    REQUEST_BYTES,
    SETUP_BYTES,
    Alike,
    Done,
    Fault,
    Frame,
    Head,
    Nonsense,
    Ready,
    Reply,
    Request,
    Setup,
    parse_reply,
)
from coordinator.media.sniff import Format
from tests.coordinator.media.test_limits import MOST

SIDES = st.integers(1, MAX_SIDE_PX)
LOOKS = st.builds(
    Look, st.sampled_from(LookKind), at_ms=st.none() | st.integers(0, MAX_AT_MS), over_black=st.booleans()
)
REPLIES = st.one_of(
    st.builds(Ready, st.integers(0, 2**32 - 1)),
    st.builds(Head, st.sampled_from(Format), SIDES, SIDES),
    st.builds(Alike, st.integers(0, MAX_QUALITY)),
    st.builds(Frame, LOOKS, st.integers(0, 255)),
    st.builds(Done, st.just(Fault.NONE), st.none(), st.booleans(), st.integers(0, 2**32 - 1)),
    st.builds(
        Done,
        st.sampled_from([Fault.UNREADABLE, Fault.UNSUPPORTED, Fault.TOO_COSTLY]),
        st.sampled_from(Reason),
        st.booleans(),
        st.integers(0, 2**32 - 1),
    ),
)


@given(REPLIES)
def test_reply_comes_back(reply: Reply) -> None:
    """Every reply is of the fixed length, and reads as what was written."""
    assert len(reply.pack()) == REPLY_BYTES
    assert parse_reply(reply.pack()) == reply


@given(st.binary(min_size=REPLY_BYTES, max_size=REPLY_BYTES))
def test_reply_of_any_bytes_is_known_or_nonsense(data: bytes) -> None:
    """Whatever a process writes is a message within its ranges, or Nonsense, and nothing else is raised."""
    with contextlib.suppress(Nonsense):
        assert parse_reply(parse_reply(data).pack()) == parse_reply(data)


@pytest.mark.parametrize(
    "reply",
    [
        Head(Format.PNG, 0, 1),
        Head(Format.PNG, 1, MAX_SIDE_PX + 1),
        Alike(MAX_QUALITY + 1),
        Frame(Look(LookKind.MOMENT, MAX_AT_MS + 1), 0),
        Done(Fault.UNREADABLE, None, False, 0),
        Done(Fault.NONE, Reason.CRASHED, False, 0),
    ],
)
def test_reply_out_of_range_is_nonsense(reply: Reply) -> None:
    """A reply beyond its ranges is not believed."""
    with pytest.raises(Nonsense):
        parse_reply(reply.pack())


@given(
    st.builds(
        Request,
        st.sampled_from(Format),
        st.sampled_from(Views),
        st.integers(1, MAX_FRAME_SIDE),
        st.integers(0, 2**40),
        st.floats(0, 1e6),
        st.booleans(),
    )
)
def test_request_comes_back(request: Request) -> None:
    """A request is of the fixed length, and reads as what was written."""
    assert len(request.pack()) == REQUEST_BYTES
    assert Request.unpack(request.pack()) == request


def test_setup_comes_back() -> None:
    """The bounds of a process arrive there as they are."""
    setup = Setup(4711, Limits(side_px=1, still_px=2, total_px=3, address_bytes=4, cpu_s=0.5, wall_s=6.25, uploads=7))
    assert len(setup.pack()) == SETUP_BYTES
    assert Setup.unpack(setup.pack()) == setup
    assert Setup.unpack(replace(setup, likeness=True).pack()).likeness


def test_setup_with_the_largest_limits_comes_back() -> None:
    """There is room for every limit."""
    setup = Setup(2**22, MOST)
    assert Setup.unpack(setup.pack()) == setup


@pytest.mark.parametrize("length", [0, SETUP_BYTES - 1, SETUP_BYTES, REQUEST_BYTES])
def test_setup_and_request_of_other_bytes_are_nonsense(length: int) -> None:
    """Bytes without the mark, or of another length, are neither."""
    for parse in (Setup.unpack, Request.unpack):
        with pytest.raises(Nonsense):
            parse(bytes(length))


def test_setup_without_bounds_is_nonsense() -> None:
    """Bounds of nothing are not bounds."""
    with pytest.raises(Nonsense):
        Setup.unpack(b"fwS1" + bytes(SETUP_BYTES - 4))


def test_request_out_of_range_is_nonsense() -> None:
    """A format or a size that there is not is refused."""
    good = Request(Format.PNG, Views.ALL, 224, 10, 1.0).pack()
    for at, value in ((4, 9), (5, 99), (6, 255)):
        bad = bytearray(good)
        bad[at] = value
        with pytest.raises(Nonsense):
            Request.unpack(bytes(bad))
