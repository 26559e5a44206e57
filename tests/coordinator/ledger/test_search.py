"""Find pictures by the beginning of their hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.search import MOST_FOUND, is_beginning
from coordinator.ledger.times import now


async def test_search_finds_what_begins_so(tmp_path: Path) -> None:
    """Odd and even numbers of digits, in order, bounded; nothing that only resembles it."""
    hashes = [f"{number:02x}".rjust(10, "a") + "0" * 54 for number in range(MOST_FOUND + 5)]
    async with Ledger(tmp_path / "ledger.sqlite") as ledger:
        await ledger.decisions.decide(*(Decided(one, Decision.BLOCK, "", now()) for one in hashes))
        assert await ledger.find("a" * 8) == tuple(hashes[:MOST_FOUND])
        assert await ledger.find("a" * 8 + "0") == tuple(hashes[:16])
        assert await ledger.find(hashes[3]) == (hashes[3],)
        assert await ledger.find("b" * 8) == ()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a" * 8, True), ("A" * 64, True), ("a" * 7, False), ("a" * 65, False), ("g" * 8, False), ("", False)],
)
def test_search_knows_a_beginning(text: str, is_one: bool) -> None:
    """8 to 64 digits in hex."""
    assert is_beginning(text) is is_one
