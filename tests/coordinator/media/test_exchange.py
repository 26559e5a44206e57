"""What a limited process says about one upload."""

from __future__ import annotations

import pytest

from coordinator.media.errors import CutTimedOut, MediaError, NoPlace, Reason, TooCostly, Unreadable, Unsupported
from coordinator.media.exchange import Exchange
from coordinator.media.looks import MAX_LOOKS, PDQ_BYTES, Likeness, Look, LookKind
from coordinator.media.pipe import Alike, Done, Fault, Frame, Head, Nonsense, Ready, Reply
from coordinator.media.sniff import Format

SIZE = 2
PIXELS = bytes(SIZE * SIZE * 3)
HEAD = Head(Format.GIF, 30, 20)
DONE = Done(Fault.NONE, None, False, 1500)


def told(*replies: Reply) -> Exchange:
    """Return an exchange in which a process said all this, each frame with its pixels."""
    exchange = Exchange(SIZE)
    for reply in replies:
        if exchange.follow(reply):
            exchange.add(PIXELS)
    return exchange


def test_result_with_its_likeness() -> None:
    """A likeness that was asked for comes after the head, once, and stands in the cut."""
    exchange = Exchange(SIZE, likeness=True)
    assert exchange.follow(HEAD) == 0
    assert exchange.follow(Alike(77)) == PDQ_BYTES
    exchange.add(bytes(range(PDQ_BYTES)))
    with pytest.raises(Nonsense):
        exchange.follow(Alike(77))
    assert exchange.follow(moment(0, 0)) == len(PIXELS)
    exchange.add(PIXELS)
    exchange.follow(DONE)
    assert exchange.result().likeness == Likeness(bytes(range(PDQ_BYTES)), 77)


@pytest.mark.parametrize("before", [(), (HEAD,)])
def test_likeness_out_of_turn_is_nonsense(before: tuple[Reply, ...]) -> None:
    """A likeness before the head, or one that nobody asked for, is nonsense."""
    exchange = Exchange(SIZE, likeness=not before)
    for reply in before:
        exchange.follow(reply)
    with pytest.raises(Nonsense):
        exchange.follow(Alike(1))


def moment(at_ms: int, rank: int) -> Frame:
    """Return the announcement of a moment."""
    return Frame(Look(LookKind.MOMENT, at_ms), rank)


def test_result_is_ordered_by_value() -> None:
    """Frames come as they are cut, and leave as they are worth."""
    cut = told(HEAD, moment(0, 0), moment(50, 9), moment(99, 4), DONE).result()
    assert [look.at_ms for look in cut.looks] == [0, 99, 50]
    assert (cut.format, cut.width, cut.height, cut.partial, cut.decode_ms) == ("gif", 30, 20, False, 1.5)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.UNREADABLE, Unreadable), (Fault.UNSUPPORTED, Unsupported), (Fault.TOO_COSTLY, TooCostly)],
)
def test_result_of_fault_is_its_error(fault: Fault, error: type[MediaError]) -> None:
    """A fault without a frame is an error of its own kind."""
    with pytest.raises(error) as caught:
        told(Done(fault, Reason.MEMORY, False, 0)).result()
    assert caught.value.reason is Reason.MEMORY


def test_result_of_fault_after_frames_is_partial() -> None:
    """What was cut before a limit, or before damage, is kept."""
    done = Done(Fault.UNREADABLE, Reason.DOES_NOT_DECODE, False, 0)
    assert told(HEAD, moment(0, 0), done).result().partial


@pytest.mark.parametrize("reason", [Reason.PROCESSOR, Reason.MEMORY, Reason.WALL_TIME, Reason.DEADLINE])
def test_broken_off_by_limit_keeps_frames(reason: Reason) -> None:
    """Frames that were whole when a limit ended the process are kept."""
    cut = told(HEAD, moment(0, 0)).broken_off(reason, after_s=4.0)
    assert (cut.partial, cut.decode_ms) == (True, 4000.0)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.PROCESSOR, TooCostly),
        (Reason.MEMORY, TooCostly),
        (Reason.WALL_TIME, CutTimedOut),
        (Reason.DEADLINE, CutTimedOut),
        (Reason.CLOSED, NoPlace),
        (Reason.CRASHED, Unreadable),
        (Reason.NONSENSE, Unreadable),
    ],
)
def test_broken_off_without_frames_is_an_error(reason: Reason, error: type[MediaError]) -> None:
    """Without a frame the reason decides which error it is."""
    with pytest.raises(error):
        told(HEAD).broken_off(reason, after_s=1.0)


@pytest.mark.parametrize("reason", [Reason.CRASHED, Reason.NONSENSE, Reason.CLOSED])
def test_broken_off_by_crash_keeps_nothing(reason: Reason) -> None:
    """Nothing that a crashed or lying process said counts."""
    with pytest.raises(MediaError):
        told(HEAD, moment(0, 0)).broken_off(reason, after_s=1.0)


@pytest.mark.parametrize(
    "replies",
    [
        (moment(0, 0),),
        (HEAD, HEAD),
        (HEAD, DONE),
        (DONE,),
        (Ready(0),),
        (HEAD, *[moment(0, 0)] * (MAX_LOOKS + 1)),
        (HEAD, moment(0, 0), DONE, DONE),
        (HEAD, moment(0, 0), DONE, HEAD),
    ],
)
def test_out_of_turn_is_nonsense(replies: tuple[Reply, ...]) -> None:
    """Messages that may not come now are not believed."""
    with pytest.raises(Nonsense):
        told(*replies)


def test_repr_has_no_pixels() -> None:
    """What is printed of an exchange says how far it is."""
    assert repr(told(HEAD, moment(0, 0))) == "<Exchange under way, 1 frames>"
    assert repr(told(HEAD, moment(0, 0), DONE)) == "<Exchange ended, 1 frames>"
