"""What can be done with a scanner, and what is written down of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from coordinator.dispatch.state import FaultRecord
from coordinator.ledger.audit import What
from tests.coordinator.web.admin.scene import Scene

HOSTILE = "<script>alert(1)</script>".replace("/", "")


async def test_actions_pause_and_resume(inside: Scene) -> None:
    """A paused scanner gets nothing, and the page says who paused it, why and until when."""
    inside.credentials.add_scanner("box")
    inside.connect("box")
    page = await inside.do("/do/pause", scanner="box", minutes="120", note="  gpu \n is <warm> ")
    assert "paused by anna until" in page
    assert "gpu is &lt;warm&gt;" in page
    assert not inside.can_push()
    until = inside.steering.pauses["box"].until
    assert until is not None
    assert timedelta(minutes=119) < until - datetime.now(UTC) <= timedelta(minutes=120)
    page = await inside.do("/do/resume", scanner="box")
    assert "paused by" not in page
    assert inside.can_push()
    actions = [(entry.who, entry.details["action"]) for entry in await inside.audited(What.SCANNER)]
    assert actions == [("anna", "pause"), ("anna", "resume")]


async def test_actions_pause_of_no_length_is_refused(inside: Scene) -> None:
    """Only minutes up to a month, and 0."""
    inside.credentials.add_scanner("box")
    for minutes in ("", "-1", "x", "1e3", "99999999999", "٣"):
        assert (await inside.send("/do/pause", scanner="box", minutes=minutes)).status_code == 400
    assert not inside.steering.pauses


async def test_actions_on_nobody(inside: Scene) -> None:
    """A name that no scanner has is said to be none, with its signs made harmless."""
    for action in ("pause", "resume", "try", "test", "drain", "disconnect", "revoke", "forget"):
        page = await inside.do(f"/do/{action}", scanner=HOSTILE, minutes="0")
        assert '<p data-kind="bad">&lt;script&gt;' in page
        assert HOSTILE not in page
    assert not inside.steering.pauses
    assert not await inside.audited(What.SCANNER)


async def test_actions_try_now(inside: Scene) -> None:
    """What set a scanner aside is forgotten."""
    inside.credentials.add_scanner("box")
    inside.connect("box")
    now_s = asyncio.get_running_loop().time()
    inside.hub.machine.faults._records["box"] = FaultRecord(3, now_s, 1, now_s + 60, "internal")
    assert "set aside" in await inside.read()
    assert "do/try" in await inside.read()
    assert "set aside until" not in await inside.do("/do/try", scanner="box")
    assert inside.hub.machine.faults.record("box") is None


async def test_actions_try_now_somebody_who_is_not_believed(inside: Scene) -> None:
    """The row says why it is set aside, and until when; then it may be examined."""
    inside.credentials.add_scanner("box")
    inside.connect("box")
    now_s = asyncio.get_running_loop().time()
    inside.trust.set_aside("box", "the odd one out", now_s)
    page = await inside.read()
    assert "set aside until" in page
    assert "the odd one out" in page
    assert "set aside until" not in await inside.do("/do/try", scanner="box")
    assert inside.trust.problem_of("box", "", asyncio.get_running_loop().time()) == ""


async def test_actions_add_shows_the_token_once(inside: Scene) -> None:
    """With the line to run; the next look at the page, and one that renews itself, show it no more."""
    answer = await inside.send("/do/add", scanner="box")
    assert answer.status_code == 303
    assert "shown once" not in await inside.read("/?renew")
    page = await inside.read()
    token = page.partition('class="token">')[2].partition("<")[0]
    assert inside.credentials.book.scanner_by_token(token) is not None
    assert "fediward-scanner run --coordinator ws://fediward.test --token-file fediward.token" in page
    assert token not in await inside.read()
    assert token not in (inside.folder / "credentials.json").read_text()
    (entry,) = await inside.audited(What.CREDENTIAL)
    assert (entry.who, entry.details) == ("anna", {"change": "added", "scanner": "box"})


async def test_actions_add_refuses_bad_names(inside: Scene) -> None:
    """Spaces, slashes, control characters, and more than 100 of them."""
    for name in ("", "a b", "a/b", "x" * 101, "a\x07b"):
        assert "no usable name" in await inside.do("/do/add", scanner=name)
    assert not inside.credentials.book.scanners


async def test_actions_add_twice(inside: Scene) -> None:
    """A name is given once."""
    await inside.do("/do/add", scanner="box")
    assert "exists already" in await inside.do("/do/add", scanner="box")


async def test_actions_revoke_and_forget(inside: Scene) -> None:
    """A revoked scanner's row stays, where it had one; forgetting takes the row, the token and the pause."""
    inside.credentials.add_scanner("box")
    generation = inside.connect("box")
    assert "It is connected" not in await inside.do("/do/revoke", scanner="box")
    assert not inside.credentials.book.scanners
    inside.hub.leave(generation)
    inside.collectors.roster.leave("box", generation, "gone", 0, 0.0)
    assert "revoked" in await inside.read()
    page = await inside.do("/do/forget", scanner="box")
    assert "box is forgotten" in page
    assert "No scanner is known yet" in page
    inside.credentials.add_scanner("new")
    await inside.do("/do/pause", scanner="new", minutes="0")
    await inside.do("/do/forget", scanner="new")
    assert not inside.credentials.book.scanners
    assert not inside.steering.pauses


async def test_actions_say_when_they_will_be_forgotten(inside: Scene) -> None:
    """A folder that cannot be written to: done, and said that the next start will not know."""
    inside.credentials.add_scanner("box")
    inside.connect("box")
    inside.steering._path = inside.folder / "not-there" / "steering.json"
    page = await inside.do("/do/pause", scanner="box", minutes="0")
    assert "forgotten at the next start" in page
    assert not inside.can_push()
