"""How long the ledger keeps things. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Periods:
    """Days that rows are kept."""

    scores_days: int = 30
    verdicts_days: int = 365
    """Counted from when the picture came last; settled debts are kept as long."""
