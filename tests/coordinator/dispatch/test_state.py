"""What is remembered and measured."""

from __future__ import annotations

import pytest

from coordinator.dispatch.state import (
    LINK_BYTES_PER_S_PRIOR,
    MIN_SILENCE_S,
    SECONDS_PER_FRAME_PRIOR,
    SILENCE_FACTOR,
    SILENCE_FRAMES,
    SPEED_FRAMES,
    Phase,
    PushState,
    ScannerState,
)
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import FRAME, make_push, make_scan, make_scanner


def test_scanner_counts_what_is_in_flight() -> None:
    """Frames by lane and bytes on the line go up and down with the pushes."""
    scanner = make_scanner(capacity=8)
    live, sweep = make_push("live", frames=2), make_push("sweep", lane=Lane.SWEEP, frames=3)
    scanner.add(live)
    scanner.add(sweep)
    assert (scanner.frames_in_flight, scanner.live_in_flight, scanner.unreceived_bytes) == (5, 2, 5 * FRAME)
    assert (scanner.room, scanner.sweep_room, scanner.is_idle) == (3, 1, False)
    scanner.note_received(live, 1.0)
    scanner.remove(live, 1.0)
    scanner.remove(sweep, 2.0)
    assert (scanner.frames_in_flight, scanner.live_in_flight, scanner.unreceived_bytes) == (0, 0, 0)
    assert (scanner.idle_since_s, scanner.is_idle) == (2.0, True)


def test_scanner_with_less_capacity_than_in_flight_has_no_room() -> None:
    """Room is never negative."""
    scanner = make_scanner(capacity=8)
    scanner.add(make_push(frames=4))
    scanner.capacity = 2
    assert (scanner.room, scanner.sweep_room) == (0, 0)


@pytest.mark.parametrize(("capacity", "sweeps"), [(0, 0), (1, 1), (2, 1), (9, 4)])
def test_scanner_gives_sweeps_half(capacity: int, sweeps: int) -> None:
    """Half of the capacity, one at least, and none of a scanner that is paused."""
    assert make_scanner(capacity=capacity).capacity_for(Lane.SWEEP) == sweeps


@pytest.mark.parametrize(
    ("phase", "capacity", "is_late", "is_present"),
    [
        (Phase.READY, 1, False, True),
        (Phase.WARMING, 1, False, False),
        (Phase.DRAINING, 1, False, False),
        (Phase.READY, 0, False, False),
        (Phase.READY, 1, True, False),
    ],
)
def test_scanner_is_present(phase: Phase, capacity: int, is_late: bool, is_present: bool) -> None:
    """Ready, neither paused nor silent."""
    scanner = make_scanner(capacity=capacity)
    scanner.phase, scanner.is_late = phase, is_late
    assert scanner.is_present is is_present


def test_scanner_without_work_is_never_late() -> None:
    """Silence counts while there is something to do."""
    scanner = make_scanner()
    assert scanner.late_at_s == float("inf")
    scanner.add(make_push(pushed_s=3.0))
    scanner.unreceived_bytes = 0
    assert scanner.late_at_s == 3.0 + MIN_SILENCE_S


def test_scanner_gets_time_for_its_line() -> None:
    """While frames are on their way, the line's time is added."""
    scanner = make_scanner(link_bytes_per_s=1.0 * FRAME)
    scanner.add(make_push(frames=4))
    assert scanner.silence_allowed_s == pytest.approx(MIN_SILENCE_S + 4.0)


def test_scanner_that_is_slow_as_a_rule_gets_longer() -> None:
    """The 95th percentile of its gaps, and half as much again."""
    scanner = make_scanner()
    now = 0.0
    for gap in [1.0] * 18 + [4.0] * 2:
        now += gap
        scanner.add(make_push(str(now), pushed_s=now))
        scanner.note_sign(now)
    assert scanner.usual_gap_s == 4.0
    scanner.unreceived_bytes = 0
    assert scanner.silence_allowed_s == SILENCE_FACTOR * 4.0


def test_scanner_that_is_slow_gets_longer_from_the_start() -> None:
    """One that computes a frame in two seconds is not late after two seconds."""
    scanner = make_scanner(seconds_per_frame=2.0)
    assert scanner.silence_allowed_s == SILENCE_FRAMES * 2.0


def test_scanner_that_gives_a_sign_is_not_late() -> None:
    """A sign of progress ends lateness, and so does having nothing to do."""
    scanner = make_scanner()
    push = make_push()
    scanner.add(push)
    scanner.is_late = True
    scanner.note_sign(1.0)
    assert not scanner.is_late
    scanner.is_late = True
    scanner.remove(push, 2.0)
    assert not scanner.is_late


def test_first_push_after_idleness_starts_the_silence() -> None:
    """Nothing is expected of an idle scanner; a further push does not excuse it."""
    scanner = make_scanner()
    scanner.add(make_push("a", pushed_s=5.0))
    scanner.add(make_push("b", pushed_s=6.0))
    assert scanner.last_sign_s == 5.0


def test_line_is_measured_by_what_arrives() -> None:
    """Bytes over the time since the push, or since what came before it had arrived."""
    scanner = make_scanner(link_bytes_per_s=LINK_BYTES_PER_S_PRIOR)
    for number in range(100):
        push = make_push(str(number), pushed_s=0.0)
        scanner.add(push)
        scanner.note_received(push, 0.5 * (number + 1))
    assert scanner.link_bytes_per_s == pytest.approx(2 * FRAME, rel=1e-3)
    assert scanner.unreceived_bytes == 0


def test_speed_is_measured_over_a_batch() -> None:
    """Results of one batch come at one time: they count together."""
    scanner = make_scanner()
    for number in range(8):
        push = make_push(str(number))
        scanner.note_received(push, 1.0)
        scanner.note_result(push, 3.0)
    assert scanner.seconds_per_frame == pytest.approx(2.0 / 8)


def test_speed_does_not_count_idleness() -> None:
    """Time without work is not time per frame."""
    scanner = make_scanner()
    first, second = make_push("a"), make_push("b", pushed_s=100.0)
    scanner.note_result(first, 1.0)
    scanner.note_received(second, 100.0)
    scanner.note_result(second, 101.0)
    assert scanner.seconds_per_frame == pytest.approx(1.0)


def test_speed_follows_the_last_frames() -> None:
    """A scanner that slows down is known as slow after some frames."""
    scanner = make_scanner()
    now = 0.0
    for seconds in [0.1] * 100 + [1.0] * 4 * SPEED_FRAMES:
        push = make_push(str(now), pushed_s=now)
        now += seconds
        scanner.note_result(push, now)
    assert scanner.seconds_per_frame == pytest.approx(1.0, rel=0.05)


def test_speed_is_never_nothing() -> None:
    """A result without any time does not make a scanner infinitely fast."""
    scanner = make_scanner()
    scanner.note_result(make_push(pushed_s=1.0), 1.0)
    assert scanner.seconds_per_frame == 1e-6


def test_speed_is_believed_until_measured() -> None:
    """What a scanner says counts before its first result; nothing said changes nothing."""
    scanner = ScannerState(1, "one", 8, 0.0)
    scanner.note_speed(0.0)
    assert scanner.seconds_per_frame == SECONDS_PER_FRAME_PRIOR
    scanner.note_speed(50.0)
    assert scanner.seconds_per_frame == 0.02
    scanner.note_result(make_push(), 1.0)
    scanner.note_speed(50.0)
    assert scanner.seconds_per_frame == 1.0


def test_scan_begins_an_attempt() -> None:
    """Attempts are counted, and whoever had one is remembered with the story."""
    scan, scanner = make_scan(frames=4), make_scanner(7)
    assert scan.is_waiting
    assert scan.begin(scanner, 3, 2.0) == PushState("a", 1, Lane.LIVE, 3, 3 * FRAME, 2.0)
    assert (scan.on, scan.tried, scan.is_waiting) == ({7: 1}, {"scanner7"}, False)
    assert list(scan.story) == ["2.000 attempt 1: 3 frames to scanner7"]


def test_scan_order_is_by_deadline() -> None:
    """Earliest deadline first, then first come."""
    scans = [
        make_scan("c", submitted_s=1.0, deadline_s=9.0),
        make_scan("b", submitted_s=0.0, deadline_s=9.0),
        make_scan("a", submitted_s=2.0, deadline_s=5.0),
    ]
    assert [scan.scan for scan in sorted(scans, key=lambda scan: scan.order)] == ["a", "b", "c"]
