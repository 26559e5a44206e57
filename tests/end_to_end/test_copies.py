"""Copies of blocked pictures: real processes, photographs, and the ledger's own commands beside them."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from coordinator.media.cutter.pdq import likeness_of
from tests.coordinator.ledger.holding import written_by_another
from tests.coordinator.ledger.making import file_in
from tests.coordinator.media.pictures import encoded, photograph
from tests.end_to_end.caller import upload
from tests.end_to_end.forked import run_beside
from tests.end_to_end.peer import Peer
from tests.end_to_end.processes import Coordinator, environment


def original(name: str = "chelsea") -> bytes:
    """Return a photograph as somebody uploads it."""
    return encoded(photograph(name, (900, 600)), "JPEG", quality=92)


def copy_of(data: bytes) -> bytes:
    """Return a picture at half its size, encoded otherwise."""
    image = Image.open(io.BytesIO(data))
    return encoded(image.resize((image.width // 2, image.height // 2)), "WEBP", quality=75)


async def ledger(c: Coordinator, *arguments: str) -> str:
    """Run `ledger …` beside a coordinator; return what it writes to stdout."""
    command = ["-m", "coordinator", "ledger", *arguments]
    done = await run_beside(command, folder=c.folder, environment=environment(data_dir=c.data_dir))
    assert done.returncode == 0, done.stderr
    return done.stdout


async def told(c: Coordinator, reason: str) -> bool:
    """Say whether both the log and the audit tell why an upload was refused."""
    return f"reason='{reason}'" in c.log and f"reason={reason}" in await ledger(c, "log")


@asynccontextmanager
async def scanned(c: Coordinator) -> AsyncIterator[None]:
    """Have a scanner that finds nothing."""
    async with Peer(c, "one") as peer:
        serving = asyncio.create_task(peer.serve())
        yield
        serving.cancel()


async def test_copies_of_a_blocked_file(tmp_path: Path) -> None:
    """Once a photograph is blocked, its half-size WebP is blocked as well, remembered or not; another is not."""
    chelsea = original()
    known, other = copy_of(chelsea), copy_of(original("coffee"))
    (tmp_path / "chelsea.jpg").write_bytes(chelsea)
    async with Coordinator(tmp_path, deadline_ms=60_000) as c, scanned(c):
        assert (await upload(c, known)).outcome == "clean"
        await ledger(c, "block", "--file", str(tmp_path / "chelsea.jpg"))
        answers = [await upload(c, body) for body in (chelsea, known, copy_of(copy_of(chelsea)), other)]
        assert [(a.status, a.outcome) for a in answers] == [
            (406, "blocked"),
            (406, "blocked"),
            (406, "blocked"),
            (200, "clean"),
        ]
        assert answers[1].report["reason"].startswith(f"blocked by an admin: a copy of {answers[0].report['sha256']}, ")
        assert await told(c, "blocked by an admin")
        assert await told(c, answers[1].report["reason"])
        await ledger(c, "forget", answers[0].report["sha256"])
        assert (await upload(c, known)).outcome == "clean"


async def test_copies_of_a_blocked_hash(tmp_path: Path) -> None:
    """A picture that is blocked by its hash has its copies blocked once it came again; an allowed copy passes."""
    chelsea = original()
    async with Coordinator(tmp_path, deadline_ms=60_000) as c, scanned(c):
        first = await upload(c, chelsea)
        assert (await upload(c, copy_of(chelsea))).outcome == "clean"
        await ledger(c, "block", first.report["sha256"])
        assert (await upload(c, chelsea)).outcome == "blocked"
        copy = await upload(c, copy_of(chelsea))
        assert (copy.status, copy.outcome) == (406, "blocked")
        await ledger(c, "allow", copy.report["sha256"])
        assert (await upload(c, copy_of(chelsea))).outcome == "allowed"


async def test_copies_of_a_blocked_hash_while_the_ledger_is_locked(tmp_path: Path) -> None:
    """The answer does not wait for the lock; copies are blocked once it is gone."""
    chelsea, deadline_ms = original(), 3000
    async with Coordinator(tmp_path, deadline_ms=deadline_ms) as c:
        await ledger(c, "block", hashlib.sha256(chelsea).hexdigest())
        assert await c.stop() == 0
        await c.start()
        with written_by_another(file_in(c.data_dir)):
            answers = await asyncio.gather(*(upload(c, chelsea) for _ in range(3)))
            await c.logged("another process has locked it")
        assert {(a.status, a.outcome) for a in answers} == {(406, "blocked")}
        assert max(a.ms["total"] for a in answers) < deadline_ms
        await c.logged("the ledger can be written again")
        assert (await upload(c, copy_of(chelsea))).outcome == "blocked"


async def test_copies_of_what_was_judged_before(tmp_path: Path) -> None:
    """While something is blocked, blocking a judged picture by its hash blocks its copies at once."""
    chelsea = original()
    async with Coordinator(tmp_path, deadline_ms=60_000) as c:
        await ledger(c, "block", "0" * 64)
        async with scanned(c):
            first = await upload(c, chelsea)
            assert first.outcome == "clean"
        assert await c.stop() == 0
        await ledger(c, "block", first.report["sha256"])
        await c.start()
        assert (await upload(c, copy_of(chelsea))).outcome == "blocked"


async def test_copies_hits_of_hashes_name_their_list(tmp_path: Path) -> None:
    """The answer, the log and the audit say which list blocks a picture by its SHA-256."""
    chelsea = original()
    (tmp_path / "list.txt").write_text(hashlib.sha256(chelsea).hexdigest())
    async with Coordinator(tmp_path, deadline_ms=60_000) as c:
        await ledger(c, "import", str(tmp_path / "list.txt"), "--source", "friends")
        hit = await upload(c, chelsea)
        assert hit.report["reason"] == "blocked by the list friends"
        assert await told(c, hit.report["reason"])


async def test_copies_of_a_list(tmp_path: Path) -> None:
    """A hit names the imported list; forgetting the list ends it."""
    pdq = likeness_of(photograph("chelsea")).pdq.hex()
    (tmp_path / "list.txt").write_text(f"# PDQs of pictures of a cat\n{pdq}\n")
    async with Coordinator(tmp_path, deadline_ms=60_000) as c, scanned(c):
        assert (await upload(c, original())).outcome == "clean"
        await ledger(c, "import", str(tmp_path / "list.txt"), "--pdq", "--source", "friends")
        hit = await upload(c, copy_of(original()))
        assert hit.outcome == "blocked"
        assert hit.report["reason"].startswith("blocked by the list friends: ")
        assert await told(c, hit.report["reason"])
        await ledger(c, "forget", "--source", "friends")
        assert (await upload(c, copy_of(original()))).outcome == "clean"
