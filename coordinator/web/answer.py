"""What a caller is told about a content, as JSON."""

from __future__ import annotations

import math
from typing import Any

from coordinator.body import Body
from coordinator.judge.margins import Margins
from coordinator.judge.outcomes import Ruling
from coordinator.uploads import Finding


def report_of(body: Body, finding: Finding, ruling: Ruling, margins: Margins | None = None) -> dict[str, Any]:
    """Say what became of a content and why. Nothing of the content, and no term of the policy, is in it."""
    report: dict[str, Any] = {
        "outcome": finding.outcome,
        "answer": ruling.answer,
        "would_be": ruling.would_be,
        "reason": finding.reason,
        "parts": list(finding.parts),
        "look": finding.look,
        "looks": finding.looks,
        "partial": finding.partial,
        "format": finding.format,
        "remembered": finding.remembered,
        "sha256": body.sha256,
        "bytes": body.size_bytes,
    }
    if margins is not None:
        report["margins"] = {
            "flagged": margins.flagged,
            "parts": dict(margins.parts),
            # JSON knows no infinity.
            "flagged_from": {
                part: amount if math.isfinite(amount) else None for part, amount in margins.flagged_from.items()
            },
        }
    return report
