"""A pass over a source: nothing twice, nothing skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.sweep.errors import SourceAwayError, SourceError
from coordinator.sweep.look import FETCH_TRIES, Settled
from coordinator.sweep.run import Pass
from coordinator.sweep.state import State
from coordinator.sweep.tally import Tally
from tests.coordinator.sweep.doubles import Asked, Store, make_look, unreadable


def files(count: int) -> dict[str, bytes]:
    """Return files of which every seventh is bad."""
    return {f"f{number}": b"bad%d" % number if number % 7 == 0 else b"%d" % number for number in range(count)}


def make_pass(store: Store, state: State, tally: Tally, settled: list[Settled]) -> Pass:
    """Return a pass with few at once."""
    return Pass(
        source=store,
        state=state,
        look=make_look(store, Asked()),
        tally=tally,
        on_settled=settled.append,
        at_once=5,
        first_pause_s=0.001,
    )


async def go(store: Store, state: State, *, until_known: bool = False) -> tuple[Tally, list[Settled]]:
    """Make one pass."""
    tally, settled = Tally(), list[Settled]()
    run = await state.begin(since_s=None)
    tally.resume(await state.counts(run))
    await make_pass(store, state, tally, settled).go(run, until_known=until_known)
    return tally, settled


async def test_pass_settles_every_file_once(tmp_path: Path) -> None:
    """All files of the listing are settled, and counted by what they are."""
    async with State(tmp_path / "state") as state:
        tally, settled = await go(Store(**files(100)), state)
    assert (tally.done, tally.found, tally.failed) == (100, 15, 0)
    assert len({one.row.place for one in settled}) == len(settled) == 100


async def test_pass_goes_on_where_a_listing_broke_off(tmp_path: Path) -> None:
    """After a fault the listing begins anew, and what was settled or is on its way is passed over."""
    store = Store(**files(60))
    items = [store.item(place) for place in files(60)]
    store.pages = [items[:30], SourceAwayError("throttled"), items[:45], SourceAwayError("throttled"), items]
    async with State(tmp_path / "state") as state:
        tally, settled = await go(store, state)
    assert (tally.done, len(settled)) == (60, 60)


async def test_pass_tries_again_at_its_end_what_failed(tmp_path: Path) -> None:
    """A file that failed is tried once more, and counted as what it turned out to be."""
    store = Store(a=b"good")
    store.faults = unreadable(FETCH_TRIES)
    async with State(tmp_path / "state") as state:
        tally, _ = await go(store, state)
    assert (tally.done, tally.failed, tally.outcomes["clean"]) == (1, 0, 1)


async def test_pass_over_what_is_newest_first_ends_at_what_is_known(tmp_path: Path) -> None:
    """It reads pages up to the first that brings nothing new; a run that was broken off reads all of them."""
    store = Store(**files(9))
    store.is_newest_first = True
    items = [store.item(place) for place in files(9)]
    async with State(tmp_path / "state") as state:
        store.pages = [items[3:6], items[6:]]
        await go(store, state)
        store.pages = [items[:3], items[3:6], items[6:]]
        tally, _ = await go(store, state, until_known=True)
        assert (tally.done, len(store.pages)) == (6, 1)


async def test_pass_over_a_store_that_is_not_there_ends(tmp_path: Path) -> None:
    """What an admin has to act on ends the pass; it is not over, and goes on later."""
    store = Store(a=b"good")
    store.pages = [SourceError("no such bucket")]
    async with State(tmp_path / "state") as state:
        with pytest.raises(ExceptionGroup):
            await go(store, state)
        tally, _ = await go(store, state)
        assert tally.done == 1
        last = await state.last_complete()
        assert last is not None
        assert last.id == 1
