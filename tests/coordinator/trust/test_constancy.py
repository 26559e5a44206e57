"""Scanners that say the same whatever they are shown."""

from __future__ import annotations

import pytest

from coordinator.trust.constancy import SAMPLE_BYTES, Constancy, are_unlike, sample_of

DARK, GREY, BRIGHT = (sample_of(bytes([shade]) * (224 * 224 * 3)) for shade in (0, 10, 255))
ROW, OTHER = (0.1, 0.2), (0.1, 0.3)


@pytest.mark.parametrize("size", [16, 64, 224, 336, 512])
def test_sample_is_small_and_from_all_over(size: int) -> None:
    """All three colours and many lines and columns of the frame are in it, whatever its size."""
    numbers = range(size * size * 3)
    indices = sample_of(bytes(number % 251 for number in numbers))
    assert SAMPLE_BYTES // 2 <= len(indices) <= 2 * SAMPLE_BYTES
    step = next(step for step in range(1, 100_000) if len(numbers[::step]) == len(indices) and step % 2 and step % 3)
    assert len({number % 3 for number in numbers[::step]}) == 3
    assert len({number // 3 % size for number in numbers[::step]}) > min(size, SAMPLE_BYTES) // 4


def test_sample_of_a_tiny_frame_is_all_of_it() -> None:
    """Fewer bytes than a sample has."""
    assert sample_of(b"abc") == b"abc"


def test_frames_are_unlike_when_they_differ_much() -> None:
    """A little noise, or a small thing in a corner, makes no other picture."""
    assert are_unlike(DARK, BRIGHT)
    assert not are_unlike(DARK, GREY)


def test_same_scores_of_unlike_frames_of_one_scan_are_a_fault() -> None:
    """Exactly the same, with every term."""
    assert Constancy().finds_fault([DARK, BRIGHT], [ROW, ROW])
    assert not Constancy().finds_fault([DARK, BRIGHT], [ROW, OTHER])
    assert not Constancy().finds_fault([DARK, GREY], [ROW, ROW])


def test_same_scores_of_unlike_frames_of_two_scans_are_a_fault() -> None:
    """A scan of one frame is compared with the one before it."""
    constancy = Constancy()
    assert not constancy.finds_fault([DARK], [ROW])
    assert constancy.finds_fault([BRIGHT], [ROW])
    assert not constancy.finds_fault([DARK], [OTHER])


def test_single_term_says_nothing() -> None:
    """One similarity may be the same by chance."""
    assert not Constancy().finds_fault([DARK, BRIGHT], [(0.1,), (0.1,)])
