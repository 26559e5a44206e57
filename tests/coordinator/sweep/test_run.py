"""A pass over a source: nothing twice, nothing skipped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from coordinator.judge.outcomes import Answer
from coordinator.sweep.errors import SourceAwayError, SourceError
from coordinator.sweep.item import Item
from coordinator.sweep.look import FETCH_TRIES, Settled
from coordinator.sweep.removal import StoreRemoval
from coordinator.sweep.row import Action, Row
from coordinator.sweep.run import Pass
from coordinator.sweep.sources.folder import Folder
from coordinator.sweep.sources.source import BATCH, Source
from coordinator.sweep.state import State
from coordinator.sweep.tally import Tally
from tests.coordinator.sweep.doubles import Asked, Store, make_look, unreadable
from tests.coordinator.sweep.unlistable import Deep


def files(count: int) -> dict[str, bytes]:
    """Return files of which every seventh is bad."""
    return {f"f{number}": b"bad%d" % number if number % 7 == 0 else b"%d" % number for number in range(count)}


def make_pass(
    store: Source, state: State, tally: Tally, settled: list[Settled], *, purges: bool, asked: Asked | None = None
) -> Pass:
    """Return a pass with few at once."""
    return Pass(
        source=store,
        state=state,
        look=make_look(store, asked or Asked(), removal=StoreRemoval(store), purges=purges),
        tally=tally,
        on_settled=settled.append,
        at_once=5,
        first_pause_s=0.001,
    )


async def go(
    store: Source,
    state: State,
    *,
    purges: bool = False,
    asked: Asked | None = None,
    since_s: float | None = None,
) -> tuple[Tally, list[Settled]]:
    """Make one pass, which takes up what earlier ones left."""
    tally, settled = Tally(), list[Settled]()
    run = await state.begin(since_s=since_s)
    tally.resume(await state.counts(run))
    work = make_pass(store, state, tally, settled, purges=purges, asked=asked)
    await work.go(run, of_earlier_runs=True, purges=purges)
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


async def test_pass_tries_again_what_failed_in_an_earlier_one(tmp_path: Path) -> None:
    """A file that failed for good is tried again by the next pass, although its listing does not show it."""
    store = Store(a=b"bad", b=b"good")
    store.faults = unreadable(2 * FETCH_TRIES)
    store.pages = [[store.item("a")]]
    async with State(tmp_path / "state") as state:
        tally, _ = await go(store, state)
        assert tally.failed == 1
        store.pages = [[store.item("b")]]
        tally, _ = await go(store, state)
    assert (tally.done, tally.failed, tally.found) == (2, 0, 1)


async def test_pass_removes_what_earlier_ones_reported(tmp_path: Path) -> None:
    """What was found and only reported is removed by a later pass that is to remove, listed by it or not."""
    store = Store(a=b"bad", b=b"good")
    async with State(tmp_path / "state") as state:
        await go(store, state)
        store.pages = [[store.item("b")]]
        tally, _ = await go(store, state, purges=True)
        assert (tally.found, tally.actions[Action.REMOVED], list(store.files)) == (1, 1, [b"b"])
        store.pages = [[store.item("b")]]
        tally, _ = await go(store, state, purges=True)
        assert (tally.done, tally.found) == (1, 0)


async def broken_off(store: Store, state: State) -> None:
    """Settle all files in a run that only reports, and has no end."""
    run = await state.begin(since_s=None)
    look = make_look(store, Asked(), removal=StoreRemoval(store), purges=False)
    for place in store.files:
        await state.note((await look.settle(store.item(place.decode()), None, run.id)).row)
    await state.flush()


async def test_pass_that_goes_on_removes_what_it_reported_before(tmp_path: Path) -> None:
    """A pass that was broken off and goes on to remove removes what it had only reported, and counts it once."""
    store = Store(a=b"bad", b=b"good")
    async with State(tmp_path / "state") as state:
        await broken_off(store, state)
        tally, _ = await go(store, state, purges=True)
    assert (tally.done, tally.found, tally.actions[Action.REPORTED], tally.actions[Action.REMOVED]) == (2, 1, 0, 1)
    assert list(store.files) == [b"b"]


async def test_pass_that_goes_on_asks_once_more_about_what_it_may_not_remove(tmp_path: Path) -> None:
    """Where the answer is to accept, what was reported stays so, and the pass comes to its end."""
    store, asked = Store(a=b"bad", b=b"good"), Asked(answer=Answer.ACCEPT)
    async with State(tmp_path / "state") as state:
        await broken_off(store, state)
        tally, settled = await go(store, state, purges=True, asked=asked)
    assert (tally.done, tally.actions[Action.REPORTED], len(settled)) == (2, 1, 1)


async def test_pass_takes_up_many_that_failed(tmp_path: Path) -> None:
    """What failed is read by the page, and each is tried once."""
    count = 2 * BATCH + 1
    store = Store()
    async with State(tmp_path / "state") as state:
        before = await state.begin(since_s=None)
        for number in range(count):
            await state.note(Row(b"%d" % number, "", 1, before.id, "failed"))
        await state.end(before)
        tally, settled = await go(store, state)
    assert (tally.done, len({one.row.place for one in settled}), tally.outcomes["gone"]) == (count, count, count)


async def test_pass_looks_at_all_of_a_folder_that_earlier_ones_could_not_list(tmp_path: Path) -> None:
    """Once it can be listed its files are as old as before: they are looked at, and it has failed no longer."""
    deep = Deep(tmp_path)
    (deep.folder / "old").touch()
    later_s = time.time() + 3600
    async with State(tmp_path / "state") as state:
        with deep.renamed() as longer:
            for since_s in (None, later_s):
                tally, settled = await go(Folder(longer), state, since_s=since_s)
                assert [one.row.place for one in settled] == [deep.place]
                assert (tally.done, tally.failed, settled[0].row.reason[:28]) == (1, 1, "the folder cannot be listed:")
        tally, settled = await go(Folder(deep.root), state, since_s=later_s)
        assert [one.row.place for one in settled] == [deep.place + b"old"]
        assert (tally.done, tally.failed) == (1, 0)
        _, settled = await go(Folder(deep.root), state, since_s=later_s)
    assert not settled


async def test_pass_that_broke_off_in_a_folder_that_could_not_be_listed_goes_on_in_it(tmp_path: Path) -> None:
    """Until a listing came to its end, what was missed before is not forgotten."""
    store = Store(a=b"good", b=b"good")
    folder = Item(b"x/", repr(5.0), fault="why")
    async with State(tmp_path / "state") as state:
        store.pages = [[folder]]
        await go(store, state)
        store.pages = [[store.item("a")], SourceError("no such bucket")]
        with pytest.raises(ExceptionGroup):
            await go(store, state)
        assert await state.missed() == {b"x/": 5.0}
        store.pages = [[store.item("a")], SourceAwayError("throttled"), [store.item("b")]]
        await go(store, state)
        assert await state.missed() == {}


async def test_pass_over_a_store_that_is_not_there_ends(tmp_path: Path) -> None:
    """What an admin has to act on ends the pass; it is not over, and goes on later."""
    store = Store(a=b"good")
    store.pages = [SourceError("no such bucket")]
    async with State(tmp_path / "state") as state:
        with pytest.raises(ExceptionGroup):
            await go(store, state)
        tally, _ = await go(store, state)
        assert tally.done == 1
        assert await state.covered_s() is not None
