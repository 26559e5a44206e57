"""Hours of the day in which a scanner works, by the machine's own clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Self

FORM = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*-\s*(\d{1,2})(?::(\d{2}))?", re.ASCII)

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """From one minute of the day (0 to 1439) up to, and without, another; across midnight when that is the smaller."""

    from_minute: int
    to_minute: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `22-08` or `21:30-7:15`; 24 is midnight. Raises ValueError with a sentence."""
        found = FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError("write hours like 22-08, or 21:30-7:15")
        hours = [int(number or 0) for number in found.groups()]
        from_minute, to_minute = 60 * hours[0] + hours[1], 60 * hours[2] + hours[3]
        if max(from_minute, to_minute) > DAY_MINUTES or max(hours[1], hours[3]) > 59:
            raise ValueError("a day has 24 hours of 60 minutes")
        if from_minute % DAY_MINUTES == to_minute % DAY_MINUTES:
            raise ValueError("the hours begin and end at the same minute: leave them out to work all day")
        return cls(from_minute % DAY_MINUTES, to_minute % DAY_MINUTES)

    def __str__(self) -> str:
        return (
            f"{self.from_minute // 60:02}:{self.from_minute % 60:02}-{self.to_minute // 60:02}:{self.to_minute % 60:02}"
        )

    def __contains__(self, moment: time) -> bool:
        minute = 60 * moment.hour + moment.minute
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute
