"""The later look at one picture, against a real pict-rs and a real ledger."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.body import Body, BodyMemory
from coordinator.judge.outcomes import LaterLookMode, Outcome
from coordinator.later.plan import OWED_ANEW, PURGING, How, Leave, Postpone, Settle
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.times import now
from coordinator.pictrs.content import Content
from coordinator.pictrs.errors import UnreachableError, WrongKeyError
from shared.messages import FailureKind, Lane
from tests.coordinator.later.scene import BODY_LIMIT_BYTES, Scene, picture, scene
from tests.coordinator.pictrs.scripted import Reply, Server
from tests.end_to_end import pictrs as real
from tests.end_to_end.sled import drop_delete_token
from tests.end_to_end.waiting import until

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]

NUMBERS = iter(range(1, 10_000))


HASHES = "/internal/hashes"
NO_HASHES = Reply(body=b'{"page": {"limit": 1, "hashes": []}}')
WELL = {"/healthz": Reply(), f"{HASHES}?limit=1": NO_HASHES}
"""How a pict-rs answers whether it is well."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[real.PictRs]:
    """Run a pict-rs that asks nobody: as if each upload had been accepted unseen."""
    real.require()
    async with real.PictRs(tmp_path_factory.mktemp("pict-rs"), validation=None) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def here(server: real.PictRs, tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene that purges, with a scanner."""
    async with scene(tmp_path, server.url) as made:
        made.add_scanner()
        yield made


def bright() -> bytes:
    """Return a picture that is flagged, and that no other test uses."""
    return picture(255, next(NUMBERS))


def dark() -> bytes:
    """Return a picture that passes, and that no other test uses."""
    return picture(0, next(NUMBERS))


async def upload(server: real.PictRs, data: bytes) -> str:
    """Store bytes; return their alias."""
    answer = await server.upload(data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["files"][0]["file"])


async def purges_and_looks(here: Scene) -> tuple[list[Entry], list[Entry]]:
    """Return what the audit holds about purges, and about what was found."""
    audit = here.ledger.audit
    return list(await audit.entries(what=What.PURGE)), list(await audit.entries(what=What.LATER_LOOK))


async def test_look_clean_stays(server: real.PictRs, here: Scene) -> None:
    """A picture in which nothing is found stays, its debt is settled, and it was looked at in the sweep lane."""
    alias = await upload(server, data := dark())
    assert await here.look.settle(await here.owe(data)) == Settle("clean")
    assert (await server.original(alias)).content == data
    assert await here.open_count() == 0
    assert here.scanners[0].lanes == [Lane.SWEEP]
    assert await purges_and_looks(here) == ([], [])


async def test_look_flagged_is_purged_with_all_its_aliases(
    server: real.PictRs, here: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Two aliases of one flagged file: both are gone, both stand in log and audit, others' files stay."""
    other = await upload(server, dark())
    aliases = {await upload(server, data := bright()), await upload(server, data)}

    assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)

    assert [(await server.original(alias)).status_code for alias in (*aliases, other)] == [404, 404, 200]
    assert await here.open_count() == 0
    ((purged,), (told,)) = await purges_and_looks(here)
    assert (set(purged.details["aliases"]), purged.who) == (aliases, "later look")
    assert purged.sha256 == told.sha256 == hashlib.sha256(data).hexdigest()
    assert set(told.details["places"]) == {
        f"{path}/{alias}" for alias in aliases for path in ("/pictrs/image", "/image/original")
    }
    assert told.details["parts"] == ["red disc", "blue square"]
    assert all(alias in caplog.text for alias in aliases)


@pytest.mark.parametrize("shadow", [False, True], ids=["report", "shadow"])
async def test_look_flagged_is_only_reported(server: real.PictRs, tmp_path: Path, shadow: bool) -> None:
    """When reporting, and in shadow mode even when told to purge, the picture stays and the finding is written down."""
    mode = LaterLookMode.PURGE if shadow else LaterLookMode.REPORT
    alias = await upload(server, data := bright())
    async with scene(tmp_path, server.url, mode=mode, shadow=shadow) as here:
        here.add_scanner()
        assert await here.look.settle(await here.owe(data)) == Settle(How.REPORTED)
        purges, (told,) = await purges_and_looks(here)
        assert (purges, await here.open_count()) == ([], 0)
        assert told.details["outcome"] == "flagged"
    assert (await server.original(alias)).status_code == 200


async def test_look_remembers_its_verdict(server: real.PictRs, here: Scene) -> None:
    """A picture that was looked at and is owed again is not looked at again."""
    await upload(server, data := dark())
    for _ in range(2):
        assert await here.look.settle(await here.owe(data)) == Settle("clean")
    assert len(here.scanners[0].lanes) == 1


async def test_look_needs_no_scanner_for_what_is_known_to_be_flagged(server: real.PictRs, here: Scene) -> None:
    """Uploaded again after it was purged, a flagged picture is purged by what is remembered."""
    for _ in range(2):
        alias = await upload(server, data := picture(255, 5_000))
        assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)
        assert (await server.original(alias)).status_code == 404
    assert len(here.scanners[0].lanes) == 1


async def test_look_takes_a_late_result_for_the_look(server: real.PictRs, here: Scene) -> None:
    """An upload was accepted because its scores were late: once they come, nobody looks a second time."""
    alias = await upload(server, data := bright())
    memory = BodyMemory(10**6)
    assert memory.take(len(data))
    body = Body(memory, [data], len(data), len(data), hashlib.sha256(data).hexdigest())
    here.scanners[0].is_slow = True
    deadline_s = asyncio.get_running_loop().time() + 1.5
    late = partial(here.records.keep, body)
    finding = await here.uploads.look_at(body, lane=Lane.LIVE, deadline_s=deadline_s, late=late)
    assert finding.outcome is Outcome.TIMED_OUT
    owed = await here.owe(data)

    here.scanners[0].release()

    assert await here.look.settle(owed) == Settle(How.PURGED)
    assert here.scanners[0].lanes == [Lane.LIVE]
    assert (await server.original(alias)).status_code == 404


@pytest.mark.parametrize(("decision", "status"), [(Decision.ALLOW, 200), (Decision.BLOCK, 404)])
async def test_look_obeys_the_admin(server: real.PictRs, here: Scene, decision: Decision, status: int) -> None:
    """What an admin allowed stays though it is bright, and what an admin blocked goes though it is dark."""
    data = bright() if decision is Decision.ALLOW else dark()
    alias = await upload(server, data)
    await here.ledger.decisions.decide(Decided(hashlib.sha256(data).hexdigest(), decision, "admin", now()))
    await here.look.settle(await here.owe(data))
    assert (await server.original(alias)).status_code == status
    assert (here.scanners[0].lanes, await here.open_count()) == ([], 0)
    _, told = await purges_and_looks(here)
    assert [entry.details["reason"] for entry in told] == ["blocked by an admin"] * (decision is Decision.BLOCK)


async def test_look_obeys_the_admin_who_allows_meanwhile(server: real.PictRs, here: Scene) -> None:
    """What an admin allows while it is looked at stays."""
    alias = await upload(server, data := bright())
    here.scanners[0].is_slow = True
    settling = asyncio.create_task(here.look.settle(await here.owe(data)))
    await until(lambda: bool(here.scanners[0].lanes), within_s=10, what="the scanner has it")
    await here.ledger.decisions.decide(Decided(hashlib.sha256(data).hexdigest(), Decision.ALLOW, "admin", now()))
    here.scanners[0].release()
    assert await settling == Settle("allowed")
    assert (await server.original(alias)).status_code == 200


async def test_look_unknown_to_pictrs(server: real.PictRs, here: Scene) -> None:
    """A picture that pict-rs never stored is searched for a few times, then settled; the newest file stays."""
    newest = await upload(server, bright())
    data = dark()
    owed = await here.owe(data)
    for tries in range(2):
        assert isinstance(await here.look.settle(owed), Postpone)
        owed = await here.owed(data)
        assert (owed.tries, owed.reason) == (tries + 1, "pict-rs does not have it yet")
    assert await here.look.settle(owed) == Settle(How.NEVER_STORED)
    assert await here.open_count() == 0
    assert (await server.original(newest)).status_code == 200


@pytest.mark.parametrize("searches", [0, 2], ids=["put-off", "last-search"])
async def test_look_while_the_picture_is_accepted_unseen_again(server: real.PictRs, here: Scene, searches: int) -> None:
    """What pict-rs does not have comes again while it is searched for: it stays due at once, and is then looked at."""
    owed = await here.owe(data := bright())
    for _ in range(searches):
        assert isinstance(await here.look.settle(owed), Postpone)
        owed = await here.owed(data)
    with here.intake.upload():
        settling = asyncio.create_task(here.look.settle(owed))
        again = await here.owe(data)
    assert await settling == OWED_ANEW
    assert await here.owed(data) == again

    alias = await upload(server, data)
    assert await here.look.settle(again) == Settle(How.PURGED)
    assert (await server.original(alias)).status_code == 404


async def test_look_flagged_that_is_accepted_unseen_again(server: real.PictRs, here: Scene) -> None:
    """A flagged picture that came again since its debt was read is purged by the debt as it is now."""
    alias = await upload(server, data := bright())
    owed = await here.owe(data)
    again = await here.owe(data)
    assert await here.look.settle(owed) == OWED_ANEW
    assert (await here.owed(data), (await purges_and_looks(here))[0]) == (again, [])
    assert await here.look.settle(again) == Settle(How.PURGED)
    assert (await server.original(alias)).status_code == 404


async def test_look_stored_under_another_format(server: real.PictRs, here: Scene) -> None:
    """A media type that was wrong costs some searches; the last one looks everywhere and finds it."""
    alias = await upload(server, data := bright())
    owed = await here.owe(data, media_type="image/gif")
    for _ in range(2):
        assert isinstance(await here.look.settle(owed), Postpone)
        owed = await here.owed(data)
    assert await here.look.settle(owed) == Settle(How.PURGED)
    assert (await server.original(alias)).status_code == 404


async def test_look_after_a_crash_in_mid_purge(server: real.PictRs, here: Scene) -> None:
    """What is gone after pict-rs was told to purge it was purged by us, and the audit gets to know."""
    await upload(server, data := bright())
    owed = await here.owe(data)
    await here.ledger.debts.postpone(owed.id, until=now(), tries=0, reason=PURGING)
    (stored,) = await here.client.find(content_of(data))
    await here.client.purge(stored)

    assert await here.look.settle(await here.owed(data)) == Settle(How.PURGED)
    ((purged,), _) = await purges_and_looks(here)
    assert purged.details == {"state": "gone"}


async def test_look_flagged_is_not_given_up_over_a_fault(tmp_path: Path) -> None:
    """pict-rs fails on the hash of a picture that it could often not purge: that stays known, and is tried again."""
    faulty = Server({**WELL, HASHES: Reply(500)})
    async with faulty, scene(tmp_path, faulty.url) as here:
        here.add_scanner()
        owed = await here.owe(data := bright())
        await here.ledger.debts.postpone(owed.id, until=now(), tries=99, reason=f"{PURGING}; kept")
        assert isinstance(await here.look.settle(await here.owed(data)), Postpone)
        owed = await here.owed(data)
        assert (owed.tries, owed.reason) == (100, f"{PURGING}; pict-rs answers with status 500")


async def test_look_searches_again_after_faults(tmp_path: Path) -> None:
    """However often pict-rs failed on its hash, a picture that is not there is searched for a few times."""
    server = Server({**WELL, HASHES: Reply(500)})
    async with server, scene(tmp_path, server.url) as here:
        here.add_scanner()
        owed = await here.owe(data := bright())
        for tries in range(1, 4):
            assert isinstance(await here.look.settle(owed), Postpone)
            owed = await here.owed(data)
            assert (owed.tries, owed.reason) == (tries, "pict-rs answers with status 500")
        server.replies[HASHES] = NO_HASHES
        for tries in range(1, 3):
            assert isinstance(await here.look.settle(owed), Postpone)
            owed = await here.owed(data)
            assert (owed.tries, owed.reason) == (tries, "pict-rs does not have it yet")
        assert await here.look.settle(owed) == Settle(How.NEVER_STORED)


async def test_look_while_pictrs_does_not_say_what_it_keeps(tmp_path: Path) -> None:
    """A pict-rs that fails on whatever it is asked is as good as absent: it is not this picture that is tried."""
    async with Server({"/healthz": Reply(), HASHES: Reply(500)}) as faulty, scene(tmp_path, faulty.url) as here:
        here.add_scanner()
        owed = await here.owe(data := bright())
        with pytest.raises(UnreachableError):
            await here.look.settle(owed)
        assert await here.owed(data) == owed


async def test_look_without_scanner_changes_nothing(server: real.PictRs, tmp_path: Path) -> None:
    """Nobody there to look: the debt is as it was, due and untried."""
    await upload(server, data := bright())
    async with scene(tmp_path, server.url) as here:
        owed = await here.owe(data)
        assert await here.look.settle(owed) == Leave()
        assert await here.owed(data) == owed


async def test_look_that_two_scanners_fail_on(server: real.PictRs, tmp_path: Path) -> None:
    """A picture that scanners fail on is put off with its reason, and stays."""
    alias = await upload(server, data := bright())
    async with scene(tmp_path, server.url) as here:
        here.add_scanner(fault=FailureKind.INTERNAL)
        here.add_scanner(fault=FailureKind.INTERNAL)
        assert isinstance(await here.look.settle(await here.owe(data)), Postpone)
        assert (await here.owed(data)).reason == "the look ended as scanner_fault"
    assert (await server.original(alias)).status_code == 200


async def test_look_unreadable_stays_and_is_told(
    server: real.PictRs, here: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes that nobody can look at are not purged: the log says that they were not looked at."""
    data = b"no picture at all" + str(next(NUMBERS)).encode()
    alias = await upload(server, data)
    assert await here.look.settle(await here.owe(data)) == Settle("unsupported")
    assert (await server.original(alias)).status_code == 200
    assert "cannot be looked at: unsupported" in caplog.text


async def test_look_too_large_is_not_fetched(server: real.PictRs, here: Scene) -> None:
    """A picture beyond the limit, which was lowered since, is not read into memory."""
    data = b"x" * (BODY_LIMIT_BYTES + 1)
    await upload(server, data)
    assert await here.look.settle(await here.owe(data)) == Settle("too_large")


async def test_look_at_other_bytes_than_promised(server: real.PictRs, here: Scene) -> None:
    """A store that hands out other bytes of the same length: neither judged nor purged, but put off."""
    before = server.stored()
    alias = await upload(server, data := bright())
    (file,) = server.stored() - before
    file.write_bytes(bytes(len(data)))
    assert isinstance(await here.look.settle(await here.owe(data)), Postpone)
    assert "its bytes are others" in (await here.owed(data)).reason
    assert (await server.original(alias)).status_code == 200


async def test_look_at_a_file_that_is_missing(server: real.PictRs, here: Scene) -> None:
    """A file deleted behind pict-rs's back is put off; pict-rs itself is well, and other debts are paid."""
    before = server.stored()
    await upload(server, data := bright())
    (file,) = server.stored() - before
    file.unlink()
    assert isinstance(await here.look.settle(await here.owe(data)), Postpone)
    await upload(server, other := dark())
    assert await here.look.settle(await here.owe(other)) == Settle("clean")


async def test_look_with_a_wrong_key(server: real.PictRs, tmp_path: Path) -> None:
    """A wrong key is raised, and the debt is as it was."""
    await upload(server, data := bright())
    async with scene(tmp_path, server.url, key="guessed") as here:
        here.add_scanner()
        owed = await here.owe(data)
        with pytest.raises(WrongKeyError):
            await here.look.settle(owed)
        assert await here.owed(data) == owed


async def test_look_while_pictrs_is_down(tmp_path: Path) -> None:
    """An absent pict-rs is raised, and the debt is as it was."""
    async with scene(tmp_path, "http://127.0.0.1:9") as here:
        here.add_scanner()
        owed = await here.owe(data := bright())
        with pytest.raises(UnreachableError):
            await here.look.settle(owed)
        assert await here.owed(data) == owed


async def test_look_at_a_picture_with_an_alias_that_cannot_be_purged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """pict-rs passes over one of two aliases: that is said, written down, and tried again later, never forgotten."""
    real.require()
    async with real.PictRs(tmp_path, validation=None) as server:
        goes, stays = [await upload(server, data := picture(255, 7_000)) for _ in range(2)]
        await server.stop()
        drop_delete_token(server.home, stays)
        await server.start()
        async with scene(tmp_path, server.url, gone_s=1.0) as here:
            here.add_scanner()
            assert isinstance(await here.look.settle(await here.owe(data)), Postpone)
            owed = await here.owed(data)
            assert (owed.tries, owed.reason.startswith(PURGING)) == (1, True)
            ((failed,), _) = await purges_and_looks(here)
            assert (failed.details["state"], stays in failed.details["reason"]) == ("failed", True)
        assert [(await server.original(alias)).status_code for alias in (goes, stays)] == [404, 200]
        assert stays in caplog.text
        assert "no delete token" in caplog.text


async def test_look_at_a_picture_that_cannot_be_purged_and_has_another_format(tmp_path: Path) -> None:
    """A picture whose media type was wrong, and that pict-rs keeps, is found again: it is not taken for purged."""
    real.require()
    async with real.PictRs(tmp_path, validation=None) as server:
        stays = await upload(server, data := picture(255, 7_001))
        await server.stop()
        drop_delete_token(server.home, stays)
        await server.start()
        async with scene(tmp_path, server.url, gone_s=1.0) as here:
            here.add_scanner()
            owed = await here.owe(data, media_type="image/gif")
            for _ in range(4):
                assert isinstance(await here.look.settle(owed), Postpone)
                owed = await here.owed(data)
            assert (owed.tries, owed.reason.startswith(PURGING)) == (2, True)


def content_of(data: bytes) -> Content:
    """Describe bytes as a debt does."""
    return Content(hashlib.sha256(data).hexdigest(), len(data), "image/png")
