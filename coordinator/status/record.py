"""What is remembered of one scanner, beyond its connections. Times are monotonic seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from coordinator.status.percentiles import percentile
from coordinator.status.scanner import Split, Timing
from shared.messages import Hello, Load

WINDOW_S = 300.0
RESULTS_KEPT = 256
EVENTS_KEPT = 200

LATE_AFTER_S = 3.75
"""A scanner that reports its load every two seconds (LOAD_INTERVAL_S) and was silent for so long is late. The page is
up to a second old, and so shows it within five."""


class ResultTimes(NamedTuple):
    """When a result came, of how many frames, and how long its parts took, in milliseconds."""

    at_s: float
    frames: int
    queue_ms: float
    link_ms: float
    infer_ms: float
    total_ms: float


@dataclass(slots=True)
class Record:
    """One scanner, connected or not. The roster alone changes it."""

    name: str
    generation: int = 0
    """Of its connection; 0 while there is none."""
    connected_s: float | None = None
    left_s: float | None = None
    left_why: str = ""
    problem: str = ""
    host: str = ""
    version: str = ""
    device_asked: str = ""
    device: str = ""
    models: tuple[str, ...] = ()
    capacity: int = 0
    load: Load | None = None
    last_sign_s: float | None = None
    last_result_s: float | None = None
    scans: int = 0
    frames: int = 0
    faults: int = 0
    last_fault: str = ""
    results: deque[ResultTimes] = field(default_factory=lambda: deque(maxlen=RESULTS_KEPT))
    events: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    """What happened, and when, since the start of the coordinator; results are too many to be told one by one."""
    _timing: Timing | None = None
    _timing_until_s: float = 0.0

    def greet(self, generation: int, hello: Hello, problem: str, now_s: float) -> None:
        """Begin a connection."""
        self.generation = generation
        self.connected_s = self.last_sign_s = now_s
        self.left_why, self.problem = "", problem
        self.host, self.version = hello.name, hello.software
        self.device_asked, self.device = hello.device_asked, hello.device
        self.models = tuple(model.name for model in hello.models)
        self.capacity = hello.capacity
        self.load = None
        self.tell(now_s, f"connected, version {self.version}, on {self.device}")
        if problem:
            self.tell(now_s, f"gets nothing: {problem}")

    def tell(self, at_s: float, what: str) -> None:
        """Add an event."""
        self.events.append((at_s, what))

    def is_quiet(self, now_s: float) -> bool:
        """Say whether it is connected, reports its load, and has said nothing for too long."""
        return (
            self.generation != 0
            and self.load is not None
            and self.last_sign_s is not None
            and now_s - self.last_sign_s > LATE_AFTER_S
        )

    def add_result(self, times: ResultTimes) -> None:
        """Count a result."""
        self.scans += 1
        self.frames += times.frames
        self.last_result_s = times.at_s
        self.results.append(times)
        self._timing = None

    def timing(self, now_s: float) -> Timing:
        """Return the percentiles of the last five minutes; worked out again when a result came or one grew old."""
        if self._timing is None or now_s >= self._timing_until_s:
            while self.results and self.results[0].at_s <= now_s - WINDOW_S:
                self.results.popleft()
            self._timing = _timing_of(self.results)
            self._timing_until_s = self.results[0].at_s + WINDOW_S if self.results else float("inf")
        return self._timing


def _timing_of(results: deque[ResultTimes]) -> Timing:
    if not results:
        return Timing()
    _, frames, *columns = zip(*results, strict=True)
    ordered = [sorted(column) for column in columns]
    p50, p95 = (Split(*(round(percentile(values, share), 1) for values in ordered)) for share in (0.5, 0.95))
    return Timing(len(results), sum(frames), p50, p95)
