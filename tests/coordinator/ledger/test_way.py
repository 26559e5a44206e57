"""What makes two ways of looking the same."""

from __future__ import annotations

from dataclasses import replace

from coordinator.ledger.way import Way
from tests.coordinator.ledger.making import OTHER_POLICY, WAY


def test_way_policy_is_not_part_of_how_scores_are_made() -> None:
    """Ways that differ in their policy only share their scores; any other difference keeps them apart."""
    assert OTHER_POLICY.digest == WAY.digest
    assert OTHER_POLICY.policy_digest != WAY.policy_digest
    different = [
        replace(WAY, views="x"),
        replace(WAY, cutter_version="x"),
        replace(WAY, frame_size=1),
        replace(WAY, model="x"),
        replace(WAY, weights_fingerprint="x"),
    ]
    assert len({WAY.digest, *(way.digest for way in different)}) == 6


def test_way_columns_in_other_scores() -> None:
    """Terms are found among those of other scores whatever their order; None when one is missing."""
    assert OTHER_POLICY.columns_in(WAY.terms_digest) == (2, 0)
    assert WAY.columns_in(OTHER_POLICY.terms_digest) is None
    assert WAY.columns_in(WAY.terms_digest) == (0, 1, 2)


def test_way_repr_holds_no_term() -> None:
    """A way can be logged: its terms do not stand in it."""
    way: Way = replace(WAY, terms=("a peculiar label",))
    assert "peculiar" not in repr(way)
