"""Scores as they are stored."""

from __future__ import annotations

import struct

import pytest

from coordinator.ledger.verdicts import pack, unpack


def test_verdicts_pack_is_float32_little_endian() -> None:
    """Scores are kept as float32, little-endian, row by row, whatever the machine."""
    assert pack([(0.5, -1.0), (0.25, 1.0)]) == struct.pack("<4f", 0.5, -1.0, 0.25, 1.0)


def test_verdicts_unpack_picks_columns() -> None:
    """Wanted columns come back in the wanted order."""
    data = pack([(0.1, 0.2, 0.3), (0.4, 0.5, 0.6)])
    rows = unpack(data, 3, (2, 0))
    assert [list(row) for row in rows] == [pytest.approx([0.3, 0.1]), pytest.approx([0.6, 0.4])]
