"""What somebody at this machine asked for last: a pause, or its end."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Order:
    """A pause until a time, or without an end; or, where `pause` is false, work. Times are seconds since 1970.

    `given_s` tells an order from the same one given again.
    """

    given_s: float
    pause: bool
    until_s: float | None = None

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote. Raises ValueError for anything else."""
        fields = json.loads(text)
        if not isinstance(fields, dict) or fields.keys() != {"given_s", "pause", "until_s"}:
            raise ValueError("not an order")
        given_s, pause, until_s = fields["given_s"], fields["pause"], fields["until_s"]
        if not (isinstance(pause, bool) and _is_time(given_s) and (until_s is None or _is_time(until_s))):
            raise ValueError("not an order")
        return cls(given_s, pause, until_s)

    def encode(self) -> str:
        """Write it down."""
        return json.dumps({"given_s": self.given_s, "pause": self.pause, "until_s": self.until_s}) + "\n"

    def holds(self, now_s: float) -> bool:
        """Say whether this is a pause that has not run out."""
        return self.pause and (self.until_s is None or now_s < self.until_s)


def _is_time(value: Any) -> bool:
    # Beyond the year 9999 no calendar goes.
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 253_000_000_000
