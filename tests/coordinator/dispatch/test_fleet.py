"""Who is there."""

from __future__ import annotations

from coordinator.dispatch.fleet import RETURN_GRACE_S, Fleet
from coordinator.dispatch.state import MIN_SILENCE_S, Phase, ScannerState
from tests.coordinator.dispatch.fleets import make_push, make_scan


def make_fleet(*names: str) -> Fleet:
    """Return a fleet of ready scanners, with generations from 1, that expects nobody else."""
    fleet = Fleet(-RETURN_GRACE_S)
    for generation, name in enumerate(names, 1):
        fleet.join(generation, name, 8, 0.0)
        fleet.note_ready(generation)
    return fleet


def names(fleet: Fleet, now: float) -> list[str]:
    """Return who may be pushed to."""
    return [scanner.scanner for scanner in fleet.usable(now)]


def set_aside(fleet: Fleet, scanner: ScannerState, now: float) -> None:
    """Let a scanner fail until it is set aside."""
    for number in range(3):
        fleet.note_fault(scanner, "internal", now + number, now + number)


def test_scanner_is_usable_once_ready() -> None:
    """Joined is not ready; ready is not for ever; neither is heard of strangers."""
    fleet = Fleet(0.0)
    assert fleet.join(1, "one", 8, 0.0) == []
    assert names(fleet, 0.0) == []
    fleet.note_ready(1)
    assert names(fleet, 0.0) == ["one"]
    fleet.note_draining(1)
    fleet.note_ready(1)
    assert names(fleet, 0.0) == []
    fleet.note_ready(9)
    fleet.note_draining(9)
    fleet.note_load(9, 1, 1.0)
    assert list(fleet.scanners) == [1]


def test_join_returns_older_connections() -> None:
    """The same scanner again: its old connection must go."""
    fleet = make_fleet("one", "two")
    assert [old.generation for old in fleet.join(3, "one", 8, 0.0)] == [1]


def test_load_changes_capacity_and_speed() -> None:
    """A paused scanner is not usable."""
    fleet = make_fleet("one")
    fleet.note_load(1, 0, 4.0)
    assert names(fleet, 0.0) == []
    assert fleet.scanners[1].seconds_per_frame == 0.25


def test_reserved_room_is_left() -> None:
    """Frames of an admin's trial count as in flight until it is over; those of a scanner that left do not matter."""
    fleet = make_fleet("one")
    scanner = fleet.scanners[1]
    scanner.add(make_push(frames=6))
    fleet.note_reserved(1, 1)
    assert (scanner.room, scanner.frames_in_flight) == (1, 6)
    fleet.note_reserved(9, 1)
    fleet.note_reserved(1, 0)
    assert scanner.room == 2


def test_lost_scanner_is_expected_back() -> None:
    """A ready scanner that leaves may be back within the grace; one that drained is not expected."""
    fleet = make_fleet("one", "two")
    scan = make_scan()
    fleet.note_draining(2)
    assert fleet.lose(fleet.scanners[2], 10.0) == []
    assert fleet.may_take(scan, 10.0)
    assert fleet.lose(fleet.scanners[1], 20.0) == []
    assert fleet.may_take(scan, 20.0 + RETURN_GRACE_S - 0.1)
    assert not fleet.may_take(scan, 20.0 + RETURN_GRACE_S)
    assert fleet.faults.record("one") is None


def test_scanner_lost_with_work_is_at_fault() -> None:
    """What it had is handed back, and it is on trial when it comes again."""
    fleet = make_fleet("one")
    push = make_push()
    fleet.scanners[1].add(push)
    assert fleet.lose(fleet.scanners[1], 10.0) == [push]
    assert fleet.faults.is_on_trial("one")


def test_push_is_found_by_its_attempt_only() -> None:
    """Old attempts, other scans and other connections are nobody's."""
    fleet = make_fleet("one", "two")
    push = make_push()
    fleet.scanners[1].add(push)
    assert fleet.push_of(1, "a", 1) == (fleet.scanners[1], push)
    assert fleet.push_of(1, "a", 2) is None
    assert fleet.push_of(1, "b", 1) is None
    assert fleet.push_of(2, "a", 1) is None
    assert fleet.push_of(9, "a", 1) is None


def test_scanner_set_aside_is_passed_over() -> None:
    """While there is any other; a scan may wait for one that is busy."""
    fleet = make_fleet("one", "two")
    set_aside(fleet, fleet.scanners[1], 10.0)
    assert names(fleet, 12.5) == ["two"]
    fleet.note_draining(2)
    assert names(fleet, 12.5) == ["one"]


def test_scanner_on_trial_gets_one_scan_at_a_time() -> None:
    """After a fault, until there is a result."""
    fleet = make_fleet("one", "two")
    fleet.note_fault(fleet.scanners[1], "internal", 1.0, 1.0)
    assert names(fleet, 1.0) == ["one", "two"]
    fleet.scanners[1].add(make_push())
    assert names(fleet, 1.0) == ["two"]
    fleet.faults.forgive("one")
    assert names(fleet, 1.0) == ["one", "two"]


def test_scan_may_wait_for_a_scanner_that_it_has_not_tried() -> None:
    """Being there is enough, room or not; having failed is not."""
    fleet = make_fleet("one")
    scan = make_scan()
    assert fleet.may_take(scan, 10.0)
    scan.tried.add("one")
    assert not fleet.may_take(scan, 10.0)


def test_silent_scanner_is_late_once() -> None:
    """Noticed once, at fault, and expected to come to its senses before long."""
    fleet = make_fleet("one", "two")
    fleet.scanners[1].link_bytes_per_s = 1e12
    fleet.scanners[1].add(make_push(pushed_s=10.0))
    late_s = fleet.next_change_s(10.0)
    assert 10.0 + MIN_SILENCE_S <= late_s < 10.1 + MIN_SILENCE_S
    assert list(fleet.take_late(late_s - 0.01)) == []
    assert list(fleet.take_late(late_s)) == [fleet.scanners[1]]
    assert list(fleet.take_late(late_s)) == []
    record = fleet.faults.record("one")
    assert record is not None
    assert record.reason == "silent for 1.5 s"
    assert fleet.expected_until_s == late_s + RETURN_GRACE_S
    assert fleet.next_change_s(late_s) == float("inf")


def test_next_change_is_the_next_trial() -> None:
    """The owner wakes up when a scanner may be tried again."""
    fleet = make_fleet("one", "two")
    set_aside(fleet, fleet.scanners[1], 10.0)
    assert fleet.next_change_s(12.0) == 17.0


def test_scanner_that_is_warming_is_not_usable() -> None:
    """A connection alone is not a scanner."""
    fleet = make_fleet("one")
    fleet.scanners[1].phase = Phase.WARMING
    assert names(fleet, 0.0) == []
