"""What a pass goes through, said at its begin."""

from __future__ import annotations

import pytest

from coordinator.sweep.session import listing_of
from coordinator.sweep.state import Run
from tests.coordinator.sweep.doubles import Store

FIRST = Run(1, began_s=1_800_000_000.0, since_s=None)
LATER = Run(2, began_s=1_800_000_600.0, since_s=1_800_000_000.0)
RESUMED = Run(2, began_s=1_800_000_600.0, since_s=1_800_000_000.0, is_resumed=True)
SINCE = "since 2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("run", "newest_first", "tells_time", "listing"),
    [
        (FIRST, False, False, "everything"),
        (FIRST, True, True, "everything"),
        (LATER, True, True, "the newest, down to what is known"),
        (RESUMED, True, True, f"what came {SINCE}"),
        (LATER, False, True, f"what came {SINCE}"),
        (LATER, False, False, f"all names, for what changed {SINCE}"),
    ],
)
def test_listing_is_as_long_as_it_is_said_to_be(run: Run, newest_first: bool, tells_time: bool, listing: str) -> None:
    """A store whose places tell no time is listed whole, and the words say so."""
    store = Store()
    store.is_newest_first, store.tells_time = newest_first, tells_time
    assert listing_of(store, run, until_known=run is not FIRST) == listing
