"""The last calibration over a restart: one small file of mode 0600."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from coordinator.private_file import write_private
from coordinator.sweeps import LastCalibration

logger = logging.getLogger(__name__)

MAX_BYTES = 10_000


def read_calibration(path: Path) -> LastCalibration | None:
    """Return what was kept; None, with a line in the log for a file that is damaged, where there is nothing."""
    try:
        with path.open("rb") as file:
            return LastCalibration.model_validate_json(file.read(MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        logger.warning("%s: %s; the page shows no last calibration until the next one", path, why)
        return None


def keep_calibration(path: Path, last: LastCalibration) -> None:
    """Write it down; where that cannot be done, say so: it is shown all the same, until the coordinator ends."""
    try:
        write_private(path, last.model_dump_json())
    except OSError as error:
        logger.error("%s cannot be written: %s", path, error.strerror)
