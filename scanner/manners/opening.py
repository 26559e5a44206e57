"""Composition of the manners: settings in, a watch out."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from scanner.manners.decision import Rules
from scanner.manners.hours import Hours
from scanner.manners.nvml import NvmlGauge
from scanner.manners.state_dir import StateDir, default_state_dir
from scanner.manners.watch import Watch
from scanner.settings import Settings
from shared.errors import ConfigurationError

logger = logging.getLogger(__name__)


def open_watch(settings: Settings) -> Watch:
    """Open what the settings ask for; the GPU's driver only if they do.

    Raises ConfigurationError when something that was asked for is not to be had here.
    """
    rules = Rules(
        hours=Hours.parse(settings.hours) if settings.hours else None,
        start_paused=settings.start_paused,
        yield_gpu_percent=settings.yield_gpu,
    )
    gauge = None if rules.yield_gpu_percent is None else NvmlGauge.open()
    required = settings.state_dir is not None or settings.start_paused
    watch = Watch(rules, state_dir=_claim(settings.state_dir, required=required), gauge=gauge)
    if rules.hours is not None:
        logger.info("works at %s", rules.hours)
    if rules.yield_gpu_percent is not None:
        logger.info("steps aside while other programs use %g %% of the GPU or more", rules.yield_gpu_percent)
    return watch


def find_state_dir(chosen: Path | None) -> StateDir:
    """Return the folder that was chosen, or the usual one. Raises ConfigurationError where there is none."""
    if chosen is not None:
        return StateDir(chosen)
    try:
        return StateDir(default_state_dir(os.environ, Path.home()))
    except RuntimeError as error:
        raise ConfigurationError(
            "FEDIWARD_STATE_DIR: this user has no home: name a folder in which `pause` may leave a file"
        ) from error


def _claim(chosen: Path | None, *, required: bool) -> StateDir | None:
    try:
        state_dir = find_state_dir(chosen)
        state_dir.claim()
    except OSError as error:
        fault = f"FEDIWARD_STATE_DIR: cannot use {state_dir.folder}: {error.strerror}"
        if required:
            raise ConfigurationError(fault) from error
    except ConfigurationError as error:
        if required:
            raise
        fault = str(error)
    else:
        return state_dir
    # A scanner that protects people does not stay away for want of a convenience.
    logger.warning("%s; `fediward-scanner pause` will not reach this scanner", fault)
    return None
