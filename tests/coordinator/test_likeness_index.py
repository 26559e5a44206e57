"""The nearest of many PDQs."""

from __future__ import annotations

import random

import pytest

from coordinator.likeness_index import LikenessIndex, Near

COUNT = 300_000
"""More than are compared at once, twice over."""

PDQS = random.Random(7).randbytes(32 * COUNT)


def pdq(number: int) -> bytes:
    """Return one of them."""
    return PDQS[32 * number : 32 * number + 32]


def changed(data: bytes, *bits: int) -> bytes:
    """Return a PDQ in which some bits are others."""
    return (int.from_bytes(data, "big") ^ sum(1 << bit for bit in bits)).to_bytes(32, "big")


@pytest.mark.parametrize("number", [0, 131_071, 131_072, COUNT - 1])
def test_index_finds_the_nearest(number: int) -> None:
    """A PDQ is found by one of which some bits differ, wherever it stands; how many is said."""
    index = LikenessIndex(PDQS)
    bits = random.Random(number).sample(range(256), 31)
    assert len(index) == COUNT
    assert index.nearest(changed(pdq(number), *bits), within=31) == Near(pdq(number), 31)
    assert index.nearest(pdq(number), within=0) == Near(pdq(number), 0)


def test_index_finds_none_beyond_the_distance() -> None:
    """One bit more than allowed is no copy."""
    index = LikenessIndex(PDQS)
    assert index.nearest(changed(pdq(5), *range(32)), within=31) is None
    assert LikenessIndex().nearest(pdq(5), within=256) is None


def test_index_prefers_the_nearer_one() -> None:
    """Of two that are near, the nearer one is told, whichever comes first; of two as near, the first."""
    near, nearer = changed(pdq(0), 1, 2, 3), changed(pdq(0), 200)
    for order in ((near, nearer), (nearer, near)):
        assert LikenessIndex(b"".join(order)).nearest(pdq(0), within=31) == Near(nearer, 1)
    twins = changed(pdq(0), 9), changed(pdq(0), 8)
    assert LikenessIndex(b"".join(twins)).nearest(pdq(0), within=31) == Near(twins[0], 1)


def test_index_extended() -> None:
    """An index grows by making another one."""
    index = LikenessIndex(pdq(0))
    longer = index.extended(pdq(1) + pdq(2))
    assert (len(index), len(longer)) == (1, 3)
    assert [longer.nearest(pdq(number), within=0) is not None for number in range(4)] == [True, True, True, False]


def test_index_of_half_a_pdq() -> None:
    """What is no whole number of PDQs is refused."""
    with pytest.raises(ValueError, match="33 bytes"):
        LikenessIndex(bytes(33))
