"""The row of a scanner: where it stands, apart from what is meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coordinator.dispatch.state import FaultRecord, Phase, PushState, ScannerState
from coordinator.status.record import LATE_AFTER_S, Record
from coordinator.status.refusals import RefusalCause
from coordinator.status.rows import Sight, row_of, states_by_name
from coordinator.status.scanner import Connection, IntentKind, Pause, Place, ScannerStatus
from coordinator.trust.record import Aside
from shared.messages import Lane
from tests.coordinator.status.hellos import hello, load
from tests.coordinator.status.situations import NOW, NOW_S, TIMELINE

CREATED = NOW - timedelta(days=3)


def record(*, is_connected: bool = True, problem: str = "", **changes: Any) -> Record:
    """Make what is remembered of a scanner that connected ten seconds ago and said something just now."""
    made = Record("box")
    made.greet(1, hello(), problem, NOW_S - 10)
    made.load, made.last_sign_s = load(), NOW_S
    if not is_connected:
        made.generation, made.left_s, made.left_why = 0, NOW_S - 5, "connection lost"
    return replace(made, **changes)


def state(phase: Phase = Phase.READY, **changes: Any) -> ScannerState:
    """Make its connection as dispatch sees it."""
    return replace(ScannerState(1, "box", 8, NOW_S - 10, phase), **changes)


def row(**parts: Any) -> ScannerStatus:
    """Make the row of a scanner whose token is in force."""
    return row_of(Sight("box", **{"created": CREATED, **parts}), "null", TIMELINE)


BUSY = {"s1": PushState("s1", 1, Lane.LIVE, 4, 100, NOW_S)}


@pytest.mark.parametrize(
    ("parts", "connection", "since_s", "takes"),
    [
        ({"record": record(), "state": state()}, Connection.READY, -10, True),
        ({"record": record(), "state": state(pushes=BUSY)}, Connection.WORKING, -10, True),
        ({"record": record(load=None), "state": state(Phase.WARMING)}, Connection.WARMING_UP, -10, False),
        ({"record": record(), "state": state(Phase.DRAINING)}, Connection.DRAINING, -10, False),
        ({"record": record(), "state": state(is_late=True)}, Connection.LATE, 0, False),
        ({"record": record(last_sign_s=NOW_S - 6), "state": state()}, Connection.LATE, -6, False),
        ({"record": record(problem="wrong model"), "state": state(Phase.WARMING)}, Connection.CANNOT_SERVE, -10, False),
        (
            {"record": record(load=load(reason="no")), "state": state(Phase.WARMING)},
            Connection.CANNOT_SERVE,
            -10,
            False,
        ),
        ({"record": record(is_connected=False)}, Connection.OFFLINE, -5, False),
        ({"record": record(is_connected=False, left_s=None)}, Connection.OFFLINE, 0, False),
        ({"record": record(is_connected=False), "state": state()}, Connection.OFFLINE, -5, False),
        ({}, Connection.NEVER_CONNECTED, -3 * 86_400, False),
        ({"refusal": (RefusalCause.WRONG_PROTOCOL, NOW_S - 2)}, Connection.REFUSED, -2, False),
        (
            {"record": record(is_connected=False), "refusal": (RefusalCause.WRONG_PROTOCOL, NOW_S - 2)},
            Connection.REFUSED,
            -2,
            False,
        ),
        (
            {"record": record(is_connected=False), "refusal": (RefusalCause.WRONG_PROTOCOL, NOW_S - 60)},
            Connection.OFFLINE,
            -5,
            False,
        ),
    ],
)
def test_rows_connection_is_what_the_evidence_says(
    parts: dict[str, Any], connection: Connection, since_s: float, takes: bool
) -> None:
    """Where it stands and since when; only one that is ready and answers takes uploads."""
    found = row(**parts)
    assert (found.connection, found.takes_uploads) == (connection, takes)
    assert found.since == NOW + timedelta(seconds=since_s)


def test_rows_say_why() -> None:
    """What is not plain from the word is explained."""
    assert row(record=record(problem="wrong model"), state=state()).why == "wrong model"
    assert row(record=record(load=load(reason="cannot prepare")), state=state(Phase.WARMING)).why == "cannot prepare"
    assert row(record=record(is_connected=False)).why == "connection lost"
    assert row(record=record(last_sign_s=NOW_S - LATE_AFTER_S - 1), state=state()).why == "silent for 5 s"
    assert "protocol" in row(refusal=(RefusalCause.WRONG_PROTOCOL, NOW_S)).why


def test_rows_intent_of_an_admin_goes_first() -> None:
    """A pause that was ordered here, with who, why and until when; it ends by itself."""
    pause = Pause("admin", "new fan", NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    paused = row(record=record(load=load(reason="its hours")), state=state(), pause=pause).intent
    assert (paused.kind, paused.place, paused.who, paused.note) == (IntentKind.PAUSED, Place.PAGE, "admin", "new fan")
    assert (paused.since, paused.until) == (pause.since, pause.until)
    assert row(pause=replace(pause, until=NOW)).intent.kind is IntentKind.ACTIVE
    assert row(pause=replace(pause, until=None)).intent.kind is IntentKind.PAUSED
    assert row(pause=pause, created=None).intent.kind is IntentKind.REVOKED


def test_rows_intent_of_the_machine() -> None:
    """A pause that was ordered at the scanner's machine is told apart, with its reason, while it is connected."""
    there = row(record=record(load=load(reason="outside its hours")), state=state(capacity=0))
    assert (there.intent.kind, there.intent.place) == (IntentKind.PAUSED, Place.MACHINE)
    assert (there.intent.note, there.takes_uploads) == ("outside its hours", False)
    assert row(record=record(is_connected=False, load=load(reason="x"))).intent.kind is IntentKind.ACTIVE


def test_rows_intent_set_aside() -> None:
    """With the count, the cause and the time of the next try; a past one is over."""
    faults = FaultRecord(count=3, last_s=NOW_S - 4, aside_until_s=NOW_S + 6, reason="device lost")
    aside = row(record=record(), state=state(), faults=faults).intent
    assert (aside.kind, aside.note) == (IntentKind.SET_ASIDE, "3 faults: device lost")
    assert (aside.since, aside.until) == (NOW - timedelta(seconds=4), NOW + timedelta(seconds=6))
    over = replace(faults, aside_until_s=NOW_S)
    assert row(record=record(), state=state(), faults=over).intent.kind is IntentKind.ACTIVE


def test_rows_intent_of_who_is_not_believed() -> None:
    """Set aside with the reason, also while it says itself that it gets nothing."""
    aside = Aside("its scores differ from those of one and two", NOW_S - 4, NOW_S + 56)
    intent = row(record=record(load=load(reason="set aside")), state=state(), aside=aside).intent
    assert (intent.kind, intent.note) == (IntentKind.SET_ASIDE, "its scores differ from those of one and two")
    assert (intent.since, intent.until) == (NOW - timedelta(seconds=4), NOW + timedelta(seconds=56))


def test_rows_speed_is_measured_before_it_is_believed() -> None:
    """What dispatch measured, before that what the scanner says, before that nothing."""
    measured = state(seconds_per_frame=0.05, busy_frames=4.0, frames_in_flight=4)
    assert row(record=record(), state=measured).frames_per_s == 20
    assert row(record=record(), state=measured).in_flight == 4
    assert row(record=record(), state=state()).frames_per_s == 12
    assert row().frames_per_s == 0


def test_rows_newer_connection_counts() -> None:
    """A scanner that came back while its old connection stands has one row."""
    states = {2: ScannerState(2, "box", 8, 0.0), 1: ScannerState(1, "box", 4, 0.0)}
    assert states_by_name(states)["box"].capacity == 8
