"""The least busy scanner."""

from __future__ import annotations

import pytest

from coordinator.dispatch.choice import (
    ADMISSION_SHARE,
    MARGIN_S,
    MARGIN_SHARE,
    busyness,
    frames_before,
    least_busy,
    room_for,
    useful_s,
)
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import FRAME, make_push, make_scan, make_scanner


def test_busyness_of_idle_scanner_is_line_and_model() -> None:
    """Bytes over the line, then frames through the model; fewest in flight and longest idle follow."""
    scanner = make_scanner(seconds_per_frame=0.2, link_bytes_per_s=2.0 * FRAME, idle_since_s=3.0)
    key = busyness(scanner, make_scan(frames=2), ahead=0, seconds=8.0)
    assert key is not None
    assert key[1] == pytest.approx(2 * 0.5 + 2 * 0.2)
    assert (key[0], *key[2:]) == (-2, 0, 3.0)


def test_busyness_overlaps_the_line_with_the_model() -> None:
    """While the frames arrive, the model works off what it has: the longer of both counts."""
    scanner = make_scanner(seconds_per_frame=0.2, link_bytes_per_s=2.0 * FRAME)
    push = make_push(frames=4)
    scanner.add(push)
    scanner.note_received(push, 1e9)
    scanner.link_bytes_per_s = 2.0 * FRAME
    key = busyness(scanner, make_scan("b"), ahead=0, seconds=8.0)
    assert key is not None
    assert key[1] == pytest.approx(max(0.5, 4 * 0.2) + 0.2)


def test_busyness_counts_what_waits_ahead() -> None:
    """Frames that wait for the same scanner come first, on the line and in the model."""
    scanner = make_scanner(seconds_per_frame=0.2, link_bytes_per_s=2.0 * FRAME)
    key = busyness(scanner, make_scan(), ahead=4, seconds=8.0)
    assert key is not None
    assert key[1] == pytest.approx(5 * 0.5 + 0.2)


def test_busyness_is_none_when_not_one_look_fits() -> None:
    """A look that takes longer than what is left is not had, unless the scanner is idle: only a result tells."""
    scanner = make_scanner(seconds_per_frame=2.0)
    assert busyness(scanner, make_scan(), ahead=1, seconds=1.9) is None
    assert busyness(scanner, make_scan(), ahead=0, seconds=0.0) is None
    tried = busyness(scanner, make_scan(frames=8), ahead=0, seconds=1.9)
    assert tried is not None
    assert tried[0] == -1


def test_busyness_gives_as_many_looks_as_fit() -> None:
    """Fewer looks when time is short."""
    key = busyness(make_scanner(seconds_per_frame=1.0), make_scan(frames=16), ahead=0, seconds=3.5)
    assert key is not None
    assert key[0] == -3


def test_busyness_gives_no_more_looks_than_allotted() -> None:
    """A scan may have fewer looks than it asked for, because others wait."""
    scan = make_scan(frames=16)
    scan.looks = 5
    key = busyness(make_scanner(capacity=64), scan, ahead=0, seconds=8.0)
    assert key is not None
    assert key[0] == -5


def test_busyness_gives_no_more_looks_than_capacity() -> None:
    """A small scanner looks at what it can hold; sweeps at half of that."""
    for lane, looks in ((Lane.LIVE, 8), (Lane.SWEEP, 4)):
        key = busyness(make_scanner(capacity=8), make_scan(lane=lane, frames=16), ahead=0, seconds=8.0)
        assert key is not None
        assert key[0] == -looks


def test_busyness_of_live_scan_passes_over_sweeps() -> None:
    """The engine takes live first: sweep work delays a sweep only."""
    scanner = make_scanner(seconds_per_frame=0.5)
    scanner.add(make_push("sweep", lane=Lane.SWEEP, frames=4))
    live = busyness(scanner, make_scan(), ahead=0, seconds=8.0)
    sweep = busyness(scanner, make_scan(lane=Lane.SWEEP), ahead=0, seconds=8.0)
    assert live is not None
    assert sweep is not None
    assert live[1] == pytest.approx(0.5, abs=1e-3)
    assert sweep[1] == pytest.approx(2.5, abs=1e-3)


def test_useful_time_keeps_a_margin() -> None:
    """Estimates are wrong at times: a share of the time left and a little more stay free."""
    assert useful_s(make_scan(deadline_s=8.0), 2.0) == pytest.approx(6.0 * (1 - MARGIN_SHARE) - MARGIN_S)


def test_room_for_sweeps_is_half() -> None:
    """Half of a scanner stays free for people who wait."""
    scanner = make_scanner(capacity=8)
    assert (room_for(scanner, Lane.LIVE), room_for(scanner, Lane.SWEEP)) == (8, 4)


def test_least_busy_takes_the_earliest_finish() -> None:
    """A fast scanner with work may finish before a slow one without."""
    fast, slow = make_scanner(1, seconds_per_frame=0.1), make_scanner(2, seconds_per_frame=1.0)
    fast.add(make_push(frames=5))
    choice = least_busy(make_scan("b"), [slow, fast], waiting={}, now=0.0)
    assert choice is not None
    assert (choice.scanner, choice.frames) == (fast, 1)


def test_least_busy_weighs_the_line() -> None:
    """The same machine behind a slow line finishes later."""
    near, far = make_scanner(1), make_scanner(2, link_bytes_per_s=1.0 * FRAME)
    choice = least_busy(make_scan(), [far, near], waiting={}, now=0.0)
    assert choice is not None
    assert choice.scanner is near


def test_least_busy_breaks_ties_by_fewest_in_flight() -> None:
    """Equal finish: sweeps do not delay a live scan, but the scanner without any is taken."""
    busy, idle = make_scanner(1), make_scanner(2)
    busy.add(make_push("sweep", lane=Lane.SWEEP))
    busy.unreceived_bytes = 0
    choice = least_busy(make_scan(), [busy, idle], waiting={}, now=0.0)
    assert choice is not None
    assert choice.scanner is idle


def test_least_busy_breaks_ties_by_longest_idle() -> None:
    """Equal in everything else: whoever has been idle longest."""
    later, earlier = make_scanner(1, idle_since_s=5.0), make_scanner(2, idle_since_s=1.0)
    choice = least_busy(make_scan(), [later, earlier], waiting={}, now=6.0)
    assert choice is not None
    assert choice.scanner is earlier


def test_least_busy_prefers_more_looks() -> None:
    """A scanner that can do all looks in time goes before one that is sooner through with fewer."""
    small, large = make_scanner(1, capacity=2), make_scanner(2, capacity=16, seconds_per_frame=0.2)
    choice = least_busy(make_scan(frames=16), [small, large], waiting={}, now=0.0)
    assert choice is not None
    assert (choice.scanner, choice.frames) == (large, 16)


def test_least_busy_counts_more_urgent_scans() -> None:
    """A scanner for which others wait is as busy as if it had them."""
    wanted, other = make_scanner(1, seconds_per_frame=0.1), make_scanner(2, seconds_per_frame=0.4)
    choice = least_busy(make_scan(), [wanted, other], waiting={1: 8}, now=0.0)
    assert choice is not None
    assert choice.scanner is other


def test_least_busy_of_none_in_time_is_none() -> None:
    """When not one look fits anywhere behind what waits, nobody is chosen."""
    slow = make_scanner(seconds_per_frame=1.0)
    assert least_busy(make_scan(deadline_s=0.2), [slow], waiting={slow.generation: 1}, now=0.0) is None
    assert least_busy(make_scan(), [], waiting={}, now=0.0) is None


def test_frames_before_a_deadline_add_up() -> None:
    """All scanners share what waits; what they have is taken off."""
    one, two = make_scanner(1, seconds_per_frame=0.1), make_scanner(2, seconds_per_frame=0.2)
    one.add(make_push(frames=3))
    scan = make_scan("b", submitted_s=0.0, deadline_s=8.0)
    assert frames_before(scan, [one, two], 2.0) == 60 + 30 - 3


def test_frames_before_a_deadline_keep_a_margin_for_new_scans() -> None:
    """A new scan is taken on with the margin; one that was taken on is judged without."""
    scan = make_scan(submitted_s=0.0, deadline_s=8.0)
    scanner = make_scanner(seconds_per_frame=0.1)
    assert frames_before(scan, [scanner], 0.0) == int(useful_s(scan, 0.0, share=ADMISSION_SHARE) / 0.1)


def test_frames_before_a_deadline_are_limited_by_the_line() -> None:
    """A model that is faster than its line is as fast as the line."""
    scan = make_scan(submitted_s=0.0, deadline_s=10.0)
    assert frames_before(scan, [make_scanner(seconds_per_frame=0.001, link_bytes_per_s=2.0 * FRAME)], 2.0) == 16


def test_frames_before_a_deadline_count_sweeps_for_sweeps_only() -> None:
    """A live scan waits for live frames, a sweep for all."""
    scanner = make_scanner(seconds_per_frame=0.1)
    scanner.add(make_push("sweep", lane=Lane.SWEEP, frames=4))
    live = frames_before(make_scan(deadline_s=2.0), [scanner], 1.0)
    sweep = frames_before(make_scan(lane=Lane.SWEEP, deadline_s=2.0), [scanner], 1.0)
    assert live - sweep == 4


def test_frames_before_a_deadline_are_none_when_it_is_too_late() -> None:
    """When it is too late there are none, however many scanners there are; before that idle ones are tried with one."""
    scanners = [make_scanner(number, seconds_per_frame=1.0) for number in range(20)]
    assert frames_before(make_scan(deadline_s=2.0), scanners, 2.0) == 0
    assert frames_before(make_scan(deadline_s=2.0), scanners, 1.5) == len(scanners)
