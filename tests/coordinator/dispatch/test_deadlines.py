"""When to look after what."""

from __future__ import annotations

from coordinator.dispatch.deadlines import SPARE, Deadlines


def test_deadlines_come_in_order() -> None:
    """The earliest first, once its time has come."""
    scans = {"a", "b"}
    deadlines = Deadlines(scans)
    deadlines.add(2.0, "b", open_scans=1)
    deadlines.add(1.0, "a", open_scans=2)
    assert deadlines.next_s == 1.0
    assert deadlines.take_due(0.9) is None
    assert deadlines.take_due(2.0) == "a"
    assert deadlines.take_due(2.0) == "b"
    assert deadlines.take_due(2.0) is None
    assert deadlines.next_s == float("inf")


def test_deadlines_of_scans_that_are_gone_do_not_ring() -> None:
    """Nobody is woken for a scan that is settled; any of the holders may have it."""
    scans, late = {"a", "b"}, {"c"}
    deadlines = Deadlines(scans, late)
    for at_s, scan in ((1.0, "a"), (2.0, "b"), (3.0, "c")):
        deadlines.add(at_s, scan, open_scans=3)
    scans.clear()
    assert deadlines.next_s == 3.0
    assert len(deadlines) == 1


def test_deadlines_of_scans_that_are_gone_do_not_pile_up() -> None:
    """Far deadlines of settled scans are thrown out when there are many."""
    scans = {"first", "last"}
    deadlines = Deadlines(scans)
    deadlines.add(0.5, "first", open_scans=1)
    for number in range(10 * SPARE):
        deadlines.add(1e9, f"gone{number}", open_scans=2)
        assert len(deadlines) <= SPARE + 5
    deadlines.add(1.0, "last", open_scans=2)
    assert deadlines.take_due(2.0) == "first"
    assert deadlines.take_due(2.0) == "last"
