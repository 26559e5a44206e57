"""Frames drawn from nothing have the statistics of photographs."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.photographs import draw_photographs


def test_frames_are_the_same_each_time() -> None:
    """A reference that was computed once counts for later runs."""
    np.testing.assert_array_equal(draw_photographs(2, 64, seed=5), draw_photographs(2, 64, seed=5))


def test_frames_differ() -> None:
    """Each frame, and each seed, shows something else."""
    first, second = draw_photographs(2, 64, seed=5)
    assert (first != second).mean() > 0.9
    assert (first != draw_photographs(1, 64, seed=6)[0]).mean() > 0.9


@pytest.mark.parametrize("size", [16, 64, 224])
def test_frames_have_the_shape_that_is_asked_for(size: int) -> None:
    """Any size that a model may want is drawn."""
    frames = draw_photographs(2, size, seed=1)
    assert frames.shape == (2, size, size, 3)
    assert frames.dtype == np.uint8


def test_amplitude_falls_with_frequency_as_in_photographs() -> None:
    """The spectrum of brightness falls about as one over the frequency: noise would give 0, a plain area nothing."""
    grey = draw_photographs(8, 224, seed=1).mean(axis=3)
    amplitude = np.abs(np.fft.fft2(grey - grey.mean(axis=(1, 2), keepdims=True))).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(224)[:, None], np.fft.fftfreq(224)[None, :])
    inside = (frequency > 0.02) & (frequency < 0.3)
    slope = np.polyfit(np.log(frequency[inside]), np.log(amplitude[inside]), 1)[0]
    assert -1.5 < slope < -0.6


def test_neighbours_and_channels_are_alike() -> None:
    """Neighbouring pixels are closely related, and colours mostly move together."""
    frames = draw_photographs(8, 224, seed=1).astype(np.float64)
    left, right = frames[:, :, :-1].ravel(), frames[:, :, 1:].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.85
    red, green = (frames[..., index].ravel() for index in (0, 1))
    assert np.corrcoef(red, green)[0, 1] > 0.5
