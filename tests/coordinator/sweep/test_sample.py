"""Some files of many."""

from __future__ import annotations

from coordinator.sweep.item import Item
from coordinator.sweep.sample import Sample


def test_sample_does_not_depend_on_the_order() -> None:
    """The same files are chosen whatever the order of the listing and whatever other files come to it."""
    items = [Item(b"%d" % number) for number in range(1000)]
    one, other = Sample(50), Sample(50)
    one.add(items)
    other.add(reversed(items))
    assert one.chosen() == other.chosen()
    assert len({item.place for item in one.chosen()}) == 50
    more = Sample(50)
    more.add([*items, Item(b"new")])
    assert len({item.place for item in more.chosen()} & {item.place for item in one.chosen()}) >= 49


def test_sample_of_few_is_all() -> None:
    """Where there are fewer files than wanted, all are chosen."""
    sample = Sample(5)
    sample.add([Item(b"a"), Item(b"b")])
    assert [item.place for item in sample.chosen()] == [b"a", b"b"]
