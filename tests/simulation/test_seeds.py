"""The dispatch machine keeps its promises whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.plan import Trouble
from tests.simulation.play import Play
from tests.simulation.runs import Summary, play_all, read_regressions

pytestmark = pytest.mark.timeout(600)

SEEDS = 2000
LEAST_OCCURRENCES = 100
TRACED_SEEDS = 50
HAPPENINGS = (
    "ScannerJoined",
    "ScannerReady",
    "ScannerDraining",
    "ScannerLeft",
    "LoadChanged",
    "RoomReserved",
    "ScannerHeld",
    "ScannerForgiven",
    "ScanSubmitted",
    "SpotCheckSubmitted",
    "ScanAbandoned",
    "FramesReceived",
    "FramesDone",
    "ResultArrived",
    "PushFailed",
    "Tick",
    "Push",
    "Cancel",
    "Fence",
    "WakeAt",
    "scored",
    "no_scanner",
    "overloaded",
    "timed_out",
    "scanner_fault",
    "spot check scored",
    "spot check no_scanner",
    "spot check timed_out",
    "extra push",
    "fewer looks",
    "set aside",
)


@pytest.fixture(scope="module")
def summary() -> Summary:
    """Play the seeds once for all tests of this module."""
    return play_all(range(SEEDS))


@pytest.mark.slow
def test_seeds_keep_every_promise(summary: Summary) -> None:
    """No invariant breaks in 2,000 seeds, everything is answered, everything recovers, nothing is left over."""
    assert not summary.broken, str(summary)
    assert summary.seeds == SEEDS


@pytest.mark.slow
@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_occurs(summary: Summary, trouble: Trouble) -> None:
    """What never happens proves nothing: every fault occurs often."""
    assert summary.tally[trouble] >= LEAST_OCCURRENCES


@pytest.mark.slow
@pytest.mark.parametrize("happening", HAPPENINGS)
def test_happening_occurs(summary: Summary, happening: str) -> None:
    """Every event, every command, every end and every rule occurs often."""
    assert summary.tally[happening] >= LEAST_OCCURRENCES


@pytest.mark.parametrize("seed", read_regressions())
def test_regression_stays_fixed(seed: int) -> None:
    """A seed that once broke a promise does so no more."""
    played = Play(seed).run(tells=True)
    assert not played.fault, played.fault


def test_same_seeds_give_the_same_trace() -> None:
    """Nothing depends on the order of hashes, or on anything else but the seed."""
    command = [sys.executable, "-m", "tests.simulation", "--trace", "--seeds", str(TRACED_SEEDS)]
    traces = [
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": number}, capture_output=True, check=True).stdout
        for number in ("1", "2")
    ]
    assert traces[0] == traces[1]
    assert len(traces[0].strip()) == 64
