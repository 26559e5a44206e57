"""Uploads in limited processes: real processes, real pipes; the misbehaving ones are played by `children.actor`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from coordinator.media.errors import CutTimedOut, MediaError, NoPlace, Reason, TooCostly, Unreadable, Unsupported
from coordinator.media.limited import Cutters, Limits
from coordinator.media.looks import Cut, Look, LookKind, Views
from coordinator.media.pool import Pool
from coordinator.media.stillness import LONGEST_STILL_S
from tests.coordinator.media.children import actor
from tests.coordinator.media.pictures import encoded, photograph

SIZE = 32
JPEG_HEAD = b"\xff\xd8\xff\xe0" + bytes(12)
SHORT = Limits(cpu_s=0.3, wall_s=1.5)


def played(role: str) -> tuple[str, ...]:
    """Return the command of a process that plays `role` with every upload that asks for none."""
    return (sys.executable, "-I", str(Path(actor.__file__)), role)


async def cut(
    cutters: Cutters, body: bytes | list[bytes], *, live: bool = True, within_s: float = 30, size: int = SIZE
) -> Cut:
    """Cut an upload, within a time from now."""
    chunks = [body] if isinstance(body, bytes) else body
    end = asyncio.get_running_loop().time() + within_s
    return await cutters.cut(chunks, size=size, views=Views.CENTRE, lane_is_live=live, deadline_s=end)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, which others bring about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- what happens in the kernel has no event here
            await asyncio.sleep(0.005)


async def warm(cutters: Cutters) -> None:
    """Wait until every process is there and free."""
    await until(lambda: cutters.snapshot().warm == cutters.snapshot().count)


async def gone(pid: int) -> None:
    """Wait until a process has ended and has been reaped."""
    await until(lambda: not psutil.pid_exists(pid))


async def under_way(cutters: Cutters, busy: int) -> None:
    """Wait until so many processes have an upload."""
    await until(lambda: cutters.snapshot().busy == busy)


async def test_cut_gives_centre_of_photograph() -> None:
    """A photograph gives one frame of the size asked for, and says what it was."""
    async with Cutters(limits=Limits()) as cutters:
        result = await cut(cutters, encoded(photograph(), "JPEG"), size=64)
    assert (result.format, result.width, result.height, result.partial) == ("jpeg", 451, 300, False)
    assert result.looks == (Look(LookKind.CENTRE),)
    assert [len(frame) for frame in result.frames] == [64 * 64 * 3]
    assert 0 < result.decode_ms < 4000


async def test_cut_takes_any_chunks() -> None:
    """How the body came in pieces does not matter, empty and one-byte pieces included."""
    body = encoded(photograph(), "JPEG")
    pieces = [body[:1], body[1:2], b"", *(body[at : at + 7] for at in range(2, len(body), 7))]
    async with Cutters(limits=Limits()) as cutters:
        assert (await cut(cutters, pieces)).frames == (await cut(cutters, body)).frames


async def test_cut_larger_than_pipe() -> None:
    """A body far larger than a pipe holds passes through it."""
    body = encoded(photograph("coffee"), "PNG") + bytes(12 << 20)
    async with Cutters(limits=Limits()) as cutters:
        assert (await cut(cutters, body)).format == "png"


async def test_cut_refuses_unknown_format_without_process() -> None:
    """What is no image never gets to a process."""
    async with Cutters(limits=SHORT, command=played("sleep")) as cutters:
        for body in (b"hello world", b"<svg/>", b""):
            with pytest.raises(Unsupported) as caught:
                await cut(cutters, body)
            assert caught.value.reason is Reason.UNKNOWN_FORMAT
        assert cutters.snapshot().warm == 2


@pytest.mark.parametrize(
    ("role", "error", "reason"),
    [
        ("segfault", Unreadable, Reason.CRASHED),
        ("exit", Unreadable, Reason.CRASHED),
        ("half a frame", Unreadable, Reason.CRASHED),
        ("frame then segfault", Unreadable, Reason.CRASHED),
        ("killed", TooCostly, Reason.MEMORY),
        ("burn", TooCostly, Reason.PROCESSOR),
        ("sleep", CutTimedOut, Reason.WALL_TIME),
        ("out of memory", TooCostly, Reason.MEMORY),
        ("noise", Unreadable, Reason.NONSENSE),
        ("no head", Unreadable, Reason.NONSENSE),
        ("two heads", Unreadable, Reason.NONSENSE),
        ("no frame", Unreadable, Reason.NONSENSE),
        ("17 frames", Unreadable, Reason.NONSENSE),
        ("no reason", Unreadable, Reason.NONSENSE),
        ("ready again", Unreadable, Reason.NONSENSE),
    ],
)
async def test_cut_survives_misbehaving_process(role: str, error: type[MediaError], reason: Reason) -> None:
    """One upload that costs its process is answered with why; the process is replaced, and the next upload is cut."""
    async with Cutters(limits=SHORT, command=played("good")) as cutters:
        before = set(cutters.snapshot().pids)
        began = time.monotonic()
        with pytest.raises(error) as caught:
            await cut(cutters, JPEG_HEAD + role.encode())
        assert caught.value.reason is reason
        assert time.monotonic() - began < SHORT.wall_s + 0.5
        assert (await cut(cutters, JPEG_HEAD)).partial is False
        await warm(cutters)
        after = set(cutters.snapshot().pids)
        assert len(before & after) == 1
        assert cutters.snapshot().replaced == 1
        for pid in before - after:
            await gone(pid)


async def test_cut_process_that_closes_output_is_ended() -> None:
    """A process that hangs up without ending is ended, and its upload answered."""
    async with Cutters(limits=SHORT, command=played("good")) as cutters:
        with pytest.raises(MediaError):
            await cut(cutters, JPEG_HEAD + b"closes")
        await warm(cutters)


async def test_cut_process_that_talks_on_is_replaced() -> None:
    """A proper answer counts; what a process says after it costs the process."""
    async with Cutters(limits=SHORT, command=played("good")) as cutters:
        first = set(cutters.snapshot().pids)
        assert (await cut(cutters, JPEG_HEAD + b"more after")).partial is False
        await until(lambda: cutters.snapshot().replaced > 0)
        await warm(cutters)
        assert set(cutters.snapshot().pids) != first


async def test_cut_survives_process_that_ends_before_it_began() -> None:
    """An upload given to a process that had not read a byte of it when it ended is cut by another one."""
    async with Cutters(limits=SHORT, command=played("good")) as cutters:
        pids = cutters.snapshot().pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        await until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids))
        cutting = asyncio.create_task(cut(cutters, JPEG_HEAD))
        await under_way(cutters, 1)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert (await cutting).frames
        await warm(cutters)
        assert not set(pids) & set(cutters.snapshot().pids)


async def test_cut_answer_before_whole_body_is_nonsense() -> None:
    """A process that answers an upload that it has not read yet has made it up."""
    async with Cutters(limits=SHORT, command=played("answers before reading")) as cutters:
        with pytest.raises(Unreadable) as caught:
            await cut(cutters, JPEG_HEAD + bytes(8 << 20))
        assert caught.value.reason is Reason.NONSENSE


@pytest.mark.parametrize("role", ["frame then sleep", "frame then burn"])
async def test_cut_partial_when_limit_reached(role: str) -> None:
    """Frames that were cut before a limit ended the process are kept, and called partial."""
    async with Cutters(limits=SHORT, command=played(role)) as cutters:
        result = await cut(cutters, JPEG_HEAD)
    assert result.partial
    assert result.frames == (bytes(SIZE * SIZE * 3),)


async def test_cut_deadline_before_wall_time() -> None:
    """The deadline of the upload ends it when it comes before the wall time."""
    async with Cutters(limits=Limits(), command=played("sleep")) as cutters:
        began = time.monotonic()
        with pytest.raises(CutTimedOut) as caught:
            await cut(cutters, JPEG_HEAD, within_s=0.3)
        assert caught.value.reason is Reason.DEADLINE
        assert time.monotonic() - began < 2.0


async def test_cut_past_deadline_costs_no_process() -> None:
    """An upload whose deadline has passed is not begun."""
    async with Cutters(limits=Limits(), command=played("sleep")) as cutters:
        with pytest.raises(CutTimedOut):
            await cut(cutters, JPEG_HEAD, within_s=-0.1)
        assert cutters.snapshot().warm == 2


async def test_cut_no_free_process_in_time() -> None:
    """An upload that waits past its deadline is told so, and leaves nothing in the queue."""
    async with Cutters(limits=Limits(), command=played("sleep")) as cutters, asyncio.TaskGroup() as group:
        busy = [group.create_task(cut(cutters, JPEG_HEAD)) for _ in range(2)]
        await under_way(cutters, 2)
        with pytest.raises(CutTimedOut) as caught:
            await cut(cutters, JPEG_HEAD, within_s=0.1)
        assert caught.value.reason is Reason.NO_FREE_PROCESS
        assert cutters.snapshot().waiting_live == 0
        for task in busy:
            task.cancel()


async def test_cancel_ends_process() -> None:
    """Cancelling an upload ends the process that works on it, and one that waits costs none."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        before = set(cutters.snapshot().pids)
        working = asyncio.create_task(cut(cutters, JPEG_HEAD + b"sleep"))
        await under_way(cutters, 1)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        await warm(cutters)
        (ended,) = before - set(cutters.snapshot().pids)
        await gone(ended)
        assert cutters.snapshot().replaced == 1


async def test_cancel_while_waiting_costs_nothing() -> None:
    """An upload cancelled in the queue leaves it, and its turn goes to the next one."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        holding = [asyncio.create_task(cut(cutters, JPEG_HEAD + b"sleep")) for _ in range(2)]
        await under_way(cutters, 2)
        waiting = asyncio.create_task(cut(cutters, JPEG_HEAD))
        behind = asyncio.create_task(cut(cutters, JPEG_HEAD))
        await until(lambda: cutters.snapshot().waiting_live == 2)
        waiting.cancel()
        holding[0].cancel()
        assert (await behind).partial is False
        holding[1].cancel()
        await asyncio.gather(*holding, waiting, return_exceptions=True)
        await warm(cutters)
        assert cutters.snapshot().replaced == 2


async def test_lanes_do_not_wait_for_each_other() -> None:
    """With every live process busy sweep work goes, and the other way round."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        live = [asyncio.create_task(cut(cutters, JPEG_HEAD + b"sleep")) for _ in range(2)]
        await under_way(cutters, 2)
        assert (await cut(cutters, JPEG_HEAD, live=False)).partial is False
        sweep = asyncio.create_task(cut(cutters, JPEG_HEAD + b"sleep", live=False))
        await under_way(cutters, 3)
        waiting = [asyncio.create_task(cut(cutters, JPEG_HEAD, live=is_live)) for is_live in (True, False)]
        await until(lambda: cutters.snapshot().waiting_live == cutters.snapshot().waiting_sweep == 1)
        live[0].cancel()
        assert (await waiting[0]).partial is False
        assert not waiting[1].done()
        sweep.cancel()
        assert (await waiting[1]).partial is False
        live[1].cancel()
        await asyncio.gather(*live, sweep, return_exceptions=True)


async def test_sweep_has_processes_of_its_own() -> None:
    """Processes for sweeps start with the first sweep, one fewer than the others."""
    async with Cutters(limits=Limits(), command=played("good"), count=3) as cutters:
        first = cutters.snapshot().pids
        assert len(first) == 3
        await asyncio.gather(*(cut(cutters, JPEG_HEAD, live=False) for _ in range(4)))
        others = set(cutters.snapshot().pids) - set(first)
        assert len(others) == 2
    assert not any(psutil.pid_exists(pid) for pid in others)


def stopped(pids: set[int]) -> bool:
    """Say whether all processes stand still."""
    return all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids)


async def test_sweep_stands_still_for_live_uploads() -> None:
    """While processes of sweeps stand still, live uploads are cut and sweep ones wait; then these are cut as well."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        first = set(cutters.snapshot().pids)
        cutters.sweeps_stand_still()  # nobody sweeps yet
        await cut(cutters, JPEG_HEAD, live=False)
        of_sweeps = set(cutters.snapshot().pids) - first
        cutters.sweeps_stand_still()
        await until(lambda: stopped(of_sweeps))
        sweep = asyncio.create_task(cut(cutters, JPEG_HEAD, live=False))
        await cut(cutters, JPEG_HEAD)
        assert not sweep.done()
        assert stopped(of_sweeps)
        cutters.sweeps_go_on()
        assert (await sweep).partial is False
        assert not stopped(of_sweeps)


async def test_sweep_does_not_go_on_between_live_uploads_that_follow_each_other() -> None:
    """A pause that ends at once is none."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        first = set(cutters.snapshot().pids)
        await cut(cutters, JPEG_HEAD, live=False)
        of_sweeps = set(cutters.snapshot().pids) - first
        cutters.sweeps_stand_still()
        sweep = asyncio.create_task(cut(cutters, JPEG_HEAD, live=False))
        await until(lambda: cutters.snapshot().waiting_sweep == 1)
        cutters.sweeps_go_on()
        assert cutters.snapshot().waiting_sweep == 1
        cutters.sweeps_stand_still()
        await asyncio.sleep(LONGEST_STILL_S / 4)
        assert stopped(of_sweeps)
        assert not sweep.done()
        await sweep


async def test_sweep_goes_on_beside_live_uploads_that_never_end() -> None:
    """After LONGEST_STILL_S sweeps go on, and stand still again only as far as they ran in between."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        await cut(cutters, JPEG_HEAD, live=False)
        for _ in range(3):
            began_s = time.monotonic()
            cutters.sweeps_stand_still()
            await cut(cutters, JPEG_HEAD, live=False)
            assert time.monotonic() - began_s < LONGEST_STILL_S + 5
            cutters.sweeps_go_on()


async def test_pool_does_not_stop_what_starts() -> None:
    """Where live uploads never pause, a process that has to load its codecs gets there all the same."""
    pool = Pool(limits=Limits(), count=1, command=played("not ready"), has_patience=True, likeness=False)
    before = {process.pid for process in psutil.Process().children()}
    opening = asyncio.create_task(pool.open())
    await until(lambda: pool.starting == 1)
    (starting,) = {process.pid for process in psutil.Process().children()} - before
    pool.stand_still()
    await asyncio.sleep(LONGEST_STILL_S / 10)
    assert not stopped({starting})
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    assert not psutil.pid_exists(starting)


async def test_close_while_sweeps_stand_still() -> None:
    """Closing ends processes that stand still, too."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        await cut(cutters, JPEG_HEAD, live=False)
        pids = cutters.snapshot().pids
        cutters.sweeps_stand_still()
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_sweep_has_until_its_deadline() -> None:
    """Where processes may stand still the clock says nothing about an upload: late is late, and not costly."""
    async with Cutters(limits=SHORT, command=played("good")) as cutters:
        with pytest.raises(CutTimedOut):
            await cut(cutters, JPEG_HEAD + b"sleep", live=False, within_s=SHORT.wall_s + 0.5)


async def test_idle_process_that_ends_is_replaced() -> None:
    """A process that is killed while nobody uses it is replaced before the next upload needs it."""
    async with Cutters(limits=Limits(), command=played("good")) as cutters:
        pid = cutters.snapshot().pids[0]
        os.kill(pid, 9)
        await gone(pid)
        await warm(cutters)
        assert pid not in cutters.snapshot().pids
        assert (await cut(cutters, JPEG_HEAD)).partial is False


async def test_process_is_recycled_after_its_number() -> None:
    """After its number of uploads a process makes room for a new one, and no upload waits for that."""
    async with Cutters(limits=Limits(uploads=3), command=played("good")) as cutters:
        first = set(cutters.snapshot().pids)
        for _ in range(12):
            assert (await cut(cutters, JPEG_HEAD)).partial is False
        async with asyncio.timeout(20):
            while first & set(cutters.snapshot().pids):
                await cut(cutters, JPEG_HEAD)
        for pid in first:
            await gone(pid)
        await warm(cutters)
        assert len(cutters.snapshot().pids) == 2


async def test_learn_likeness_replaces_every_process() -> None:
    """Processes are replaced by such as know likenesses when that is first wanted; an upload under way is not lost."""
    async with Cutters(limits=Limits()) as cutters:
        first = set(cutters.snapshot().pids)
        end = asyncio.get_running_loop().time() + 30
        ask = partial(cutters.cut, size=SIZE, views=Views.CENTRE, lane_is_live=True, deadline_s=end, likeness=True)
        body = encoded(photograph(), "JPEG")
        assert (await ask([body])).likeness is None
        cutting = [asyncio.create_task(cut(cutters, body)) for _ in range(6)]
        await cutters.learn_likeness()
        assert cutters.knows_likeness
        assert all([(await done).frames for done in cutting])
        assert [(await ask([body])).likeness is None for _ in range(4)] == [False] * 4
        assert (await cut(cutters, body)).likeness is None
        for pid in first:
            await gone(pid)
        assert cutters.snapshot().replaced == 2


async def test_close_ends_everything() -> None:
    """Closing ends all processes, busy ones too; uploads under way and later ones are told that there is no place."""
    cutters = Cutters(limits=Limits(), command=played("good"))
    async with cutters:
        pids = cutters.snapshot().pids
        tasks = [asyncio.create_task(cut(cutters, JPEG_HEAD + b"sleep")) for _ in range(3)]
        await under_way(cutters, 2)
    for task in tasks:
        with pytest.raises(NoPlace):
            await task
    for pid in pids:
        assert not psutil.pid_exists(pid)
    with pytest.raises(NoPlace):
        await cut(cutters, JPEG_HEAD)
    assert cutters.snapshot().pids == ()


@pytest.mark.parametrize("command", [("/nonexistent",), played("dies at start")])
async def test_start_fails_at_once(command: tuple[str, ...]) -> None:
    """When no process can be had, starting says so instead of waiting."""
    with pytest.raises(NoPlace) as caught:
        async with Cutters(limits=Limits(), command=command):
            pass
    assert caught.value.reason is Reason.WILL_NOT_START


async def test_64_at_once_are_all_cut() -> None:
    """Many uploads at once are all served by the processes that there are, none of which is replaced."""
    body = encoded(photograph(), "JPEG")
    async with Cutters(limits=Limits()) as cutters:
        results = await asyncio.gather(*(cut(cutters, body) for _ in range(64)))
        assert cutters.snapshot().replaced == 0
        assert cutters.snapshot().busy == 0
    assert len({result.frames for result in results}) == 1


async def test_cancel_while_starting_leaves_nothing() -> None:
    """Cancelling the start ends the processes that were being started."""
    before = {child.pid for child in psutil.Process().children()}
    cutters = Cutters(limits=Limits(), command=played("not ready"))
    starting = asyncio.create_task(cutters.__aenter__())
    await until(lambda: cutters.snapshot().starting == 2)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert {child.pid for child in psutil.Process().children()} <= before
