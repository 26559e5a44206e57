"""Orders, and how they are written down."""

from __future__ import annotations

import pytest

from scanner.manners.order import Order


@pytest.mark.parametrize("order", [Order(1.5, True, 9.25), Order(1.5, True), Order(1.5, False)])
def test_order_is_read_as_it_was_written(order: Order) -> None:
    """Nothing is lost on the way through the file."""
    assert Order.decode(order.encode()) == order


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"pause": true}',
        '{"given_s": 1, "pause": 1, "until_s": null}',
        '{"given_s": "1", "pause": true, "until_s": null}',
        '{"given_s": null, "pause": true, "until_s": null}',
        '{"given_s": 1, "pause": true, "until_s": true}',
        '{"given_s": 1, "pause": true, "until_s": NaN}',
        '{"given_s": 1, "pause": true, "until_s": 1e300}',
        '{"given_s": -1, "pause": true, "until_s": null}',
        '{"given_s": 1, "pause": true, "until_s": null, "more": 1}',
    ],
)
def test_order_that_is_something_else_is_refused(text: str) -> None:
    """Whatever stands in the file, nothing but an order is taken for one."""
    with pytest.raises(ValueError, match=r"not an order|Expecting"):
        Order.decode(text)


def test_pause_holds_until_it_runs_out() -> None:
    """The last moment is before the end."""
    assert Order(0, True, 10).holds(9.999)
    assert not Order(0, True, 10).holds(10)


def test_pause_without_an_end_holds_for_ever() -> None:
    """It ends with the next order only."""
    assert Order(0, True).holds(1e12)


def test_end_of_a_pause_holds_nothing() -> None:
    """Work is no pause."""
    assert not Order(0, False).holds(0)
