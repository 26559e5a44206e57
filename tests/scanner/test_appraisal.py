"""What a machine is told that it can do."""

from __future__ import annotations

import json

import pytest

from scanner.appraisal import Appraisal, appraise
from scanner.curve import Point
from scanner.models.null import NullModel
from scanner.selftest import Fidelity

GOOD, BAD = Fidelity(16, 0.9999, 0.0004), Fidelity(16, 0.98, 0.01)


def make(frame_s: float = 0.5, *, fidelity: Fidelity | None = GOOD) -> Appraisal:
    """Appraise a machine that needs so long for a frame, whatever the batch."""
    return Appraisal("m", "cpu", fidelity, (Point(1, frame_s), Point(2, 2 * frame_s)), frame_s)


def test_sentence_says_what_the_machine_can_do() -> None:
    """Two frames a second: 2.6 frames an upload on average, seven parts in ten of the time in use."""
    assert make(0.5).uploads_per_minute == int(60 * 0.7 * 2 / (0.9 * 2 + 0.1 * 8))
    assert make(0.5).sentence() == (
        "This machine answers about 32 uploads a minute within 6.5 seconds each, if one in ten is a video, of which it "
        "sees 8 of 8 moments."
    )


def test_sentence_says_what_there_is_no_time_for() -> None:
    """A slower machine sees fewer moments of a video."""
    assert "sees 5 of 8 moments" in make(1.2).sentence()


def test_machine_that_is_too_slow_is_told_so() -> None:
    """A machine that needs longer than the budget for a usual picture answers none in time."""
    assert make(4.0).uploads_per_minute == 0
    assert "too slow" in make(4.0).sentence()


def test_machine_that_computes_something_else_must_not_serve() -> None:
    """Being fast does not help."""
    appraisal = make(0.001, fidelity=BAD)
    assert not appraisal.passed
    assert "must not serve" in appraisal.sentence()
    assert appraisal.record()["uploads_per_minute"] == 0


def test_record_is_json() -> None:
    """Everything that was found out can be printed as JSON."""
    record = json.loads(json.dumps(make().record()))
    assert record["passed"] is True
    assert record["fidelity"] == {"frames": 16, "cosine": 0.9999, "difference": 0.0004}
    assert record["curve"] == [{"frames": 1, "seconds": 0.5}, {"frames": 2, "seconds": 1.0}]
    assert record["batch_frames"] == 1
    assert record["frames_per_s"] == pytest.approx(2.0)


def test_null_model_is_appraised_without_a_comparison() -> None:
    """There is nothing to compare, but times are measured."""
    appraisal = appraise(NullModel(ms_per_frame=1.0))
    assert appraisal.fidelity is None
    assert appraisal.passed
    assert appraisal.scan_s >= 0.001
    assert appraisal.record()["weights"] == NullModel.fingerprint
    assert 0 < appraisal.frames_per_s <= 1000
