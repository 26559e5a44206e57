"""What scanners say, for tests."""

from __future__ import annotations

from shared.messages import Hello, Load, Result, ServedModel


def hello(host: str = "somewhere", capacity: int = 8) -> Hello:
    """Make a scanner's first message."""
    return Hello("0.1.0", host, "auto", "cpu", (ServedModel("null", "f" * 12, 224),), capacity)


def load(*, reason: str = "", frames_per_s: float = 12.0) -> Load:
    """Make a report of a scanner that works, or, with a reason, is paused."""
    return Load(8, 100, 1000, frames_per_s, bool(reason), reason)


def result(frames: int = 2, queue_ms: float = 10.0, infer_ms: float = 50.0) -> Result:
    """Make a result with times."""
    return Result("s1", 1, frames, 1, b"", 0.0, queue_ms, infer_ms)
