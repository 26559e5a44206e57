"""What an admin, or a list, decides about a picture; it goes before any verdict."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """Whether a picture passes, whatever it scores."""

    ALLOW = "allow"
    BLOCK = "block"
