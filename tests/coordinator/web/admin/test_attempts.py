"""How many wrong tokens one address may send."""

from __future__ import annotations

from ipaddress import ip_address

from coordinator.web.admin.attempts import MOST_PLACES, MOST_WRONG, WITHIN_S, Attempts

HERE, THERE = ip_address("203.0.113.7"), ip_address("198.51.100.1")


def test_attempts_wait_after_too_many() -> None:
    """Ten in a minute are allowed; the next waits until the first of them is a minute old."""
    attempts = Attempts()
    for number in range(MOST_WRONG):
        assert attempts.wait_s(HERE, float(number)) == 0.0
        attempts.note_wrong(HERE, float(number))
    assert attempts.wait_s(HERE, 20.0) == WITHIN_S - 20.0
    assert attempts.wait_s(HERE, WITHIN_S) == 0.0
    assert attempts.wait_s(THERE, 20.0) == 0.0


def test_attempts_one_customer_of_ipv6_is_one_place() -> None:
    """All addresses of a /64 count together; those of another do not."""
    attempts = Attempts()
    for number in range(MOST_WRONG):
        attempts.note_wrong(ip_address(f"2001:db8::{number + 1:x}"), 0.0)
    assert attempts.wait_s(ip_address("2001:db8::ffff"), 1.0) > 0
    assert attempts.wait_s(ip_address("2001:db8:0:1::1"), 1.0) == 0.0


def test_attempts_are_bounded_in_memory() -> None:
    """The address that was wrong longest ago is forgotten first."""
    attempts = Attempts()
    for _ in range(MOST_WRONG):
        attempts.note_wrong(HERE, 0.0)
    for number in range(MOST_PLACES):
        attempts.note_wrong(ip_address(number), 1.0)
    assert len(attempts._wrong) == MOST_PLACES
    assert attempts.wait_s(HERE, 1.0) == 0.0


def test_attempts_from_nowhere_count_together() -> None:
    """A request without an address is not free."""
    attempts = Attempts()
    for _ in range(MOST_WRONG):
        attempts.note_wrong(None, 0.0)
    assert attempts.wait_s(None, 0.0) == WITHIN_S
