"""Strictness: how far an admin moves the thresholds of a part."""

from __future__ import annotations

from coordinator.judge.errors import PolicyError

#: The furthest that a part may be moved, in units of cosine similarity: the thresholds of fedi-safety's policies lie
#: between 0.188 and 0.315.
STRICTNESS_LIMIT = 0.2


def parse_strictness(text: str, *, source: str = "FEDIWARD_STRICTNESS") -> dict[str, float]:
    """Read "minor:+0.01,explicit:-0.005": parts, each with what its thresholds are lowered by (plus is stricter).

    In units of similarity, within STRICTNESS_LIMIT either way; an empty text is no strictness. Whether a policy has
    these parts is for `load_policy` to say. Raise `PolicyError` naming `source`, the setting or option of the text.
    """
    strictness: dict[str, float] = {}
    for entry in text.split(",") if text.strip() else ():
        part, colon, amount_text = (piece.strip() for piece in entry.partition(":"))
        if not (part and colon and amount_text):
            raise PolicyError(source, "", f"has {entry.strip()!r} where PART:AMOUNT is expected, such as minor:+0.01")
        if part in strictness:
            raise PolicyError(source, part, "is given twice")
        try:
            strictness[part] = float(amount_text)
        except ValueError:
            raise PolicyError(source, part, f"is {amount_text!r}, which is not a number") from None
        check_strictness(part, strictness[part], source=source)
    return strictness


def check_strictness(part: str, amount: float, *, source: str) -> None:
    """Raise `PolicyError` unless the amount is a number within STRICTNESS_LIMIT either way."""
    if not -STRICTNESS_LIMIT <= amount <= STRICTNESS_LIMIT:
        raise PolicyError(source, part, f"is {amount:+g}, which is not within ±{STRICTNESS_LIMIT:g}")
