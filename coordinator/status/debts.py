"""What is shown of debts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DebtStatus:
    """Pictures that were accepted unseen and are not looked at yet."""

    open: int
    oldest: datetime | None
    is_payable: bool
    """A pict-rs is named, in which they can be looked at."""
    fault: str
    """Why they cannot be paid now, in words without a full stop; empty when they can."""
