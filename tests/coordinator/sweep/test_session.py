"""What a pass goes through, said at its begin."""

from __future__ import annotations

import pytest

from coordinator.sweep.session import listing_of
from coordinator.sweep.state import Run
from tests.coordinator.sweep.doubles import Store

FIRST = Run(1, began_s=1_800_000_000.0, since_s=None)
LATER = Run(2, began_s=1_800_000_600.0, since_s=1_800_000_000.0)
SINCE = "since 2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("run", "tells_time", "listing"),
    [
        (FIRST, False, "everything"),
        (FIRST, True, "everything"),
        (LATER, True, f"what came {SINCE}"),
        (LATER, False, f"all names, for what changed {SINCE}"),
    ],
)
def test_listing_is_as_long_as_it_is_said_to_be(run: Run, tells_time: bool, listing: str) -> None:
    """A store whose places tell no time is listed whole, and the words say so."""
    store = Store()
    store.tells_time = tells_time
    assert listing_of(store, run) == listing
