"""Histograms of margins."""

from __future__ import annotations

import io

from PIL import Image

from coordinator.sweep.canvas import RED, Canvas
from coordinator.sweep.chart import chart
from coordinator.sweep.histogram import BINS, FIRST, LAST, Histogram, low_of


def test_histogram_puts_the_threshold_below() -> None:
    """A margin of 0 is not over the threshold; anything more is. What is far away is in the outermost bins."""
    histogram = Histogram()
    for margin in (0.0, 1e-4, -2.0, 2.0):
        histogram.add(margin)
    zero = next(place for place in range(BINS) if low_of(place) == 0)
    assert [place for place, count in enumerate(histogram.counts) if count] == [0, zero - 1, zero, BINS - 1]
    assert (low_of(0), low_of(BINS)) == (FIRST, LAST)


def test_histogram_shows_every_bin_between_the_outermost() -> None:
    """A line for each bin; those above the threshold are marked, and what is there at all has a bar."""
    histogram = Histogram()
    for margin in [-0.055] * 1000 + [0.015]:
        histogram.add(margin)
    lines = list(histogram.lines())
    assert len(lines) == 8
    assert lines[0].endswith("1000")
    assert lines[-1] == " +0.02 | ▏ 1"
    assert "|" not in lines[0]


def test_chart_is_a_picture() -> None:
    """It opens as a PNG of the expected size, with something red for what is over the threshold."""
    histogram = Histogram()
    histogram.add(0.05)
    picture = Image.open(io.BytesIO(chart({"minor": histogram, "explicit": Histogram()}))).convert("RGB")
    colours = {colour for _, colour in picture.getcolors() or []}
    assert (0xC0, 0x30, 0x30) in colours
    assert picture.width > 500


def test_canvas_cuts_off_what_is_outside() -> None:
    """Boxes and words beyond the edge are cut off."""
    canvas = Canvas(10, 10)
    canvas.box(-5, -5, 50, 5, RED)
    canvas.write(8, 8, "W?")
    picture = Image.open(io.BytesIO(canvas.png())).convert("RGB")
    assert picture.size == (10, 10)
    assert picture.getpixel((0, 0)) == (0xC0, 0x30, 0x30)
    assert picture.getpixel((0, 9)) == (255, 255, 255)
