"""How late a scanner's event loop is at worst, from its start to its end under load: nothing may block it.

    python -m tests.bench.loop [--architecture ViT-L-14]

The scanner is a process of its own, with random weights on the processor, before a real coordinator. Beside it runs a
process with an empty loop: how late that is at worst is the machine's doing.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from pathlib import Path

from scanner.address import parse_address
from scanner.app import make_hello, serve_model
from scanner.curve import capacity_of
from scanner.dialler import Dialler
from scanner.engine import Engine
from scanner.manners.opening import open_watch
from scanner.models.registry import choose_batch, open_model
from scanner.settings import Settings, read_settings
from tests.bench.load import Caller, distinct
from tests.bench.rows import Row, at_most
from tests.bench.served import animation, picture, policy_file
from tests.bench.through_engine import Heartbeat
from tests.bench.tower import write_random_weights
from tests.end_to_end.processes import Coordinator, Process

CALLERS = 4
UPLOADS = 40
READY_S = 300
BAR_MS = 50.0
SAYS = "event loop late at worst, ms: "


async def serve_watched(settings: Settings) -> float:
    """Do what `scanner.app.serve` does, until SIGTERM; return how late the loop was at worst, in seconds."""
    engine = Engine(model := open_model(settings), batch_frames=choose_batch(model, settings))
    dialler = Dialler(parse_address(settings.coordinator), settings.read_token(), proxy=settings.proxy)
    heartbeat, capacity = Heartbeat(), capacity_of(engine.batch_frames)
    async with heartbeat.watched():
        await serve_model(engine, lambda: make_hello(model, capacity, settings, "bench"), dialler, open_watch(settings))
    return heartbeat.worst_s


async def idle_watched() -> float:
    """Do nothing until SIGTERM; return how late the loop was at worst, in seconds."""
    heartbeat, stopping = Heartbeat(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with heartbeat.watched():
        await stopping.wait()
    return heartbeat.worst_s


async def measure(architecture: str, weights: Path) -> list[Row]:
    """Start coordinator and scanner, load them with videos and pictures, and ask the scanner in the end."""
    file = write_random_weights(architecture, weights)
    name = f"{architecture}/random"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with Coordinator(folder, model=name, policy=policy_file(folder, name), log_level="info") as coordinator:
            settings: dict[str, object] = {
                "coordinator": coordinator.ws_url,
                "token": coordinator.new_scanner("bench"),
                "model": name,
                "weights": file,
                "activation": "quickgelu",
                "device": "cpu",
                "cache": folder / "cache",
                "state_dir": folder / "state",
                "proxy": 0,
            }
            scanner = Process(folder, "bench", "-m", "tests.bench.loop", "--serve", settings=settings)
            idle = Process(folder, "idle", "-m", "tests.bench.loop", "--idle", settings={})
            idle.launch()
            scanner.launch()
            try:
                await coordinator.scanner_ready("bench", within_s=READY_S)
                await asyncio.gather(*(_upload(coordinator, number) for number in range(CALLERS)))
                await scanner.stop()
                await idle.stop()
            finally:
                scanner.clean_up()
                idle.clean_up()
            late_ms, idle_ms = (float(process.log.rpartition(SAYS)[2].split()[0]) for process in (scanner, idle))
    return [
        at_most(f"{architecture}: scanner's event loop late at worst", late_ms, "ms", bar=BAR_MS),
        at_most(f"{architecture}: an empty loop's beside it", idle_ms, "ms"),
    ]


async def _upload(coordinator: Coordinator, caller: int) -> None:
    bodies = (picture(), animation())
    async with Caller("127.0.0.1", coordinator.hook_port, "/api/v1/scan/IPADDR") as line:
        for number in range(UPLOADS // CALLERS):
            await line.send(distinct(bodies[number % 2], caller * UPLOADS + number))


def rows() -> list[Row]:
    """Measure the smaller model, and return the rows."""
    return asyncio.run(measure("ViT-B-32", Path(tempfile.gettempdir()) / "fediward-bench-weights"))


def main() -> None:
    """Measure and print, or be the scanner that is measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loop")
    parser.add_argument("--architecture", default="ViT-B-32")
    parser.add_argument("--weights", type=Path, default=Path(tempfile.gettempdir()) / "fediward-bench-weights")
    parser.add_argument("--serve", action="store_true", help="be the scanner; settings from the environment")
    parser.add_argument("--idle", action="store_true", help="be the empty loop beside it")
    options = parser.parse_args()
    if options.serve or options.idle:
        work = serve_watched(read_settings({}, env_file=None)) if options.serve else idle_watched()
        print(f"{SAYS}{asyncio.run(work) * 1e3:.1f}", flush=True)
        return
    for row in asyncio.run(measure(options.architecture, options.weights)):
        print(f"{row['name']}: {row['value']:.4g} {row['unit']} (bar {row['bar']}, ok {row['ok']})")


if __name__ == "__main__":
    main()
