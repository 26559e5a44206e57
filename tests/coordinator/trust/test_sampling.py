"""Which scans, and which of their frames, are looked at twice."""

from __future__ import annotations

from random import Random

from coordinator.trust.sampling import Sampler, chosen_frames


def test_sampler_wants_one_in_a_hundred() -> None:
    """Of 100,000 clean scans about 1,000."""
    sampler = Sampler(Random(1).random)
    assert 900 < sum(sampler.wants(flagged=False) for _ in range(100_000)) < 1100


def test_sampler_wants_all_that_are_flagged() -> None:
    """Whatever is drawn."""
    sampler = Sampler(lambda: 0.99)
    assert sampler.wants(flagged=True)
    assert not sampler.wants(flagged=False)


def test_chosen_frames_begin_with_the_decisive_one() -> None:
    """Two at most, each once."""
    assert chosen_frames(1, 0) == (0,)
    assert chosen_frames(8, 5) == (5, 0)
    assert chosen_frames(8, 0) == (0, 1)
