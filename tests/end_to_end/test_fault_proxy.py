"""The fault proxy does what its names say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.fault_proxy import FaultProxy
from tests.end_to_end.ports import free_port
from tests.end_to_end.waiting import until

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
WAIT_S = 10.0


@dataclass
class Far:
    """A server behind the proxy, whose connections the test holds in its hands."""

    port: int
    connections: asyncio.Queue[Ends] = field(default_factory=asyncio.Queue)


@dataclass
class Pair:
    """Both ends of one connection through the proxy."""

    near: Ends
    far: Ends


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    """A server that accepts, and does nothing by itself."""
    found = Far(free_port())
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await found.connections.put((reader, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", found.port):
        yield found
        for writer in writers:
            writer.close()


@pytest.fixture
async def proxy(far: Far) -> AsyncIterator[FaultProxy]:
    """A proxy without faults before that server."""
    async with FaultProxy(port=far.port) as made:
        yield made


@asynccontextmanager
async def pair(proxy: FaultProxy, far: Far) -> AsyncIterator[Pair]:
    """Make a connection through the proxy."""
    near = await asyncio.open_connection("127.0.0.1", proxy.port)
    async with asyncio.timeout(WAIT_S):
        yield Pair(near, await far.connections.get())
    near[1].close()


async def received(reader: asyncio.StreamReader, count: int) -> bytes:
    """Wait for so many bytes."""
    async with asyncio.timeout(WAIT_S):
        return await reader.readexactly(count)


async def test_proxy_passes_bytes_and_ends(proxy: FaultProxy, far: Far) -> None:
    """Without faults, bytes pass in both directions, and the end of one of them leaves the other open."""
    async with pair(proxy, far) as line:
        line.near[1].write(b"up" * 50_000)
        line.near[1].write_eof()
        assert await line.far[0].read() == b"up" * 50_000
        line.far[1].write(b"down")
        line.far[1].close()
        assert await line.near[0].read() == b"down"
        assert (proxy.bytes_up, proxy.bytes_down) == (100_000, 4)
        await until(lambda: proxy.lines_open == 0, within_s=WAIT_S, what="the line is closed")


async def test_latency_delays_one_direction(proxy: FaultProxy, far: Far) -> None:
    """Latency delays every byte of its direction, not the other's, and does not limit how many pass."""
    proxy.up.latency_s = 0.5
    async with pair(proxy, far) as line:
        began_s = time.monotonic()
        line.near[1].write(bytes(200_000))
        late = asyncio.create_task(received(line.far[0], 200_000))
        line.far[1].write(b"down")
        await received(line.near[0], 4)
        assert not late.done()
        await late
        assert 0.5 <= time.monotonic() - began_s < 2


async def test_bandwidth_limits_one_direction(proxy: FaultProxy, far: Far) -> None:
    """Bandwidth bounds the bytes a second."""
    proxy.down.bytes_per_s = 200_000
    async with pair(proxy, far) as line:
        began_s = time.monotonic()
        line.far[1].write(bytes(100_000))
        await received(line.near[0], 100_000)
        assert 0.5 <= time.monotonic() - began_s < 2


async def test_blackhole_takes_and_loses(proxy: FaultProxy, far: Far) -> None:
    """A blackhole takes bytes and delivers none; the other direction lives; when it ends, the line is reset."""
    async with pair(proxy, far) as line:
        proxy.down.blackhole = True
        line.far[1].write(b"lost")
        line.near[1].write(b"alive")
        assert await received(line.far[0], 5) == b"alive"
        proxy.down.blackhole = False
        line.far[1].write(b"after the hole")
        with pytest.raises(ConnectionResetError):
            await received(line.near[0], 1)


async def test_slicer_cuts_into_pieces(proxy: FaultProxy, far: Far) -> None:
    """The slicer sends small pieces with pauses between them."""
    proxy.up.slice_bytes, proxy.up.slice_delay_s = 10, 0.02
    async with pair(proxy, far) as line:
        began_s = time.monotonic()
        line.near[1].write(bytes(range(100)))
        first = await line.far[0].read(100)
        assert len(first) < 100
        assert first + await received(line.far[0], 100 - len(first)) == bytes(range(100))
        assert time.monotonic() - began_s >= 0.18


async def test_limit_data_closes_after_so_many_bytes(proxy: FaultProxy, far: Far) -> None:
    """limit_data passes so many bytes and closes the connection."""
    proxy.up.limit_bytes = 1_000
    async with pair(proxy, far) as line:
        line.near[1].write(bytes(5_000))
        assert len(await line.far[0].read()) == 1_000


async def test_slow_close_delays_the_end(proxy: FaultProxy, far: Far) -> None:
    """slow_close passes bytes at once and the end later."""
    proxy.up.slow_close_s = 0.3
    async with pair(proxy, far) as line:
        line.near[1].write(b"last")
        line.near[1].write_eof()
        began_s = time.monotonic()
        assert await received(line.far[0], 4) == b"last"
        assert not line.far[0].at_eof()
        assert await line.far[0].read() == b""
        assert time.monotonic() - began_s >= 0.3


async def test_zero_window_stops_the_sender(proxy: FaultProxy, far: Far) -> None:
    """With a zero window the sender cannot send on, and nothing is lost when the window opens again."""
    async with pair(proxy, far) as line:
        proxy.down.zero_window = True
        line.far[1].write(bytes(20_000_000))
        sending = asyncio.create_task(line.far[1].drain())
        done, _ = await asyncio.wait({sending}, timeout=0.3)
        assert not done
        proxy.down.zero_window = False
        assert await received(line.near[0], 20_000_000) == bytes(20_000_000)
        await sending


async def test_reset_ends_both_sides(proxy: FaultProxy, far: Far) -> None:
    """A reset is seen as one on both sides; new connections pass."""
    async with pair(proxy, far) as line:
        proxy.reset()
        for reader, _ in (line.near, line.far):
            with pytest.raises(ConnectionResetError):
                await received(reader, 1)
    async with pair(proxy, far) as line:
        line.near[1].write(b"again")
        assert await received(line.far[0], 5) == b"again"


async def test_half_open_ends_the_near_side_only(proxy: FaultProxy, far: Far) -> None:
    """After half_open the client is reset, and the server hears nothing: neither bytes nor an end."""
    async with pair(proxy, far) as line:
        proxy.half_open()
        with pytest.raises(ConnectionResetError):
            await received(line.near[0], 1)
        hearing = asyncio.create_task(line.far[0].read())
        async with pair(proxy, far) as second:
            second.near[1].write(b"back")
            assert await received(second.far[0], 4) == b"back"
        assert not hearing.done()
        hearing.cancel()


async def test_cut_refuses_until_mended(proxy: FaultProxy, far: Far) -> None:
    """A cut resets what is there and refuses what comes, until it is mended."""
    async with pair(proxy, far) as line:
        await proxy.cut()
        with pytest.raises(ConnectionResetError):
            await received(line.near[0], 1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.mend()
    async with pair(proxy, far) as line:
        line.near[1].write(b"mended")
        assert await received(line.far[0], 6) == b"mended"


async def test_heal_ends_all_faults(proxy: FaultProxy, far: Far) -> None:
    """Healed, a line passes bytes as if nothing had been."""
    for toxics in (proxy.up, proxy.down):
        toxics.latency_s, toxics.bytes_per_s, toxics.slice_bytes, toxics.limit_bytes = 60.0, 1.0, 1, 1
        toxics.zero_window = toxics.blackhole = True
    proxy.heal()
    async with pair(proxy, far) as line:
        line.near[1].write(b"well")
        assert await received(line.far[0], 4) == b"well"
