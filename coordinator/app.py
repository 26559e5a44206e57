"""The composition root: settings in, a running coordinator out."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from starlette.applications import Starlette

from coordinator import __version__
from coordinator.allocator import return_free_memory, return_large_blocks
from coordinator.body import BodyMemory
from coordinator.calibration_file import read_calibration
from coordinator.comparisons import Comparisons
from coordinator.copies import Copies, extra_is_installed
from coordinator.credentials import Credentials
from coordinator.dispatch.machine import Machine
from coordinator.hub import Hub
from coordinator.intake import Intake
from coordinator.judge.outcomes import Mode
from coordinator.judge.policy import Policy
from coordinator.later.give_way import GiveWay
from coordinator.later.look import Look
from coordinator.later.plan import Plan
from coordinator.later.worker import LaterLook
from coordinator.ledger.ledger import Ledger
from coordinator.media.errors import NoPlace
from coordinator.media.limited import Cutters
from coordinator.media.seal import close_memory, describe
from coordinator.notices.alarm import Patience
from coordinator.notices.sender import Sender, Target
from coordinator.notices.watch import Watch
from coordinator.pictrs.client import PictRs
from coordinator.records import Records
from coordinator.server import Listener, listen
from coordinator.settings import Settings
from coordinator.status.board import Board, Judging
from coordinator.status.collectors import Collectors
from coordinator.steering import Steering
from coordinator.sweeps import Sweeps
from coordinator.trust.record import Trust
from coordinator.trust.sampling import Sampler
from coordinator.uploads import Uploads
from coordinator.web.admin.page import AdminPage
from coordinator.web.admin.token import AdminToken, open_token
from coordinator.web.health import Health
from coordinator.web.hook import Hook
from coordinator.web.metrics.page import MetricsPage
from coordinator.web.scanner_socket import ScannerSocket
from coordinator.web.status import StatusPage
from coordinator.web.sweep_door import SweepDoor
from shared.errors import FediwardError
from shared.exit_codes import ExitCode

logger = logging.getLogger(__name__)


class StartError(FediwardError):
    """The coordinator cannot work on this machine. `str` is one sentence."""


async def serve(settings: Settings, policy: Policy, credentials: Credentials, targets: Sequence[Target] = ()) -> None:
    """Run a coordinator until SIGTERM or SIGINT; a second signal ends it at once.

    Notices go to `targets`. Raises ConfigurationError before anything is served.
    """
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    sockets = (
        listen("FEDIWARD_HOOK_BIND", settings.hook_bind),
        listen("FEDIWARD_PUBLIC_BIND", settings.public_bind),
    )
    admin_token = _admin_token(settings)
    close_memory()
    return_large_blocks()
    async with AsyncExitStack() as stack:
        opening = Ledger(settings.ledger_file, periods=settings.periods, checks=True)
        ledger = await stack.enter_async_context(opening)
        likeness = extra_is_installed() and (await ledger.likenesses.state()).blocks
        cutters = Cutters(limits=settings.media_limits, count=settings.cutters, likeness=likeness)
        try:
            await stack.enter_async_context(cutters)
        except NoPlace as error:
            raise StartError(f"The coordinator cannot cut frames here: {error}.") from error
        logger.info("%d limited processes: %s", settings.cutters, describe(cutters.snapshot().seals))
        copies = Copies(ledger=ledger, cutters=cutters, distance=settings.pdq_distance, quality=settings.pdq_quality)
        await copies.load()
        stack.callback(copies.close)
        if len(copies):
            logger.info("copies of what is blocked are recognised, by %d likenesses", len(copies))
        hub = Hub(Machine(now=loop.time()))
        stack.callback(hub.close)
        steering = Steering(settings.steering_file, hub=hub, outcomes=settings.outcomes)
        intake = Intake(on_live=cutters.sweeps_stand_still, on_calm=cutters.sweeps_go_on)
        trust = Trust(noise=os.urandom, weights=settings.fingerprint)
        sampler = Sampler(random.SystemRandom().random)
        comparisons = await stack.enter_async_context(Comparisons(hub=hub, trust=trust, sampler=sampler))
        uploads = Uploads(
            hub=hub,
            cutters=cutters,
            policy=policy,
            views=settings.views,
            comparisons=comparisons,
            copies=copies,
        )
        memory = BodyMemory(settings.body_memory)
        if settings.body_memory < settings.body_limit:
            logger.warning(
                "uploads of more than %d bytes are not looked at when they come: FEDIWARD_BODY_MEMORY is less than "
                "FEDIWARD_BODY_LIMIT",
                settings.body_memory,
            )
        records = Records(
            ledger=ledger,
            policy=policy,
            views=settings.views,
            weights=lambda: hub.weights,
            last_weights=await ledger.last_weights(policy.model),
        )
        later_look = None
        if (pictrs := await _pictrs(settings, steering.mode, ledger, stack)) is not None:
            give_way = GiveWay(intake)
            look = Look(
                debts=ledger.debts,
                audit=ledger.audit,
                records=records,
                pictrs=pictrs,
                uploads=uploads,
                plan=Plan(settings.later_look, settings.outcomes),
                body_limit_bytes=settings.body_limit,
                give_way=give_way,
            )
            later_look = LaterLook(look=look, debts=ledger.debts, scanner_ready=hub.scanner_ready, give_way=give_way)
        collectors = Collectors(loop.time())
        hook = Hook(
            credentials=credentials,
            uploads=uploads,
            records=records,
            intake=intake,
            outcomes=settings.outcomes,
            memory=memory,
            body_limit_bytes=settings.body_limit,
            deadline_ms=settings.deadline_ms,
            trusted_proxies=settings.trusted_proxies,
            log=collectors.uploads,
        )
        scanners = ScannerSocket(
            credentials=credentials,
            hub=hub,
            trust=trust,
            policy=policy,
            collectors=collectors,
            trusted_proxies=settings.trusted_proxies,
        )
        sweeps = Sweeps(last_calibration=read_calibration(settings.calibration_file))
        sweep_door = SweepDoor(
            caller_of=hook.caller_of,
            records=records,
            outcomes=settings.outcomes,
            policy=policy,
            sweeps=sweeps,
            audit=ledger.audit,
            calibration_file=settings.calibration_file,
        )
        health = Health(hub=hub, intake=intake)
        board = Board(
            collectors,
            hub=hub,
            intake=intake,
            credentials=credentials,
            judging=Judging(policy, settings.outcomes, settings.strictness),
            debts=ledger.debts,
            roster_file=settings.scanners_file,
            debt_fault=None if later_look is None else partial(getattr, later_look, "fault"),
        )
        board.disagreements_of = trust.disagreements
        board.aside_of = trust.aside_of
        watch = None
        if targets:
            sender = Sender(targets)
            sender.start()
            stack.callback(_close, sender)
            patience = Patience(settings.notify_grace_s, settings.notify_recovery_s)
            watch = Watch(snapshot=board.snapshot, audit=ledger.audit, send=sender.send, patience=patience)
        status = StatusPage(token=admin_token, board=board)
        board.pause_of = steering.pauses.get
        page = AdminPage(
            token=admin_token,
            sessions_file=settings.sessions_file,
            snapshot=board.snapshot,
            events_of=board.events_of,
            scanners=scanners,
            credentials=credentials,
            roster=collectors.roster,
            trust=trust,
            ledger=ledger,
            steering=steering,
            sweeps=sweeps,
            trusted_proxies=settings.trusted_proxies,
            public_url=settings.public_url,
        )
        metrics = MetricsPage(
            token=admin_token,
            networks=settings.metrics_networks,
            trusted_proxies=settings.trusted_proxies,
            snapshot=board.snapshot,
            collectors=collectors,
        )
        listeners = (
            Listener(Starlette(routes=[hook.route, *sweep_door.routes, *health.routes]), sockets[0]),
            Listener(
                Starlette(
                    routes=[
                        scanners.route,
                        scanners.plain_route,
                        *status.routes,
                        metrics.route,
                        *health.routes,
                        page.mount,
                    ]
                ),
                sockets[1],
            ),
        )
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, _stop, stopping)
        async with asyncio.TaskGroup() as group:
            for listener in listeners:
                group.create_task(listener.run_until_stopped())
            lasting = [
                group.create_task(scanners.watch_credentials()),
                group.create_task(ledger.retention.run()),
                group.create_task(board.run()),
                group.create_task(return_free_memory(lambda: intake.uploads, lambda: intake.open_uploads)),
                group.create_task(steering.end_pauses()),
            ]
            if later_look is not None:
                lasting.append(group.create_task(later_look.run()))
            if watch is not None:
                lasting.append(group.create_task(watch.run()))
            logger.info(
                "fediward-coordinator %s: uploads on %s, scanners on %s, model %s, policy %s (%s), mode %s",
                __version__,
                settings.hook_bind,
                settings.public_bind,
                policy.model,
                policy.name,
                policy.fingerprint[:12],
                steering.mode,
            )
            await stopping.wait()
            for task in lasting:
                task.cancel()
            await _drain(intake, scanners, settings.deadline_ms / 1e3)
            page.close()
            for listener in listeners:
                listener.stop()
    logger.info("stopped; left: %r, %r, %d bytes of bodies", hub, uploads, memory.used_bytes)


def _close(sender: Sender) -> None:
    if (left := sender.close()) > 0:
        logger.warning("stopping with %d notices that were not sent", left)


def _admin_token(settings: Settings) -> AdminToken:
    """Return the admin's token; one that was made just now is shown this once."""
    setting = "" if settings.admin_token is None else settings.admin_token.get_secret_value()
    token, made = open_token(setting, settings.admin_token_file)
    if made:
        # Not into the log, which may be kept and sent about.
        sys.stderr.write(f"The admin token, shown this once: {made}\n")
        sys.stderr.flush()
    return token


async def _pictrs(settings: Settings, mode: Mode, ledger: Ledger, stack: AsyncExitStack) -> PictRs | None:
    """Return the pict-rs to look into later, None when none is named; say what that means for pictures unseen."""
    counts = await ledger.debts.debt_counts()
    since = "" if counts.oldest is None else f", the oldest of {counts.oldest.isoformat(timespec='seconds')}"
    open_debts = f"{counts.open} accepted unseen{since}"
    if not settings.pictrs_url or settings.pictrs_api_key is None:
        logger.warning(
            "pictures that are accepted unseen are only listed, never looked at later: FEDIWARD_PICTRS_URL and "
            "FEDIWARD_PICTRS_API_KEY are not both set; %s",
            open_debts,
        )
        return None
    does = "nothing is removed in shadow mode" if mode is Mode.SHADOW else f"{settings.later_look} if flagged"
    logger.info("pictures that are accepted unseen are looked at later (%s); %s", does, open_debts)
    return await stack.enter_async_context(PictRs(settings.pictrs_url, settings.pictrs_api_key.get_secret_value()))


def _stop(stopping: asyncio.Event) -> None:
    if stopping.is_set():
        # An orderly end of the loop would log every upload that it breaks off as a fault.
        logging.shutdown()
        os._exit(ExitCode.INTERRUPTED)
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
