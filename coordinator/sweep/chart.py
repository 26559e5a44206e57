"""Histograms of margins as a picture, a panel for each part. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from coordinator.sweep.canvas import BLACK, GREY, LINE_PX, RED, Canvas, text_width_px
from coordinator.sweep.histogram import BINS, FIRST, Histogram, low_of

BAR_PX = 16
MARGIN_PX = 24
PANEL_PX = 180
BARS_PX = 110

TICKS = 5
"""Bins between two numbers below the bars."""


def chart(histograms: Mapping[str, Histogram]) -> bytes:
    """Return a PNG: the bars of margins that are over a threshold are red."""
    canvas = Canvas(2 * MARGIN_PX + BINS * BAR_PX, MARGIN_PX + len(histograms) * PANEL_PX)
    for number, (name, histogram) in enumerate(histograms.items()):
        _panel(canvas, MARGIN_PX // 2 + number * PANEL_PX, name, histogram)
    return canvas.png()


def _panel(canvas: Canvas, top: int, name: str, histogram: Histogram) -> None:
    canvas.write(MARGIN_PX, top, f"{name}: margin to the threshold")
    most = max(histogram.counts)
    canvas.write(MARGIN_PX, top + LINE_PX, f"highest bar: {most}")
    base = top + 3 * LINE_PX + BARS_PX
    for place, count in enumerate(histogram.counts):
        left = MARGIN_PX + place * BAR_PX
        # What is there at all can be seen.
        height = max(1, round(count / most * BARS_PX)) if count else 0
        canvas.box(left + 1, base - height, left + BAR_PX - 1, base, RED if low_of(place) >= 0 else GREY)
        if place % TICKS == 0:
            text = f"{low_of(place):+.2f}"
            canvas.write(left - text_width_px(text) // 2, base + LINE_PX // 2, text)
    canvas.box(MARGIN_PX, base, MARGIN_PX + BINS * BAR_PX, base + 1, BLACK)
    zero = MARGIN_PX + round(-FIRST / (low_of(1) - low_of(0))) * BAR_PX
    canvas.box(zero, top + 3 * LINE_PX, zero + 1, base, BLACK)
