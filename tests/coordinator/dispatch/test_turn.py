"""One walk along a queue."""

from __future__ import annotations

from coordinator.dispatch.choice import Choice
from coordinator.dispatch.turn import Turn
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import make_push, make_scan, make_scanner


def test_turn_is_over_when_nobody_is_free() -> None:
    """A scanner without room is no candidate for a push, but one to wait for."""
    scanner = make_scanner(capacity=1)
    scanner.add(make_push())
    turn = Turn(Lane.LIVE, [scanner])
    assert turn.is_over
    assert turn.candidates(make_scan("b")) == [scanner]
    assert not turn.has_room(Choice(scanner, 1))


def test_turn_offers_only_scanners_that_a_scan_has_not_tried() -> None:
    """Never to the same one."""
    one, two = make_scanner(1), make_scanner(2)
    scan = make_scan()
    scan.tried.add("scanner1")
    turn = Turn(Lane.LIVE, [one, two])
    assert turn.candidates(scan) == [two]
    assert turn.has_free([two])
    turn.wait_for(Choice(two, 1))
    assert not turn.has_free([two])
    assert turn.has_free([two, one])


def test_turn_keeps_room_for_a_larger_scan() -> None:
    """Less urgent scans must not take the room for which a larger one waits."""
    scanner = make_scanner(capacity=8)
    scanner.add(make_push(frames=4))
    turn = Turn(Lane.LIVE, [scanner])
    assert not turn.has_room(Choice(scanner, 8))
    turn.wait_for(Choice(scanner, 8))
    assert not turn.has_room(Choice(scanner, 1))
    turn.wait_for(Choice(scanner, 1))
    assert turn.waiting == {1: 9}
    assert turn.is_over


def test_turn_takes_out_who_has_no_room_left() -> None:
    """It stays one to wait for."""
    scanner = make_scanner(capacity=2)
    turn = Turn(Lane.LIVE, [scanner])
    scanner.add(make_push("a"))
    turn.note_push(scanner, takes_more=True)
    assert turn.has_room(Choice(scanner, 1))
    scanner.add(make_push("b"))
    turn.note_push(scanner, takes_more=True)
    assert turn.is_over
    assert turn.scanners == [scanner]


def test_turn_takes_out_who_gets_one_scan_at_a_time() -> None:
    """A scanner on trial is no candidate any more."""
    scanner = make_scanner()
    turn = Turn(Lane.LIVE, [scanner])
    scanner.add(make_push())
    turn.note_push(scanner, takes_more=False)
    assert turn.is_over
    assert turn.scanners == []
