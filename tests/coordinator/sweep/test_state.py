"""What a sweep has done, in its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.sweep.item import Item
from coordinator.sweep.row import Action, Row
from coordinator.sweep.state import FLUSH_ROWS, MOST_MISSED, State, connect, has_found, last_run, notable_rows
from shared.errors import ConfigurationError

ROW = Row(b"\xff/a", "tag", 3, 1, "flagged", "ab" * 32, ("p",), Action.REPORTED, ("x",), "why")


async def test_state_gives_back_what_it_was_given(tmp_path: Path) -> None:
    """A row is found before it is written and after the file was opened anew; the file is for its owner only."""
    path = tmp_path / "sweeps" / "state.sqlite"
    async with State(path) as state:
        await state.begin(since_s=None)
        await state.note(ROW)
        assert await state.known([Item(b"\xff/a"), Item(b"other")]) == {ROW.place: ROW}
    async with State(path) as state:
        assert await state.known([Item(b"\xff/a")]) == {ROW.place: ROW}
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(connect(path)) as database:
        assert list(notable_rows(database)) == [ROW]
        assert has_found(database)
        assert not has_found(database, run=2)


async def test_state_goes_on_with_a_run_that_was_broken_off(tmp_path: Path) -> None:
    """A run that did not end is the one that goes on; after its end another one begins."""
    path = tmp_path / "state.sqlite"
    async with State(path) as state:
        first = await state.begin(since_s=5.0)
    async with State(path) as state:
        again = await state.begin(since_s=7.0)
        assert (again.id, again.since_s, again.is_resumed) == (first.id, 5.0, True)
        await state.end(again)
        second = await state.begin(since_s=None)
        assert (second.id, second.is_resumed) == (first.id + 1, False)


@pytest.mark.parametrize("wanted_s", [None, 3.0])
async def test_state_begins_anew_where_more_is_wanted(tmp_path: Path, wanted_s: float | None) -> None:
    """A run that was broken off and goes through less than is wanted now does not go on; what it did counts on."""
    async with State(tmp_path / "state.sqlite") as state:
        first = await state.begin(since_s=5.0)
        await state.note(Row(b"a", "", 1, first.id, "failed"))
        second = await state.begin(since_s=wanted_s)
        assert (second.is_resumed, second.since_s) == (False, wanted_s)
        assert second.id != first.id
        assert [row.place for row in await state.unfinished(second, of_earlier_runs=True)] == [b"a"]


async def test_state_never_gives_the_number_of_a_run_again(tmp_path: Path) -> None:
    """A run that is given up leaves its number: else what it settled would pass for settled by the next."""
    async with State(tmp_path / "state.sqlite") as state:
        first = await state.begin(since_s=None)
        await state.give_up()
        second = await state.begin(since_s=None)
        assert (second.is_resumed, second.id) == (False, first.id + 1)
        assert await state.covered_s() is None


async def test_state_knows_how_far_everything_was_looked_at(tmp_path: Path) -> None:
    """Everything was looked at that came before the last run without a gap to those before it."""
    async with State(tmp_path / "state.sqlite") as state:
        await state.end(await state.begin(since_s=5.0))
        assert await state.covered_s() is None
        whole = await state.begin(since_s=None)
        await state.end(whole)
        assert await state.covered_s() == whole.began_s
        await state.end(await state.begin(since_s=whole.began_s + 1))
        assert await state.covered_s() == whole.began_s
        following = await state.begin(since_s=whole.began_s - 1)
        await state.end(following)
        assert await state.covered_s() == following.began_s
        await state.begin(since_s=None)
        await state.give_up()
        assert await state.covered_s() == following.began_s


async def test_state_tells_what_is_unfinished(tmp_path: Path) -> None:
    """Failed files and removals that are not confirmed are unfinished, also those not written yet."""
    async with State(tmp_path / "state.sqlite") as state:
        run = await state.begin(since_s=None)
        rows = [
            Row(b"a", "", 1, run.id, "failed"),
            Row(b"b", "", 1, run.id, "flagged", action=Action.REMOVING),
            Row(b"c", "", 1, run.id, "flagged", action=Action.REMOVED),
            Row(b"d", "", 1, run.id, "clean"),
            Row(b"e", "", 1, run.id + 1, "failed"),
        ]
        for row in rows:
            await state.note(row)
        assert [row.place for row in await state.unfinished(run)] == [b"a", b"b"]
        assert [row.place for row in await state.unfinished(run, after=b"a")] == [b"b"]
        counts = sorted(await state.counts(run))
        assert counts == [("clean", "", 1), ("failed", "", 1), ("flagged", "removed", 1), ("flagged", "removing", 1)]


@pytest.mark.parametrize(("purges", "places"), [(False, b"af"), (True, b"abcf")])
async def test_state_tells_what_earlier_runs_left(tmp_path: Path, purges: bool, places: bytes) -> None:
    """Of earlier runs failed files are left, and where something is to be removed, what was found and is there."""
    async with State(tmp_path / "state.sqlite") as state:
        before = await state.begin(since_s=None)
        await state.end(before)
        run = await state.begin(since_s=None)
        rows = [
            Row(b"a", "", 1, before.id, "failed"),
            Row(b"b", "", 1, before.id, "flagged", action=Action.REPORTED),
            Row(b"c", "", 1, before.id, "flagged", action=Action.KEPT),
            Row(b"d", "", 1, before.id, "flagged", action=Action.REMOVED),
            Row(b"e", "", 1, run.id, "flagged", action=Action.KEPT),
            Row(b"f", "", 1, before.id, "flagged", action=Action.REMOVING),
        ]
        for row in rows:
            await state.note(row)
        left = await state.unfinished(run, of_earlier_runs=True, purges=purges)
        assert b"".join(row.place for row in left) == places
        assert await state.unfinished(run) == []


@pytest.mark.parametrize(
    ("is_resumed", "purges", "places"), [(False, True, b"a"), (True, False, b"a"), (True, True, b"ab")]
)
async def test_state_tells_what_a_run_reported_before_it_was_broken_off(
    tmp_path: Path, is_resumed: bool, purges: bool, places: bytes
) -> None:
    """A run that goes on and is to remove takes up what it reported; one that was not broken off did all it could."""
    async with State(tmp_path / "state.sqlite") as state:
        run = await state.begin(since_s=None)
        rows = [
            Row(b"a", "", 1, run.id, "failed"),
            Row(b"b", "", 1, run.id, "flagged", action=Action.REPORTED),
            Row(b"c", "", 1, run.id, "flagged", action=Action.KEPT),
        ]
        for row in rows:
            await state.note(row)
        if is_resumed:
            run = await state.begin(since_s=None)
        left = await state.unfinished(run, purges=purges)
        assert b"".join(row.place for row in left) == places


async def test_state_tells_which_folders_could_not_be_listed(tmp_path: Path) -> None:
    """They are tried again by listings only, and forgotten where a later run has listed them."""
    async with State(tmp_path / "state.sqlite") as state:
        before = await state.begin(since_s=None)
        await state.end(before)
        run = await state.begin(since_s=None)
        rows = [
            Row(b"a/", "-inf", 0, before.id, "failed"),
            Row(b"b/", "5.5", 0, run.id, "failed"),
            Row(b"c", "", 1, before.id, "failed"),
            Row(b"d", "", 1, before.id, "flagged", action=Action.REPORTED),
            Row(b"e", "", 1, before.id, "clean"),
        ]
        for row in rows:
            await state.note(row)
        assert await state.missed() == {b"a/": float("-inf"), b"b/": 5.5}
        assert [row.place for row in await state.unfinished(run, of_earlier_runs=True)] == [b"c"]
        await state.forget_missed(run)
        assert await state.missed() == {b"b/": 5.5}
        assert len(await state.known([row.item for row in rows])) == 4


async def test_state_tells_the_whole_source_for_too_many_folders(tmp_path: Path) -> None:
    """However many cannot be listed, what a listing has to know does not grow."""
    async with State(tmp_path / "state.sqlite") as state:
        run = await state.begin(since_s=None)
        for number in range(3 * MOST_MISSED):
            await state.note(Row(b"%05d/" % number, repr(9.0 - number % 7), 0, run.id, "failed"))
        missed = await state.missed()
        assert len(missed) <= MOST_MISSED
        assert missed[b""] == 3.0


async def test_report_names_what_stands(tmp_path: Path) -> None:
    """Without a run's number it names what all runs found since the last that went through everything."""
    path = tmp_path / "state.sqlite"
    async with State(path) as state:
        runs = []
        for since_s in (None, None, 5.0, 5.0):
            run = await state.begin(since_s=since_s)
            runs.append(run)
            await state.note(Row(b"%d" % run.id, "", 1, run.id, "flagged", action=Action.REPORTED))
            await state.end(run)
        await state.begin(since_s=None)
        await state.give_up()
        with closing(connect(path)) as database:
            assert [row.run for row in notable_rows(database)] == [run.id for run in runs[1:]]
            assert [row.run for row in notable_rows(database, run=runs[0].id)] == [runs[0].id]
            assert last_run(database) == runs[-1].id + 1


async def test_state_writes_many_together(tmp_path: Path) -> None:
    """Rows are on the disk after so many, without waiting for the end."""
    path = tmp_path / "state.sqlite"
    async with State(path) as state:
        run = await state.begin(since_s=None)
        for number in range(2 * FLUSH_ROWS):
            await state.note(Row(b"%d" % number, "", 1, run.id, "clean"))
        with closing(sqlite3.connect(path)) as database:
            (count,) = database.execute("SELECT count(*) FROM places").fetchone()
        assert count >= FLUSH_ROWS


async def test_state_belongs_to_one_sweep_at_a_time(tmp_path: Path) -> None:
    """A second sweep of the same source is refused with a sentence, and may have it once the first is over."""
    path = tmp_path / "state.sqlite"
    async with State(path):
        with pytest.raises(ConfigurationError, match="Another sweep"):
            async with State(path):
                pass
    async with State(path):
        pass


async def test_state_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """A file of another kind, and one of another version, are left alone."""
    other = tmp_path / "other.sqlite"
    other.write_text("this is a letter to somebody, and not a database at all")
    with pytest.raises(ConfigurationError, match="no state of a sweep"):
        async with State(other):
            pass
    newer = tmp_path / "newer.sqlite"
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(ConfigurationError, match="another version"):
        async with State(newer):
            pass
