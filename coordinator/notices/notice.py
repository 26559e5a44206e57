"""What is said to the admin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a notice is meant; services show it by a colour or a sign."""

    PROBLEM = "failure"
    RECOVERY = "success"
    EVENT = "info"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. It holds no picture, and of a hash its first eight digits at most."""

    tone: Tone
    title: str
    text: str


TEST = Notice(Tone.EVENT, "Fediward: a test", "This is a test: notices from this coordinator arrive here.")
