"""The hostile corpus, with a fixed seed, as CI runs it; `make fuzz N=…` runs more."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import SEED
from tests.fuzz.corpus import corpus, mutated
from tests.fuzz.crafted import crafted
from tests.fuzz.run import run
from tests.fuzz.samples import samples

COUNT = 2000


def test_corpus_is_the_same_for_the_same_seed() -> None:
    """A failure can be made again from its number and the seed, and another seed gives other files."""
    assert mutated(500, 1) == mutated(500, 1)
    assert mutated(500, 1) != mutated(500, 2)
    names = [name for name, _ in corpus(len(crafted()) + 60, SEED)]
    assert len(names) == len(set(names)) == len(crafted()) + 60


def test_corpus_mutates_every_sample() -> None:
    """Every format is among the mutations."""
    names = [name for name, _ in corpus(len(crafted()) + len(samples()), SEED)][len(crafted()) :]
    assert {name.split(" ", 1)[1].split(":")[0] for name in names} == set(samples())


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_hostile_corpus_breaks_no_promise() -> None:
    """Every hostile file is answered in time, only limited processes end, and memory is back."""
    report = await run(COUNT, SEED)
    assert report.faults == []
    assert report.outcomes.total() == COUNT
    assert report.outcomes["cut"] > COUNT // 10
    assert sum(number for outcome, number in report.outcomes.items() if outcome.startswith("Unreadable")) > COUNT // 10
