"""From what is remembered of a scanner, and how dispatch sees it, to the row that is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from coordinator.dispatch.state import FaultRecord, Phase, ScannerState
from coordinator.status.record import Record
from coordinator.status.refusals import RefusalCause
from coordinator.status.scanner import Connection, Intent, IntentKind, Pause, Place, ScannerStatus
from coordinator.status.timeline import Timeline
from coordinator.trust.record import Aside


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is known of one scanner at a moment, from the places that know it."""

    name: str
    created: datetime | None
    """When its token was made; None for one whose token counts no more."""
    record: Record | None = None
    state: ScannerState | None = None
    faults: FaultRecord | None = None
    pause: Pause | None = None
    refusal: tuple[RefusalCause, float] | None = None
    disagreements: int = 0
    aside: Aside | None = None
    """Set while its scores are not believed."""


def row_of(sight: Sight, model: str, timeline: Timeline) -> ScannerStatus:
    """Make the row of a scanner; `model` is the one that it should serve."""
    record = sight.record or Record(sight.name)
    state = sight.state if record.generation else None
    connection, why = connection_of(sight, record, state, timeline.now_s)
    intent = intent_of(sight, record, timeline)
    load = record.load if record.generation else None
    measured = state is not None and state.busy_frames > 0
    return ScannerStatus(
        name=sight.name,
        connection=connection,
        why=why,
        since=_since(sight, record, connection, timeline),
        intent=intent,
        takes_uploads=takes_uploads(record, state, timeline.now_s),
        host=record.host,
        version=record.version,
        device_asked=record.device_asked,
        device=record.device,
        model_asked=model,
        models=record.models,
        in_flight=state.frames_in_flight if state else 0,
        capacity=state.capacity if state else record.capacity,
        scans=record.scans,
        frames=record.frames,
        frames_per_s=round(1 / state.seconds_per_frame if state and measured else load.frames_per_s if load else 0, 2),
        timing=record.timing(timeline.now_s),
        faults=record.faults,
        last_fault=record.last_fault,
        disagreements=sight.disagreements,
        last_result=timeline.at_or_none(record.last_result_s),
        last_sign=timeline.at_or_none(record.last_sign_s),
        connected=timeline.at_or_none(record.connected_s) if record.generation else None,
        memory_used_bytes=load.memory_used_bytes if load else 0,
        memory_total_bytes=load.memory_total_bytes if load else 0,
    )


def takes_uploads(record: Record, state: ScannerState | None, now_s: float) -> bool:
    """Say whether an upload that comes now may go to a scanner, as far as fresh evidence goes."""
    return state is not None and state.is_present and not record.is_quiet(now_s)


def connection_of(sight: Sight, record: Record, state: ScannerState | None, now_s: float) -> tuple[Connection, str]:
    """Say where a scanner stands, and explain it where that needs words."""
    if state is None:
        if sight.refusal is not None and sight.refusal[1] > (record.left_s if record.left_s is not None else -1e18):
            return Connection.REFUSED, str(sight.refusal[0])
        if record.last_sign_s is None:
            return Connection.NEVER_CONNECTED, ""
        return Connection.OFFLINE, record.left_why
    silent_s = now_s - record.last_sign_s if record.last_sign_s is not None else 0.0
    if record.problem:
        return Connection.CANNOT_SERVE, "set aside" if sight.aside is not None else record.problem
    if state.is_late or record.is_quiet(now_s):
        return Connection.LATE, f"silent for {silent_s:.0f} s"
    match state.phase:
        case Phase.DRAINING:
            return Connection.DRAINING, f"{state.frames_in_flight} frames to finish"
        case Phase.WARMING:
            if record.load is not None and record.load.paused and record.load.reason:
                return Connection.CANNOT_SERVE, record.load.reason
            return Connection.WARMING_UP, ""
        case Phase.READY:
            return (Connection.WORKING if state.pushes else Connection.READY), ""


def intent_of(sight: Sight, record: Record, timeline: Timeline) -> Intent:
    """Say what is meant to happen with a scanner. What an admin here ordered goes before what its machine says."""
    if sight.created is None:
        return Intent(IntentKind.REVOKED)
    if (pause := sight.pause) is not None and (pause.until is None or pause.until > timeline.now):
        return Intent(IntentKind.PAUSED, Place.PAGE, pause.who, pause.note, pause.since, pause.until)
    if (aside := sight.aside) is not None:
        since, until = timeline.at(aside.since_s), timeline.at(aside.until_s)
        return Intent(IntentKind.SET_ASIDE, note=aside.reason, since=since, until=until)
    load, is_ready = record.load, sight.state is not None and sight.state.phase is Phase.READY
    if record.generation and is_ready and load is not None and load.paused:
        return Intent(IntentKind.PAUSED, Place.MACHINE, record.host, load.reason)
    faults = sight.faults
    if faults is not None and faults.aside_until_s > timeline.now_s:
        since, until = timeline.at(faults.last_s), timeline.at(faults.aside_until_s)
        return Intent(IntentKind.SET_ASIDE, note=f"{faults.count} faults: {faults.reason}", since=since, until=until)
    return Intent()


def _since(sight: Sight, record: Record, connection: Connection, timeline: Timeline) -> datetime | None:
    match connection:
        case Connection.NEVER_CONNECTED:
            return sight.created
        case Connection.REFUSED:
            assert sight.refusal is not None
            return timeline.at(sight.refusal[1])
        case Connection.OFFLINE:
            return timeline.at_or_none(record.left_s if record.left_s is not None else record.last_sign_s)
        case Connection.LATE:
            return timeline.at_or_none(record.last_sign_s)
        case _:
            return timeline.at_or_none(record.connected_s)


def states_by_name(states: Mapping[int, ScannerState]) -> dict[str, ScannerState]:
    """Return the connections by the scanner's name; of one that has two, the newer."""
    return {state.scanner: state for _, state in sorted(states.items())}
