"""The way of one file: what is asked, fetched, tried again, removed."""

from __future__ import annotations

import hashlib

import pytest

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.sweep.errors import AwayError, FetchError, RemovalError, SourceAwayError
from coordinator.sweep.item import Item
from coordinator.sweep.look import AWAY_TRIES, FETCH_TRIES, LOOK_TRIES
from coordinator.sweep.removal import StoreRemoval
from coordinator.sweep.row import Action, Row
from tests.coordinator.sweep.doubles import LIMIT_BYTES, Asked, Store, Written, make_look, unreadable


async def test_look_settles_a_file_by_its_bytes() -> None:
    """What is not known is fetched and looked at; the row says what it is and that nothing was done."""
    store, asked = Store(a=b"good", b=b"bad"), Asked()
    look = make_look(store, asked)
    good, bad = [(await look.settle(store.item(place), None, 1)).row for place in "ab"]
    assert (good.outcome, good.action, good.run) == ("clean", Action.NONE, 1)
    assert (bad.outcome, bad.action, bad.sha256) == ("flagged", Action.REPORTED, hashlib.sha256(b"bad").hexdigest())


async def test_look_needs_no_bytes_of_what_did_not_change() -> None:
    """With the same tag its hash is asked about; with another one, or where the hash is forgotten, it is fetched."""
    store, asked = Store(a=b"good"), Asked()
    look = make_look(store, asked)
    item = store.item("a")
    row = (await look.settle(item, None, 1)).row
    assert (await look.settle(item, row, 2)).row.outcome == "clean"
    assert (len(store.fetched), asked.looked) == (1, 1)
    await look.settle(Item(item.place, "other", item.size_bytes), row, 2)
    asked.remembers.clear()
    await look.settle(item, row, 2)
    assert (len(store.fetched), asked.looked) == (3, 3)


async def test_look_tries_a_file_again_that_breaks_off() -> None:
    """Some faults are made good; too many make it a failed file, which is not taken for a clean one."""
    store = Store(a=b"good")
    look = make_look(store, Asked())
    store.faults = unreadable(FETCH_TRIES - 1)
    assert (await look.settle(store.item("a"), None, 1)).row.outcome == "clean"
    store.faults = unreadable(FETCH_TRIES)
    row = (await look.settle(store.item("a"), None, 1)).row
    assert (row.outcome, row.reason, row.sha256) == ("failed", "it broke off", "")


async def test_look_waits_for_a_store_that_is_away() -> None:
    """It waits while the store does not answer, but not for ever for the same file."""
    store = Store(a=b"good")
    look = make_look(store, Asked())
    store.faults = [SourceAwayError("away")] * (AWAY_TRIES - 1)
    assert (await look.settle(store.item("a"), None, 1)).row.outcome == "clean"
    store.faults = [SourceAwayError("away")] * AWAY_TRIES
    assert (await look.settle(store.item("a"), None, 1)).row.outcome == "failed"


async def test_look_waits_for_scanners_and_coordinator() -> None:
    """While nobody is there to look, a file waits, and its bytes are fetched once."""
    store = Store(a=b"bad")
    faults: list[Outcome | Exception] = [Outcome.NO_SCANNER, Outcome.OVERLOADED, AwayError("it restarts")]
    asked = Asked(*faults * 4)
    row = (await make_look(store, asked).settle(store.item("a"), None, 1)).row
    assert (row.outcome, len(store.fetched), asked.looked) == ("flagged", 1, 13)


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.SCANNER_FAULT])
async def test_look_gives_a_file_up_that_nobody_can_look_at(outcome: Outcome) -> None:
    """A file that is answered too late again and again has failed; the others go on."""
    store, asked = Store(a=b"good"), Asked(*[outcome] * LOOK_TRIES)
    row = (await make_look(store, asked).settle(store.item("a"), None, 1)).row
    assert (row.outcome, str(outcome) in row.reason) == ("failed", True)


async def test_look_takes_no_part_for_the_whole() -> None:
    """Clean in part is looked at again, not for ever, and then has failed; what is found in a part is found."""
    store, asked = Store(a=b"good", b=b"bad"), Asked()
    look = make_look(store, asked)
    asked.short = LOOK_TRIES - 1
    assert (await look.settle(store.item("a"), None, 1)).row.outcome == "clean"
    asked.remembers.clear()
    asked.short = LOOK_TRIES
    row = (await look.settle(store.item("a"), None, 1)).row
    assert (row.outcome, row.reason) == ("failed", "only a part of it could be looked at")
    asked.short = 1
    assert (await look.settle(store.item("b"), None, 1)).row.outcome == "flagged"
    assert (asked.short, asked.looked) == (0, 2 * LOOK_TRIES + 1)


async def test_look_tells_apart_what_it_does_not_send() -> None:
    """An empty file and one that is too large are told apart from clean ones; one that is gone as well."""
    store, asked = Store(empty=b"", large=b"x" * (LIMIT_BYTES + 1), grown=b"x" * (LIMIT_BYTES + 1), gone=b""), Asked()
    look = make_look(store, asked)
    items = [store.item("empty"), store.item("large"), Item(b"grown", "", 1), store.item("gone")]
    del store.files[b"gone"]
    rows = [(await look.settle(item, None, 1)).row for item in items]
    assert [row.outcome for row in rows] == ["unreadable", "too_large", "too_large", "gone"]
    assert asked.looked == 0


async def test_look_removes_what_it_found() -> None:
    """It is written down that a file will be removed before it is, and told afterwards that it is gone."""
    store, asked, written, told = Store(a=b"bad", b=b"good"), Asked(), Written(), Written()
    look = make_look(store, asked, removal=StoreRemoval(store), written=written, told=told)
    rows = [(await look.settle(store.item(place), None, 1)).row for place in "ab"]
    assert [row.action for row in rows] == [Action.REMOVED, Action.NONE]
    assert [(row.place, row.action) for row in written.rows] == [(b"a", Action.REMOVING)]
    assert [(row.place, row.action) for row in told.rows] == [(b"a", Action.REMOVED)]
    assert list(store.files) == [b"b"]


async def test_look_removes_nothing_where_the_answer_is_to_accept() -> None:
    """In shadow mode, and where an admin accepts what is flagged, it is only reported."""
    store, asked = Store(a=b"bad"), Asked(answer=Answer.ACCEPT)
    row = (await make_look(store, asked, removal=StoreRemoval(store)).settle(store.item("a"), None, 1)).row
    assert (row.action, list(store.files)) == (Action.REPORTED, [b"a"])


@pytest.mark.parametrize("outcome", [Outcome.UNREADABLE, Outcome.UNSUPPORTED, Outcome.TOO_COSTLY])
async def test_look_removes_nothing_because_it_is_unreadable(outcome: Outcome) -> None:
    """What could not be looked at stays where it is."""
    store, asked = Store(a=b"bad"), Asked(outcome)
    row = (await make_look(store, asked, removal=StoreRemoval(store)).settle(store.item("a"), None, 1)).row
    assert (row.outcome, row.action, list(store.files)) == (str(outcome), Action.NONE, [b"a"])


async def test_look_keeps_a_file_that_changed_after_it_was_looked_at() -> None:
    """A file that is another one by now is not removed for what it was."""
    store = Store(a=b"bad")
    written = Written(lambda: store.files.update({b"a": b"good"}))
    row = (
        await make_look(store, Asked(), removal=StoreRemoval(store), written=written).settle(store.item("a"), None, 1)
    ).row
    assert (row.action, store.files) == (Action.KEPT, {b"a": b"good"})
    assert "changed" in row.reason


async def test_look_waits_with_a_removal_for_a_store_that_is_away() -> None:
    """A removal waits while the store does not answer, but not for ever; then it is kept, and taken up later."""

    class Away(StoreRemoval):
        left = AWAY_TRIES - 1

        async def remove(self, item: Item, sha256: str) -> tuple[str, ...]:
            if self.left:
                self.left -= 1
                raise SourceAwayError("away")
            await super().remove(item, sha256)
            return ("other",)

    store, told = Store(a=b"bad"), Written()
    removal = Away(store)
    look = make_look(store, Asked(), removal=removal, told=told)
    row = (await look.settle(store.item("a"), None, 1)).row
    assert (row.action, row.reason, row.aliases, store.files) == (Action.REMOVED, "", ("other",), {})
    store.files[b"a"] = b"bad"
    removal.left = AWAY_TRIES
    row = (await look.settle(store.item("a"), None, 1)).row
    assert (row.action, row.reason, list(store.files)) == (Action.KEPT, "away", [b"a"])
    assert [row.action for row in told.rows] == [Action.REMOVED, Action.KEPT]


async def test_look_names_the_aliases_of_what_it_only_reports() -> None:
    """Where other names are known they stand in the row, also when nothing is removed."""

    class Named(StoreRemoval):
        async def aliases(self, item: Item, sha256: str) -> tuple[str, ...]:
            if sha256 != hashlib.sha256(b"bad").hexdigest():
                raise RemovalError("unknown")
            return ("other",)

    store = Store(a=b"bad", b=b"bad too")
    look = make_look(store, Asked(), removal=Named(store), purges=False)
    rows = [(await look.settle(store.item(place), None, 1)).row for place in "ab"]
    assert [(row.action, row.aliases) for row in rows] == [(Action.REPORTED, ("other",)), (Action.REPORTED, ())]
    assert len(store.files) == 2


async def broken_removal(store: Store) -> Row:
    """Remove a file, and return the row that a crash before the end of that leaves."""
    written = Written()
    await make_look(store, Asked(), removal=StoreRemoval(store), written=written).settle(store.item("a"), None, 1)
    return written.rows[0]


@pytest.mark.parametrize("purges", [True, False])
@pytest.mark.parametrize("outcome", [Outcome.FLAGGED, Outcome.ALLOWED, None])
async def test_look_that_was_killed_while_it_removed_finds_the_file_gone(purges: bool, outcome: Outcome | None) -> None:
    """A removal that a crash broke off after the file was gone is done, and is told, whatever is asked for now."""
    store, asked, told = Store(a=b"bad"), Asked(), Written()
    before = await broken_removal(store)
    if outcome is not None:
        asked.remembers[before.sha256] = outcome
    look = make_look(store, asked, removal=StoreRemoval(store), purges=purges, told=told)
    row = (await look.settle(before.item, before, 2)).row
    assert (row.outcome, row.action, row.run, row.sha256) == ("flagged", Action.REMOVED, 2, before.sha256)
    assert told.rows == [row]


@pytest.mark.parametrize("fault", [None, FetchError("refused"), SourceAwayError("away")])
async def test_look_that_was_killed_before_it_removed_begins_anew(fault: Exception | None) -> None:
    """A file that is still there, or of which that cannot be told, is looked at like any other."""

    class Doubtful(Store):
        async def tag(self, item: Item) -> str:
            if fault is not None:
                raise fault
            return await super().tag(item)

    before = await broken_removal(Store(a=b"bad"))
    store, told = Doubtful(a=b"bad"), Written()
    look = make_look(store, Asked(), removal=StoreRemoval(store), purges=False, told=told)
    row = (await look.settle(before.item, before, 2)).row
    assert (row.action, told.rows, list(store.files)) == (Action.REPORTED, [], [b"a"])


def test_look_row_gives_its_file_again() -> None:
    """A row holds all that another try needs."""
    row = Row(b"a", "tag", 3, 1, "failed", aliases=("x",))
    assert row.item == Item(b"a", "tag", 3, aliases=("x",))
