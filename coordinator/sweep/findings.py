"""What a calibration came to, in words and as JSON. Pure: lines are returned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from coordinator.judge.margins import ALL_PARTS
from coordinator.sweep.calibrating import Calibrating, Flagged
from coordinator.sweep.calibration import Calibration, Share, Suggestion
from coordinator.sweep.histogram import BIN, FIRST
from coordinator.sweep.item import printable

SHOWN_FLAGGED = 100


def in_words(done: Calibrating, target: float | None) -> Iterator[str]:
    """Yield lines for people."""
    calibration = done.calibration
    yield f"Policy {calibration.policy.name}, {calibration.pictures} pictures"
    others = done.tally.done - calibration.pictures
    if others:
        yield f"  {others} files were no pictures that could be looked at"
    yield f"flagged: {calibration.share}"
    for part, histogram in calibration.histograms.items():
        yield ""
        yield f"{calibration.name_of(part)} found: {calibration.share_of(part)}"
        yield "margin to its thresholds, | where it is found:"
        yield from (f"  {line}" for line in histogram.lines())
    if done.flagged:
        yield ""
        yield f"flagged, by SHA-256{_only(done.flagged)}:"
        for found in done.flagged[:SHOWN_FLAGGED]:
            yield f"  {found.sha256}  {', '.join(found.parts)}  {printable(found.place)}"
    if target is not None:
        yield ""
        yield from _suggested(calibration, target)


def as_json(done: Calibrating, target: float | None) -> dict[str, Any]:
    """Return all of it."""
    calibration = done.calibration
    return {
        "policy": calibration.policy.name,
        "strictness": calibration.policy.strictness,
        "files": done.tally.done,
        "failed": done.tally.failed,
        "remembered": done.tally.remembered,
        "flagged": _share(calibration.share),
        "parts": {
            part: {
                **_share(calibration.share_of(part)),
                "name": calibration.name_of(part),
                "histogram": {"from": FIRST, "width": BIN, "counts": histogram.counts},
            }
            for part, histogram in calibration.histograms.items()
        },
        "suggestions": [
            {"part": one.part, "FEDIWARD_STRICTNESS": one.setting, **_share(one.share)}
            for one in _suggestions(calibration, target)
        ],
        "hashes": [
            {"sha256": found.sha256, "path": printable(found.place), "parts": list(found.parts)}
            for found in done.flagged
        ],
    }


def _only(flagged: Sequence[Flagged]) -> str:
    left = len(flagged) - SHOWN_FLAGGED
    return f" (the first {SHOWN_FLAGGED}; --json has all)" if left > 0 else ""


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"count": share.count, "of": share.total, "share": share.value, "low": low, "high": high}


def _suggestions(calibration: Calibration, target: float | None) -> list[Suggestion]:
    return [] if target is None else list(calibration.suggestions(target))


def _suggested(calibration: Calibration, target: float) -> Iterator[str]:
    suggestions = _suggestions(calibration, target)
    if not suggestions:
        yield f"No strictness within its limits brings the share flagged to {target:g} or less."
        return
    yield f"for at most {target:.4g} of this library flagged, one of:"
    for one in suggestions:
        moved = "all parts alike" if one.part == ALL_PARTS else f"{calibration.name_of(one.part)} alone"
        setting = f"FEDIWARD_STRICTNESS={one.setting}"
        yield f"  {setting}    # {moved}: {one.share}"
