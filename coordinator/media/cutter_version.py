"""Which frames are cut of the same bytes."""

from __future__ import annotations

CUTTER_VERSION = "1"
"""Raised whenever the same bytes give other frames than before: verdicts are remembered for one version only."""
