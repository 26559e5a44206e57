"""What the dispatch machine remembers of scanners and scans. Changed by the machine only; asked through questions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from shared.messages import Lane

SECONDS_PER_FRAME_PRIOR = 0.25
"""Assumed of a scanner that has neither finished nor said anything: between a GPU and two cores of a VPS."""

LINK_BYTES_PER_S_PRIOR = 1024 * 1024
"""Assumed of a line that nothing has crossed yet: a slow home line's downstream."""

MIN_SILENCE_S = 1.5
"""A scanner with work may be silent this long before it is late (design, section 5)."""

SILENCE_FACTOR = 1.5
"""Beyond its usual longest gap, a scanner may be silent so many times as long."""

SILENCE_FRAMES = 3
"""A slow scanner may be silent while it computes so many frames; until it has shown its gaps, nothing else is known."""

GAPS_KEPT = 64
SPEED_FRAMES = 32
"""A scanner's speed is measured over about its last so many frames: a batch of the largest usual size."""

STORY_LINES = 32


class Phase(StrEnum):
    """Where a connection stands."""

    WARMING = "warming"
    READY = "ready"
    DRAINING = "draining"


@dataclass(slots=True)
class PushState:
    """One attempt at a scan, on one scanner."""

    scan: str
    attempt: int
    lane: Lane
    frames: int
    size_bytes: int
    pushed_s: float
    received_s: float | None = None
    done: int = 0


@dataclass(slots=True)
class ScannerState:
    """One connection of a scanner."""

    generation: int
    scanner: str
    capacity: int
    idle_since_s: float
    phase: Phase = Phase.WARMING
    pushes: dict[str, PushState] = field(default_factory=dict)
    seconds_per_frame: float = SECONDS_PER_FRAME_PRIOR
    link_bytes_per_s: float = LINK_BYTES_PER_S_PRIOR
    busy_s: float = 0.0
    busy_frames: float = 0.0
    last_result_s: float = float("-inf")
    last_received_s: float = float("-inf")
    last_sign_s: float = float("-inf")
    gaps_s: deque[float] = field(default_factory=lambda: deque(maxlen=GAPS_KEPT))
    usual_gap_s: float = 0.0
    is_late: bool = False
    is_held: bool = False
    """An admin has paused it: it finishes what it has."""
    reserved_frames: int = 0
    """In flight beside the pushes, for an admin's trial."""
    frames_in_flight: int = 0
    live_in_flight: int = 0
    unreceived_bytes: int = 0

    @property
    def room(self) -> int:
        """Frames that may be pushed now."""
        return max(self.capacity - self.frames_in_flight - self.reserved_frames, 0)

    @property
    def sweep_room(self) -> int:
        """Frames of the sweep lane that may be pushed now."""
        sweeping = self.frames_in_flight - self.live_in_flight
        return max(min(self.room, self.capacity_for(Lane.SWEEP) - sweeping), 0)

    def capacity_for(self, lane: Lane) -> int:
        """Return how many frames of a lane it takes at most: half of it stays free for people who wait."""
        return self.capacity if lane is Lane.LIVE else max(self.capacity // 2, min(self.capacity, 1))

    @property
    def is_present(self) -> bool:
        """Say whether it takes scans, now or once it has finished some."""
        return self.phase is Phase.READY and self.capacity > 0 and not self.is_late and not self.is_held

    @property
    def is_idle(self) -> bool:
        """Say whether nothing is in flight."""
        return not self.pushes

    @property
    def silence_allowed_s(self) -> float:
        """Time without a sign of progress after which the scanner is late.

        Half as much again as the 95th percentile of what it needed lately between two signs, or SILENCE_FRAMES frames'
        time, at least MIN_SILENCE_S; and what the line needs for frames on their way.
        """
        line_s = self.unreceived_bytes / self.link_bytes_per_s
        usual_s = max(SILENCE_FACTOR * self.usual_gap_s, SILENCE_FRAMES * self.seconds_per_frame)
        return max(MIN_SILENCE_S, usual_s) + line_s

    @property
    def late_at_s(self) -> float:
        """Time at which the scanner counts as late if it stays silent; never while it has nothing to do."""
        return self.last_sign_s + self.silence_allowed_s if self.pushes else float("inf")

    def add(self, push: PushState) -> None:
        """Count a push as in flight."""
        if not self.pushes:
            self.last_sign_s = push.pushed_s
        self.pushes[push.scan] = push
        self.frames_in_flight += push.frames
        self.live_in_flight += push.frames if push.lane is Lane.LIVE else 0
        self.unreceived_bytes += push.size_bytes

    def remove(self, push: PushState, now: float) -> None:
        """Count a push as no longer in flight."""
        del self.pushes[push.scan]
        self.frames_in_flight -= push.frames
        self.live_in_flight -= push.frames if push.lane is Lane.LIVE else 0
        if push.received_s is None:
            self.unreceived_bytes -= push.size_bytes
        if not self.pushes:
            self.idle_since_s = now
            self.is_late = False

    def note_sign(self, now: float) -> None:
        """Remember that the scanner made progress."""
        self.gaps_s.append(now - self.last_sign_s)
        self.usual_gap_s = sorted(self.gaps_s)[int(0.95 * (len(self.gaps_s) - 1))]
        self.last_sign_s = now
        self.is_late = False

    def note_received(self, push: PushState, now: float) -> None:
        """Learn the speed of the line from a push whose frames have all arrived."""
        push.received_s = now
        self.unreceived_bytes -= push.size_bytes
        sample = push.size_bytes / max(now - max(push.pushed_s, self.last_received_s), 1e-4)
        self.last_received_s = now
        self.link_bytes_per_s += 0.2 * (sample - self.link_bytes_per_s)

    def note_result(self, push: PushState, now: float) -> None:
        """Learn how long a frame takes: frames finished / time during which it had any, over the last SPEED_FRAMES.

        Results of one batch come together: the sums weigh them as one.
        """
        began_s = push.pushed_s if push.received_s is None else push.received_s
        self.busy_s += max(now - max(began_s, self.last_result_s), 0.0)
        self.busy_frames += push.frames
        self.last_result_s = now
        if self.busy_frames > SPEED_FRAMES:
            self.busy_s *= SPEED_FRAMES / self.busy_frames
            self.busy_frames = SPEED_FRAMES
        self.seconds_per_frame = max(self.busy_s / self.busy_frames, 1e-6)

    def note_speed(self, frames_per_s: float) -> None:
        """Believe what the scanner says of its speed, until it was measured."""
        if frames_per_s > 0.0 and not self.busy_frames:
            self.seconds_per_frame = 1.0 / frames_per_s


@dataclass(slots=True)
class FaultRecord:
    """Faults of a scanner, kept across its connections until it returns a result."""

    count: int = 0
    last_s: float = float("-inf")
    times_aside: int = 0
    aside_until_s: float = float("-inf")
    reason: str = ""


@dataclass(slots=True)
class ScanState:
    """A scan that is not settled yet."""

    scan: str
    lane: Lane
    frames: int
    frame_bytes: int
    submitted_s: float
    deadline_s: float
    looks: int = 0
    """How many of its frames it may have, in view of all that waits."""
    attempts: int = 0
    on: dict[int, int] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    faults: int = 0
    story: deque[str] = field(default_factory=lambda: deque(maxlen=STORY_LINES))

    @property
    def is_waiting(self) -> bool:
        """Say whether no scanner works on it."""
        return not self.on

    @property
    def order(self) -> tuple[float, float, str]:
        """Place in its lane's queue: earliest deadline first."""
        return (self.deadline_s, self.submitted_s, self.scan)

    def begin(self, scanner: ScannerState, frames: int, now: float) -> PushState:
        """Start an attempt at a scanner, which must not have had one yet."""
        self.attempts += 1
        self.on[scanner.generation] = self.attempts
        self.tried.add(scanner.scanner)
        self.tell(now, f"attempt {self.attempts}: {frames} frames to {scanner.scanner}")
        return PushState(self.scan, self.attempts, self.lane, frames, frames * self.frame_bytes, now)

    def tell(self, now: float, line: str) -> None:
        """Add a line to the story that a failed invariant prints."""
        self.story.append(f"{now:.3f} {line}")
