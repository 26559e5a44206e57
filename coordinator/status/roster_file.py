"""What is known of scanners, kept across restarts of the coordinator: `scanners.json` in the data folder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from coordinator.private_file import write_private
from coordinator.status.record import Record
from coordinator.status.timeline import Timeline

logger = logging.getLogger(__name__)


class KnownScanner(BaseModel):
    """One scanner in the file. Nothing here is a secret, and nothing of a picture."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    left: datetime | None
    left_why: str = ""
    last_sign: datetime | None
    last_result: datetime | None
    host: str = ""
    version: str = ""
    device_asked: str = ""
    device: str = ""
    models: tuple[str, ...] = ()
    capacity: int = 0
    scans: int = 0
    frames: int = 0
    faults: int = 0
    last_fault: str = ""


class RosterFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    scanners: tuple[KnownScanner, ...] = ()

    @classmethod
    def of(cls, records: Iterable[Record], timeline: Timeline) -> RosterFile:
        """Write down records; whoever is connected now counts as away since its last word."""
        return cls(scanners=tuple(_known(record, timeline) for record in records))

    @classmethod
    def read(cls, path: Path) -> RosterFile:
        """Read the file. What cannot be read is as if nothing were known: only the page has less to show."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            logger.warning("%s cannot be read (%s): scanners that are away are not shown", path, type(error).__name__)
            return cls()

    def write(self, path: Path) -> None:
        """Replace the file. Raises OSError."""
        write_private(path, self.model_dump_json(indent=1))

    def records(self, timeline: Timeline) -> Iterable[Record]:
        """Yield the records again."""
        for known in self.scanners:
            yield Record(
                known.name,
                left_s=_seconds(known.left, timeline),
                left_why=known.left_why or "the coordinator was restarted",
                host=known.host,
                version=known.version,
                device_asked=known.device_asked,
                device=known.device,
                models=known.models,
                capacity=known.capacity,
                last_sign_s=_seconds(known.last_sign, timeline),
                last_result_s=_seconds(known.last_result, timeline),
                scans=known.scans,
                frames=known.frames,
                faults=known.faults,
                last_fault=known.last_fault,
            )


def _known(record: Record, timeline: Timeline) -> KnownScanner:
    is_connected = bool(record.generation)
    return KnownScanner(
        name=record.name,
        left=timeline.at_or_none(record.last_sign_s if is_connected else record.left_s),
        left_why="" if is_connected else record.left_why,
        last_sign=timeline.at_or_none(record.last_sign_s),
        last_result=timeline.at_or_none(record.last_result_s),
        host=record.host,
        version=record.version,
        device_asked=record.device_asked,
        device=record.device,
        models=record.models,
        capacity=record.capacity,
        scans=record.scans,
        frames=record.frames,
        faults=record.faults,
        last_fault=record.last_fault,
    )


def _seconds(then: datetime | None, timeline: Timeline) -> float | None:
    return None if then is None else timeline.seconds(then)
