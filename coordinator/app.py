"""The composition root: settings in, a running coordinator out."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack

from starlette.applications import Starlette

from coordinator import __version__
from coordinator.body import BodyMemory
from coordinator.credentials import Credentials
from coordinator.dispatch.machine import Machine
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.policy import Policy
from coordinator.media.errors import NoPlace
from coordinator.media.limited import Cutters
from coordinator.media.seal import close_memory, describe
from coordinator.server import Listener, listen
from coordinator.settings import Settings
from coordinator.uploads import Uploads
from coordinator.web.health import Health
from coordinator.web.hook import Hook
from coordinator.web.scanner_socket import ScannerSocket
from shared.errors import FediwardError

logger = logging.getLogger(__name__)


class StartError(FediwardError):
    """The coordinator cannot work on this machine. `str` is one sentence."""


async def serve(settings: Settings, policy: Policy, credentials: Credentials) -> None:
    """Run a coordinator until SIGTERM or SIGINT; a second signal ends it at once.

    Raises ConfigurationError before anything is served.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    sockets = (
        listen("FEDIWARD_HOOK_BIND", settings.hook_bind),
        listen("FEDIWARD_PUBLIC_BIND", settings.public_bind),
    )
    close_memory()
    async with AsyncExitStack() as stack:
        try:
            cutters = await stack.enter_async_context(Cutters(limits=settings.media_limits, count=settings.cutters))
        except NoPlace as error:
            raise StartError(f"The coordinator cannot cut frames here: {error}.") from error
        logger.info("%d limited processes: %s", settings.cutters, describe(cutters.snapshot().seals))
        hub = Hub(Machine(now=loop.time()))
        stack.callback(hub.close)
        intake = Intake()
        uploads = Uploads(hub=hub, cutters=cutters, policy=policy, views=settings.views)
        memory = BodyMemory(settings.body_memory)
        hook = Hook(
            credentials=credentials,
            uploads=uploads,
            intake=intake,
            outcomes=settings.outcomes,
            memory=memory,
            body_limit_bytes=settings.body_limit,
            deadline_ms=settings.deadline_ms,
            trusted_proxies=settings.trusted_proxies,
        )
        scanners = ScannerSocket(credentials=credentials, hub=hub, policy=policy)
        health = Health(hub=hub, intake=intake)
        listeners = (
            Listener(Starlette(routes=[hook.route, *health.routes]), sockets[0]),
            Listener(Starlette(routes=[scanners.route, *health.routes]), sockets[1]),
        )
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, _stop, stopping)
        async with asyncio.TaskGroup() as group:
            for listener in listeners:
                group.create_task(listener.run_until_stopped())
            watching = group.create_task(scanners.watch_credentials())
            logger.info(
                "fediward-coordinator %s: uploads on %s, scanners on %s, model %s, policy %s (%s), mode %s",
                __version__,
                settings.hook_bind,
                settings.public_bind,
                policy.model,
                policy.name,
                policy.fingerprint[:12],
                settings.mode,
            )
            await stopping.wait()
            await _drain(intake, scanners, settings.deadline_ms / 1e3)
            watching.cancel()
            for listener in listeners:
                listener.stop()
    logger.info("stopped; left: %r, %r, %d bytes of bodies", hub, uploads, memory.used_bytes)


def _stop(stopping: asyncio.Event) -> None:
    if stopping.is_set():
        raise KeyboardInterrupt
    stopping.set()


async def _drain(intake: Intake, scanners: ScannerSocket, longest_s: float) -> None:
    """Answer what is on its way, at most for the deadline, then ask the scanners to come back."""
    logger.info("stopping: %d uploads on their way", intake.open_uploads)
    intake.stop()
    try:
        async with asyncio.timeout(longest_s):
            await intake.drained()
    except TimeoutError:
        logger.warning("stopping with %d uploads unanswered", intake.open_uploads)
    await scanners.close()
