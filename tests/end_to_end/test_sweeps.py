"""Sweeps of folders: real processes, real files, a real coordinator."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from coordinator.sweep.flow import MOST_AT_ONCE
from coordinator.sweep.state import FLUSH_S
from shared.exit_codes import ExitCode
from tests.coordinator.sweep.unlistable import Deep
from tests.end_to_end.pictures import BRIGHT, DARK, bright, broken, cut_off, dark
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.sweeping import Sweeper, json_lines, paths

pytestmark = pytest.mark.asyncio(loop_scope="module")

IN_OPEN = 0x20
"""linux/inotify.h."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sweeper(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sweeper]:
    """One coordinator with a scanner for the tests of this file."""
    folder = tmp_path_factory.mktemp("sweeps")
    async with Coordinator(folder, log_level="debug") as coordinator, Scanner(coordinator, "one"):
        yield Sweeper(coordinator)


@contextmanager
def watched(path: Path) -> Iterator[Callable[[], bool]]:
    """Yield what says whether a file was opened meanwhile (inotify(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(path), IN_OPEN) >= 0, os.strerror(ctypes.get_errno())

    def was_opened() -> bool:
        try:
            return bool(os.read(watch, 4096))
        except BlockingIOError:
            return False

    try:
        yield was_opened
    finally:
        os.close(watch)


async def test_sweep_finds_what_is_in_a_folder(sweeper: Sweeper, tmp_path: Path) -> None:
    """Files are found wherever they are; what does not decode is told apart, and nothing is removed."""
    store = tmp_path / "store"
    (store / "a" / "b").mkdir(parents=True)
    for number in range(20):
        (store / f"{number}.png").write_bytes(dark())
    (store / "a" / "b" / "found.png").write_bytes(bright())
    (store / "a" / "broken.png").write_bytes(broken())
    (store / "a" / "empty").touch()
    (store / "a" / "round").symlink_to(store)
    swept = await sweeper.run(store)
    assert swept.code == ExitCode.FOUND
    (begin,) = [line for line in swept.lines if line["event"] == "begin"]
    assert (begin["resumed"], begin["listing"]) == (False, "everything")
    assert (swept.end["done"], swept.end["found"], swept.end["unreadable"], swept.end["failed"]) == (23, 1, 2, 0)
    rows = await sweeper.report(store)
    assert paths(rows) == {"a/b/found.png"}
    assert paths(rows, "unreadable") == {"a/broken.png", "a/empty"}
    (row,) = [row for row in rows if row["outcome"] == "flagged"]
    assert (row["action"], row["parts"], len(row["sha256"])) == ("reported", ["light"], 64)
    assert (store / "a" / "b" / "found.png").exists()


async def test_sweep_purges_what_it_finds_and_nothing_else(sweeper: Sweeper, tmp_path: Path) -> None:
    """With --purge what is flagged is gone afterwards; what does not decode stays."""
    store = tmp_path / "store"
    store.mkdir()
    for name, content in (("bad", bright()), ("good", dark()), ("broken", broken())):
        (store / name).write_bytes(content)
    swept = await sweeper.run(store, "--purge")
    assert swept.code == ExitCode.FOUND
    assert sorted(path.name for path in store.iterdir()) == ["broken", "good"]
    assert [(row["path"], row["action"]) for row in await sweeper.report(store)] == [("bad", "removed"), ("broken", "")]


async def test_sweep_does_not_call_clean_what_was_looked_at_in_part(sweeper: Sweeper, tmp_path: Path) -> None:
    """An animation that breaks off is found by what is there of it, or has failed, and is tried by the next sweep."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "bright").write_bytes(cut_off(BRIGHT))
    (store / "dark").write_bytes(cut_off(DARK))
    swept = await sweeper.run(store, "--purge")
    assert (swept.end["done"], swept.end["found"], swept.end["failed"]) == (2, 1, 1)
    assert [path.name for path in store.iterdir()] == ["dark"]
    rows = {row["path"]: row["reason"] for row in await sweeper.report(store) if row["outcome"] == "failed"}
    assert rows == {"dark": "only a part of it could be looked at"}
    again = await sweeper.run(store)
    assert (again.code, again.end["failed"]) == (ExitCode.FAILED, 1)


async def test_sweep_looks_only_at_what_is_new(sweeper: Sweeper, tmp_path: Path) -> None:
    """The next sweep is over at once; --all asks for everything, and needs no bytes of what did not change."""
    store = tmp_path / "store"
    store.mkdir()
    old = store / "old"
    old.write_bytes(dark())
    assert (await sweeper.run(store)).code == ExitCode.DONE
    (store / "new").write_bytes(bright())
    swept = await sweeper.run(store)
    assert swept.end["found"] == 1
    with watched(old) as was_opened:
        again = await sweeper.run(store, "--all")
        assert (again.end["done"], again.end["remembered"], again.end["found"]) == (2, 2, 1)
        assert not was_opened()
        old.write_bytes(dark())
        await sweeper.run(store, "--all")
        assert was_opened()


async def test_sweep_names_files_whose_names_are_not_text(sweeper: Sweeper, tmp_path: Path) -> None:
    """Names that are no UTF-8, or that would upset a terminal, are found, written so that they can be read, removed."""
    store = tmp_path / "store"
    store.mkdir()
    names = {b"caf\xe9.png": r"caf\xe9.png", b"two\nlines": r"two\x0alines", "süß".encode(): "süß"}
    for name in names:
        (store / os.fsdecode(name)).write_bytes(bright())
    assert (await sweeper.run(store, "--purge")).code == ExitCode.FOUND
    assert paths(await sweeper.report(store)) == set(names.values())
    assert not list(store.iterdir())
    table = await sweeper.command("sweep report", store)
    assert r"caf\xe9.png" in table.output
    comma = await sweeper.command("sweep report", store, "--format", "csv")
    assert len(comma.output.splitlines()) == 4


async def test_sweep_goes_on_after_it_was_killed(sweeper: Sweeper, tmp_path: Path) -> None:
    """After two kills in the middle everything is found, and only what was not on the disk yet is asked again."""
    store = tmp_path / "store"
    planted = set()
    for number in range(400):
        path = store / f"{number % 7}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bright() if number % 29 == 3 else dark())
        if number % 29 == 3:
            planted.add(str(path.relative_to(store)))
    before, rate_per_s = sweeper.coordinator.log, 150
    for done in (120, 280):
        async with sweeper.started("sweep run", store, "--json", "--limit-rate", rate_per_s) as process:
            async for line in json_lines(process):
                if line["event"] == "progress" and line["done"] >= done:
                    break
            process.send_signal(signal.SIGKILL)
            await process.wait()
    swept = await sweeper.run(store)
    assert swept.end["done"] == 400
    assert paths(await sweeper.report(store)) == planted
    asked = sweeper.coordinator.log[len(before) :].count("coordinator.web.hook: upload ")
    assert 400 <= asked <= 400 + 2 * (FLUSH_S * rate_per_s + MOST_AT_ONCE)


async def test_sweep_meets_files_that_change_and_vanish(sweeper: Sweeper, tmp_path: Path) -> None:
    """What is gone when its turn comes is no failure; what is another file by then is looked at as what it is."""
    store = tmp_path / "store"
    store.mkdir()
    for number in range(16):
        (store / str(number)).write_bytes(dark())
    async with sweeper.started("sweep run", store, "--json", "--limit-rate", "2") as process:
        done = 0
        async for line in json_lines(process):
            if line["event"] == "progress" and line["done"]:
                done = line["done"]
                break
        process.send_signal(signal.SIGSTOP)
        for number in range(8):
            (store / str(number)).unlink()
            (store / str(8 + number)).write_bytes(bright())
        process.send_signal(signal.SIGCONT)
        last = [line async for line in json_lines(process)][-1]
    # Those that were done, and those on their way then.
    assert done < 6
    assert (last["event"], last["done"], last["failed"]) == ("end", 16, 0)
    assert last["outcomes"]["gone"] >= 8 - done - 1
    assert last["outcomes"]["flagged"] == last["found"] >= 8 - done - 1
    # What was looked at before it changed is found by the next.
    await sweeper.run(store)
    assert paths(await sweeper.report(store)) == {str(number) for number in range(8, 16)}


async def test_sweep_takes_up_a_folder_that_an_earlier_one_could_not_list(sweeper: Sweeper, tmp_path: Path) -> None:
    """It stands as failed with a reason; the first sweep that can list it looks at all that is in it, however old."""
    deep = Deep(tmp_path)
    (deep.folder / "old").write_bytes(bright())
    options = ("--state", tmp_path / "state")
    with deep.renamed() as longer:
        swept = await sweeper.run(longer, *options)
        assert (swept.code, swept.end["done"], swept.end["failed"]) == (ExitCode.FAILED, 1, 1)
        (row,) = await sweeper.report(longer, *options)
    assert (row["path"], row["outcome"], "cannot be listed" in row["reason"]) == (deep.place.decode(), "failed", True)
    later = datetime.now(UTC) + timedelta(days=1)
    swept = await sweeper.run(deep.root, *options, "--since", later.isoformat())
    assert (swept.end["done"], swept.end["found"], swept.end["failed"]) == (1, 1, 0)
    assert [row["path"] for row in await sweeper.report(deep.root, *options)] == [f"{deep.place.decode()}old"]


async def test_sweep_takes_up_what_an_earlier_one_left(sweeper: Sweeper, tmp_path: Path) -> None:
    """What a sweep only reported is removed by the next with --purge; one that looked at less leaves no gap."""
    store = tmp_path / "store"
    store.mkdir()
    for number in range(2):
        (store / str(number)).write_bytes(bright())
    later = datetime.now(UTC) + timedelta(days=1)
    assert (await sweeper.run(store, "--since", later.isoformat())).end["done"] == 0
    assert (await sweeper.run(store)).end["done"] == 2
    (store / "2").write_bytes(dark())
    purged = await sweeper.run(store, "--purge")
    assert (purged.code, purged.end["kept"]) == (ExitCode.FOUND, 0)
    assert [path.name for path in store.iterdir()] == ["2"]
    assert paths(await sweeper.report(store)) == {"0", "1"}


async def test_sweep_every_while_never_looks_before_since(sweeper: Sweeper, tmp_path: Path) -> None:
    """With --every no pass goes further back than --since: what that leaves out is neither found nor removed."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "old").write_bytes(bright())
    since_s = (store / "old").stat().st_ctime + 60
    since = datetime.fromtimestamp(since_s, UTC).isoformat()
    options = ("--json", "--purge", "--since", since, "--every", "1s")
    found = []
    async with sweeper.started("sweep run", store, *options) as process:
        async for line in json_lines(process):
            if line["event"] != "end":
                continue
            found.append(line["found"])
            if len(found) == 3:
                break
            new = tmp_path / "new"
            new.write_bytes(bright())
            os.utime(new, (since_s + 60, since_s + 60))
            new.rename(store / "new")
    assert found == [0, 1, 1]
    assert [path.name for path in store.iterdir()] == ["old"]


async def test_sweep_of_everything_every_while_then_looks_for_what_is_new(sweeper: Sweeper, tmp_path: Path) -> None:
    """With --all only the first pass asks about everything again."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "any").write_bytes(dark())
    await sweeper.run(store)
    listings = []
    async with sweeper.started("sweep run", store, "--json", "--all", "--every", "1s") as process:
        async for line in json_lines(process):
            if line["event"] == "begin":
                listings.append(line["listing"].partition(" since ")[0])
            if len(listings) == 2:
                break
    assert listings == ["everything", "all names, for what changed"]


async def test_sweep_begins_anew_where_more_is_asked_for(sweeper: Sweeper, tmp_path: Path) -> None:
    """A broken-off sweep does not go on where --all asks for more, nor with --restart: all of it is done anew."""
    store = tmp_path / "store"
    store.mkdir()
    for number in range(40):
        (store / str(number)).write_bytes(dark())
    for options in (("--all",), ("--restart",)):
        async with sweeper.started("sweep run", store, "--json", "--since", "1d", "--limit-rate", "8") as process:
            async for line in json_lines(process):
                if line["event"] == "progress" and line["done"]:
                    break
            process.send_signal(signal.SIGKILL)
            await process.wait()
        swept = await sweeper.run(store, *options)
        (begin,) = [line for line in swept.lines if line["event"] == "begin"]
        assert (begin["resumed"], swept.end["done"]) == (False, 40)


async def test_sweep_broken_off_by_a_signal_goes_on_later(sweeper: Sweeper, tmp_path: Path) -> None:
    """Ctrl-C ends it with 130 and a sentence; the next run does not begin anew."""
    store = tmp_path / "store"
    store.mkdir()
    for number in range(120):
        (store / str(number)).write_bytes(dark())
    async with sweeper.started("sweep run", store, "--json", "--limit-rate", "40") as process:
        async for line in json_lines(process):
            if line["event"] == "progress" and line["done"] > 20:
                break
        process.send_signal(signal.SIGINT)
        _, words = await process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert b"goes on here" in words
    swept = await sweeper.run(store)
    assert (swept.end["run"], swept.end["done"]) == (1, 120)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sweep_url": ""}, "FEDIWARD_SWEEP_URL is not set"),
        ({"sweep_url": "http://127.0.0.1:14051"}, "FEDIWARD_SWEEP_URL must be"),
    ],
)
async def test_sweep_without_a_caller_says_what_to_do(
    sweeper: Sweeper, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    """A wrong setting is one sentence and exit code 2."""
    other = Sweeper(sweeper.coordinator, name=f"other{tmp_path.name[-8:]}", **change)
    swept = await other.run(tmp_path)
    assert (swept.code, sentence in swept.words) == (ExitCode.BAD_CONFIGURATION, True)


async def test_sweep_of_a_caller_that_may_not_is_refused(sweeper: Sweeper, tmp_path: Path) -> None:
    """A caller without the right to sweep, or an unknown one, ends it with the code of a refused token."""
    secret = sweeper.coordinator.new_caller("plain")
    for wrong in (secret, "unknown"):
        other = Sweeper(sweeper.coordinator, name=f"x{wrong[:4]}", sweep_url=sweeper.coordinator.hook_url(wrong))
        assert (await other.run(tmp_path)).code == ExitCode.TOKEN_REFUSED
