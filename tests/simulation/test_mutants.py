"""The checker is checked: every deliberate fault is found."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.play import Play

MOST_SEEDS = 2000


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name: str) -> None:
    """A machine with a fault breaks a promise within 2,000 seeds."""
    assert any(Play(seed, make=MUTANTS[name]).run().fault for seed in range(MOST_SEEDS))


def test_mutants_are_ten_at_least() -> None:
    """The table is as long as was promised."""
    assert len(MUTANTS) >= 10
