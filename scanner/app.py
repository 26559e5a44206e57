"""Composition root of a scanner: settings in; a model, an engine and a link out; and signals that end them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import NoReturn

from scanner.address import check_literal, parse_address
from scanner.channel import Channel
from scanner.curve import capacity_of
from scanner.dialler import Dialler
from scanner.engine import Engine
from scanner.errors import DismissedError, TokenRefusedError
from scanner.link import Link
from scanner.manners.opening import open_watch
from scanner.manners.watch import Watch
from scanner.models import Model
from scanner.models.errors import DeviceLostError
from scanner.models.registry import choose_batch, open_model
from scanner.session import Session
from scanner.settings import Settings
from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode
from shared.limits import MAX_NAME_CHARACTERS
from shared.messages import Hello, ServedModel

logger = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def serve(settings: Settings) -> ExitCode:
    """Open the model, connect, and serve until a signal or the coordinator ends it. Gives the exit code of the process.

    Raises ConfigurationError before anything is connected.
    """
    _start_logging(settings)
    address = parse_address(settings.coordinator)
    if not (address.secure or settings.insecure):
        check_literal(address)
    dialler = Dialler(address, settings.read_token(), proxy=settings.proxy, insecure=settings.insecure)
    # As process 1 of a container, a signal without a handler would be ignored while the model loads.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_loading)
    software = f"fediward-scanner {version('fediward')}"
    logger.info("%s, name %s", software, settings.name)
    logger.info("coordinator %s, %s", address, dialler.describe_proxy())
    watch = open_watch(settings)
    model = open_model(settings)
    engine = Engine(model, batch_frames=choose_batch(model, settings))
    capacity = settings.capacity or capacity_of(engine.batch_frames)
    logger.info(
        "model %s on %s, batches of %d, %d frames in flight", model.name, model.device, engine.batch_frames, capacity
    )

    def hello() -> Hello:
        return make_hello(model, capacity, settings, software)

    code = asyncio.run(serve_model(engine, hello, dialler, watch))
    if engine.busy or code is ExitCode.DEVICE_LOST:
        # Otherwise the interpreter would wait for a batch whose result nobody takes, or for a device that is gone.
        _end_process(code)
    return code


def make_hello(model: Model, capacity: int, settings: Settings, software: str) -> Hello:
    """Introduce this scanner, as it is now: a model may go on more precisely than it began."""
    return Hello(
        software=software,
        name=settings.name,
        device_asked=model.device_asked,
        device=model.device[:MAX_NAME_CHARACTERS],
        models=(ServedModel(model.name, model.fingerprint, model.frame_size),),
        capacity=capacity,
        precision=model.precision,
    )


async def serve_model(engine: Engine, hello: Callable[[], Hello], dialler: Dialler, watch: Watch) -> ExitCode:
    """Serve with an engine whose model is open, until a signal, the coordinator or the device ends it.

    Takes SIGTERM and SIGINT. Closes the engine and the watch.
    """

    def open_session(channel: Channel) -> Session:
        return Session(channel, engine, hello(), pauses=watch.pauses)

    link = Link(dialler.dial, open_session)
    stopping = asyncio.Event()
    asked = _handle_signals(stopping)
    code = ExitCode.DONE
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(engine.run()), group.create_task(watch.run(engine))]
            code = await _follow(link, stopping)
            for task in tasks:
                task.cancel()
    except* DeviceLostError as lost:
        logger.error("%s", lost.exceptions[0])
        code = ExitCode.DEVICE_LOST
    watch.close()
    engine.close()
    logger.info("ended")
    return ExitCode.INTERRUPTED if signal.SIGINT in asked else code


async def _follow(link: Link, stopping: asyncio.Event) -> ExitCode:
    try:
        await link.run(stopping)
    except TokenRefusedError as error:
        logger.error("%s", error)
        return ExitCode.TOKEN_REFUSED
    except DismissedError as error:
        logger.error("%s", error)
        return ExitCode.FAILED
    except ConfigurationError as error:
        logger.error("%s", error)
        return ExitCode.BAD_CONFIGURATION
    return ExitCode.DONE


def _handle_signals(stopping: asyncio.Event) -> list[signal.Signals]:
    """Let the first signal drain and the second end at once. Gives the list of those that came."""
    came: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if came:
            _end_process(ExitCode.INTERRUPTED)
        came.append(number)
        logger.info("%s: finishing what is in flight; once more ends at once", number.name)
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return came


def _end_loading(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.DONE)


def _end_process(code: ExitCode) -> NoReturn:
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _start_logging(settings: Settings) -> None:
    # Others' loggers stay at warnings: below, websockets logs the header that holds the token.
    logging.basicConfig(stream=sys.stderr, format=LOG_FORMAT, level=logging.WARNING)
    for name in ("scanner", "shared"):
        logging.getLogger(name).setLevel(settings.log_level.upper())
