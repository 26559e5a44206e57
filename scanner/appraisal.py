"""What a machine can do with a model: `fediward-scanner selftest`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from scanner.curve import Point, measure_curve, useful_batch
from scanner.models import Model
from scanner.photographs import draw_photographs
from scanner.selftest import Fidelity, settle

TERMS = tuple(
    f"a {kind} of {thing}"
    for kind in ("photo", "drawing", "painting")
    for thing in ("a cat", "a coffee cup", "a rocket", "a brick wall", "gravel", "a motorcycle", "a galaxy", "a forest")
)
"""Stand for the terms of a policy, which only the coordinator knows."""

SCANS = 5

BUDGET_S = 6.5
"""What is left of the ten seconds for one upload at a scanner, with room for the way there and back."""

PICTURE_FRAMES = 2
"""Looks of a usual picture: its centre, and the whole of it."""

VIDEO_SHARE, VIDEO_FRAMES = 0.1, 8
"""One upload in ten is a video, of which eight moments are cut out."""

BUSY_SHARE = 0.7
"""Uploads come when they like: a scanner that is asked for more than this share of what it can do lets some wait."""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What was found out."""

    model: str
    device: str
    fidelity: Fidelity | None
    curve: tuple[Point, ...]
    scan_s: float
    """Seconds of one scan of one frame, while nothing else is there: median."""
    weights: str = ""
    """Fingerprint of the weights, for the coordinator's FEDIWARD_FINGERPRINT."""

    @property
    def passed(self) -> bool:
        """Say whether this scanner may serve."""
        return self.fidelity is None or self.fidelity.holds

    @property
    def batch_frames(self) -> int:
        """The largest useful batch."""
        return useful_batch(self.curve)

    @property
    def frames_per_s(self) -> float:
        """Throughput in batches of that size."""
        return next(point.frames_per_s for point in self.curve if point.frames == self.batch_frames)

    @property
    def uploads_per_minute(self) -> int:
        """Uploads that can come at random moments, one in ten of them a video, each answered within the budget."""
        frames = (1 - VIDEO_SHARE) * PICTURE_FRAMES + VIDEO_SHARE * self.video_frames
        return int(60 * BUSY_SHARE * self.frames_per_s / frames) if self.fits else 0

    @property
    def video_frames(self) -> int:
        """Frames of a video that there is time for, up to as many as are ever cut out of one."""
        return max(PICTURE_FRAMES, min(VIDEO_FRAMES, int(BUDGET_S * self.frames_per_s)))

    @property
    def fits(self) -> bool:
        """Say whether a usual picture is answered within the budget."""
        return self.frames_per_s * BUDGET_S >= PICTURE_FRAMES

    def sentence(self) -> str:
        """Say it to the admin."""
        if not self.passed:
            return "This machine does not compute what it should with this model, so it must not serve."
        if not self.fits:
            return f"This machine is too slow for this model: a picture takes longer than {BUDGET_S:g} seconds."
        return (
            f"This machine answers about {self.uploads_per_minute} uploads a minute within {BUDGET_S:g} seconds each, "
            f"if one in ten is a video, of which it sees {self.video_frames} of {VIDEO_FRAMES} moments."
        )

    def record(self) -> dict[str, Any]:
        """Give everything for `--json`."""
        return {
            "passed": self.passed,
            "model": self.model,
            "weights": self.weights,
            "device": self.device,
            "fidelity": None if self.fidelity is None else asdict(self.fidelity),
            "curve": [asdict(point) for point in self.curve],
            "batch_frames": self.batch_frames,
            "scan_ms": self.scan_s * 1000,
            "frames_per_s": self.frames_per_s,
            "uploads_per_minute": self.uploads_per_minute if self.passed else 0,
            "sentence": self.sentence(),
        }


def appraise(model: Model, *, clock: Callable[[], float] = time.perf_counter) -> Appraisal:
    """Test a model thoroughly; takes some seconds on a GPU, and up to a minute on a processor.

    Raises MemoryError and DeviceLostError.
    """
    model.encode_terms(TERMS)
    fidelity = settle(model)
    curve = measure_curve(model, clock=clock)
    pictures = draw_photographs(1, model.frame_size, seed=3)
    times_s = []
    for _ in range(SCANS):
        began_s = clock()
        model.score(pictures)
        times_s.append(clock() - began_s)
    return Appraisal(model.name, model.device, fidelity, curve, statistics.median(times_s), weights=model.fingerprint)
