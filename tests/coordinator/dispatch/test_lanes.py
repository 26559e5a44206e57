"""The queues."""

from __future__ import annotations

from coordinator.dispatch.lanes import LaneLimits, Queue, make_queues
from shared.messages import Lane
from tests.coordinator.dispatch.fleets import FRAME, make_scan


def test_queue_is_in_the_order_of_deadlines() -> None:
    """Earliest deadline first, whatever the order of coming."""
    queue = Queue(LaneLimits())
    for scan, deadline_s in (("b", 5.0), ("c", 9.0), ("a", 1.0)):
        queue.add(make_scan(scan, deadline_s=deadline_s))
    assert [scan.scan for scan in queue] == ["a", "b", "c"]
    assert queue.last().scan == "c"


def test_queue_counts_frames_and_bytes() -> None:
    """Counts go up and down with the scans; what is not there is not taken out twice."""
    queue = Queue(LaneLimits())
    one, two = make_scan("a", frames=3), make_scan("b", frames=2)
    queue.add(one)
    queue.add(two)
    assert (len(queue), queue.frames, queue.size_bytes) == (2, 5, 5 * FRAME)
    assert one in queue
    queue.discard(one)
    queue.discard(one)
    assert (len(queue), queue.frames, queue.size_bytes) == (1, 2, 2 * FRAME)
    assert one not in queue


def test_queue_is_bounded_in_scans() -> None:
    """No more than so many wait."""
    queue = Queue(LaneLimits(scans=1))
    assert queue.has_room_for(make_scan("a"))
    queue.add(make_scan("a"))
    assert not queue.has_room_for(make_scan("b"))


def test_queue_is_bounded_in_bytes() -> None:
    """What waits is held in memory."""
    queue = Queue(LaneLimits(size_bytes=3 * FRAME))
    queue.add(make_scan("a", frames=2))
    assert queue.has_room_for(make_scan("b", frames=1))
    assert not queue.has_room_for(make_scan("b", frames=2))


def test_share_is_everything_while_all_fits() -> None:
    """With time for all looks, nobody gets fewer."""
    queue = Queue(LaneLimits())
    scan = make_scan("a", frames=16)
    queue.add(scan)
    assert queue.share(scan, 16) == 16


def test_share_is_fair_when_not_all_fits() -> None:
    """One look for each, and the same part of the others for all; the sum is never more than there is."""
    queue = Queue(LaneLimits())
    scans = [make_scan("a", frames=16), make_scan("b", frames=1), make_scan("c", frames=9)]
    for scan in scans:
        queue.add(scan)
    assert [queue.share(scan, 15) for scan in scans] == [8, 1, 5]
    for frames in range(3, 26):
        assert sum(queue.share(scan, frames) for scan in scans) <= frames
    assert [queue.share(scan, 0) for scan in scans] == [1, 1, 1]


def test_queues_are_in_the_order_of_urgency() -> None:
    """Live goes first."""
    assert list(make_queues(LaneLimits())) == [Lane.LIVE, Lane.SWEEP]
