"""How the page says things. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from coordinator.judge.outcomes import Answer, Outcome
from coordinator.status.scanner import Connection, ScannerStatus, Timing
from coordinator.status.sentence import Checking

CONNECTION_WORDS: Mapping[Connection, tuple[str, str]] = {
    Connection.READY: ("ready", "ok"),
    Connection.WORKING: ("working", "ok"),
    Connection.WARMING_UP: ("warming up", "wait"),
    Connection.LATE: ("late", "warn"),
    Connection.DRAINING: ("draining", "wait"),
    Connection.CANNOT_SERVE: ("gets nothing", "bad"),
    Connection.REFUSED: ("refused", "bad"),
    Connection.OFFLINE: ("offline", "off"),
    Connection.NEVER_CONNECTED: ("never connected", "off"),
}
"""A word and a kind (colour and sign) for each state of a connection."""

CHECKING_KINDS: Mapping[Checking, str] = {Checking.CHECKED: "ok", Checking.UNSEEN: "warn", Checking.REJECTED: "bad"}
CHECKING_TITLES: Mapping[Checking, str] = {
    Checking.CHECKED: "checked",
    Checking.UNSEEN: "NOT checked",
    Checking.REJECTED: "rejecting",
}
"""For the title of the tab."""

OUTCOME_KINDS: Mapping[Outcome, str] = {
    Outcome.CLEAN: "ok",
    Outcome.ALLOWED: "ok",
    Outcome.FLAGGED: "bad",
    Outcome.BLOCKED: "bad",
}
"""Those that are not here are troubles."""

_UNITS = ("B", "kB", "MB", "GB", "TB")

NOTHING = "–"


def outcome_words(outcome: Outcome) -> str:
    """Return an outcome as people say it."""
    return str(outcome).replace("_", " ")


def answer_words(answer: Answer, would_be: Answer) -> str:
    """Return what the caller was told, and what it would have been told if answers counted."""
    said = "accepted" if answer is Answer.ACCEPT else "rejected"
    return said if answer is would_be else f"{said} (shadow: would be rejected)"


def size(size_bytes: float) -> str:
    """Return a size in decimal units with two or three digits."""
    unit = 0
    while size_bytes >= 999.5 and unit < len(_UNITS) - 1:
        size_bytes /= 1000
        unit += 1
    digits = 0 if unit == 0 or size_bytes >= 99.5 else 1
    return f"{size_bytes:.{digits}f} {_UNITS[unit]}"


def memory(used_bytes: int, total_bytes: int) -> str:
    """Return how much of a device's memory is used; empty when it is not known."""
    return f"{size(used_bytes)} of {size(total_bytes)}" if total_bytes else ""


def milliseconds(value: float) -> str:
    """Return a time in milliseconds, or in seconds where those are many."""
    if value >= 9950:
        return f"{value / 1000:.0f} s"
    if value >= 995:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 9.95 else f"{value:.1f} ms"


def duration(seconds: float) -> str:
    """Return a span of time in the largest unit that gives at least one."""
    for unit, unit_s in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def speed(frames_per_s: float) -> str:
    """Return a speed with two or three digits; a dash when it is not known."""
    if not frames_per_s:
        return NOTHING
    return f"{frames_per_s:.1f}" if frames_per_s < 99.5 else f"{frames_per_s:.0f}"


def device(scanner: ScannerStatus) -> tuple[str, str]:
    """Return the device that a scanner computes on, and a kind that warns when it is not the one asked for."""
    asked, got = scanner.device_asked, scanner.device
    if not got:
        return "", ""
    is_asked = asked in {"", "auto"} or got.casefold().startswith(asked.casefold())
    return (got, "") if is_asked else (f"{got}, although {asked} was asked for", "warn")


def both(timing: Timing) -> str:
    """Return the middle and the slow end of what a scan takes."""
    if not timing.results:
        return NOTHING
    return f"{milliseconds(timing.p50_ms.total)} / {milliseconds(timing.p95_ms.total)}"


def split(timing: Timing) -> str:
    """Return the same by step."""
    if not timing.results:
        return ""

    def part(word: str, p50: float, p95: float) -> str:
        return f"{word} {milliseconds(p50)} / {milliseconds(p95)}"

    p50, p95 = timing.p50_ms, timing.p95_ms
    steps: tuple[str, ...] = tuple(
        part(word, getattr(p50, name), getattr(p95, name))
        for word, name in (("queue", "queue"), ("line", "link"), ("model", "infer"))
    )
    return ", ".join(steps)


def iso(at: datetime | None) -> str:
    """Return a time for a `time` element; empty for none."""
    return "" if at is None else at.isoformat(timespec="seconds")


def clock(moment: str) -> str:
    """Return a time, as `iso` gives it, for those whose browser does not show it in their own zone."""
    return moment.replace("T", " ").replace("+00:00", " UTC") or NOTHING


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def steps(steps_ms: Mapping[str, float]) -> str:
    """Return the steps of an upload that took any time, for the small print."""
    return ", ".join(f"{name} {milliseconds(ms)}" for name, ms in steps_ms.items() if name != "total" and ms >= 0.05)


def sparkline(values: Sequence[float], *, places: int = 60, width: int = 240, height: int = 36) -> str:
    """Return the path of a line through values, the newest right; what is not known yet, left of them, is 0."""
    shown = [0.0] * (places - len(values)) + list(values[-places:])
    top, step = max(shown) or 1.0, width / (places - 1)
    points = (
        f"{number * step:.0f} {height - 1 - value / top * (height - 3):.1f}" for number, value in enumerate(shown)
    )
    return "M" + "L".join(points)
