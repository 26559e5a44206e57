"""Uploads and scanners as hypothesis invents them: fewer than simulated, but a short story when a promise breaks."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from coordinator.dispatch import events as ev
from coordinator.dispatch.machine import Machine
from shared.messages import FailureKind, Lane
from tests.simulation.box import scores_of
from tests.simulation.plan import FRAME_BYTES
from tests.simulation.watcher import Watcher

NAMES = ("one", "two", "three")


class Dispatch(RuleBasedStateMachine):
    """Feed the machine whatever its owner may feed it, with the same promises checked from outside."""

    pushes = Bundle("pushes")

    @initialize()
    def start(self) -> None:
        """Begin with nobody there."""
        self.now = 0.0
        self.machine = Machine(now=0.0)
        self.watcher = Watcher(late_s=0.0)
        self.names: dict[int, str] = {}
        self.scans = 0
        self.generations = 0

    def feed(self, event: ev.Event) -> list[ev.Push]:
        """Pass an event, and every wake-up that was due before it."""
        self.watcher.see(event, self.now)
        commands = self.machine.handle(event, self.now)
        self.watcher.check(commands, self.now)
        return [command for command in commands if isinstance(command, ev.Push)]

    @rule(target=pushes, seconds=st.sampled_from((0.0, 0.001, 0.1, 1.0, 4.0, 30.0)))
    def wait(self, seconds: float) -> object:
        """Let time pass, with a tick whenever one was asked for."""
        until_s = self.now + seconds
        pushed: list[ev.Push] = []
        while self.watcher.wake_at_s <= until_s:
            self.now = max(self.now, self.watcher.wake_at_s)
            pushed += self.feed(ev.Tick())
        self.now = until_s
        return multiple(*pushed)

    @rule(name=st.sampled_from(NAMES), capacity=st.integers(1, 20))
    def join(self, name: str, capacity: int) -> None:
        """A scanner connects, perhaps while its old connection looks alive."""
        self.generations += 1
        self.names[self.generations] = name
        self.feed(ev.ScannerJoined(self.generations, name, capacity))

    @rule(target=pushes, data=st.data())
    def get_ready(self, data: st.DataObject) -> object:
        """A scanner is ready."""
        return multiple(*self.feed(ev.ScannerReady(self.generation(data))))

    @rule(target=pushes, data=st.data(), capacity=st.integers(0, 20), speed=st.sampled_from((0.0, 0.5, 50.0)))
    def report_load(self, data: st.DataObject, capacity: int, speed: float) -> object:
        """A scanner says how it is."""
        return multiple(*self.feed(ev.LoadChanged(self.generation(data), capacity, speed)))

    @rule(target=pushes, data=st.data(), drains=st.booleans())
    def go(self, data: st.DataObject, drains: bool) -> object:
        """A scanner wants to go, or is gone."""
        generation = self.generation(data)
        return multiple(*self.feed(ev.ScannerDraining(generation) if drains else ev.ScannerLeft(generation)))

    @rule(target=pushes, name=st.sampled_from(NAMES), is_held=st.booleans())
    def hold(self, name: str, is_held: bool) -> object:
        """An admin holds a scanner, there or not, or lets it go."""
        return multiple(*self.feed(ev.ScannerHeld(name, is_held)))

    @rule(target=pushes, name=st.sampled_from(NAMES))
    def forgive(self, name: str) -> object:
        """An admin wants a scanner to be tried."""
        return multiple(*self.feed(ev.ScannerForgiven(name)))

    @rule(
        target=pushes,
        lane=st.sampled_from(Lane),
        frames=st.integers(1, 16),
        left_s=st.sampled_from((0.0, 0.5, 8.0, 8.0)),
        count=st.sampled_from((1, 1, 5)),
    )
    def submit(self, lane: Lane, frames: int, left_s: float, count: int) -> object:
        """Uploads come."""
        pushed: list[ev.Push] = []
        for _ in range(count):
            self.scans += 1
            pushed += self.feed(ev.ScanSubmitted(f"s{self.scans}", lane, frames, FRAME_BYTES, self.now + left_s))
        return multiple(*pushed)

    @rule(target=pushes, number=st.integers(0, 5))
    def abandon(self, number: int) -> object:
        """A caller goes away."""
        still = [seen.scan for seen in self.watcher.scans.values() if seen.is_open]
        return multiple(*self.feed(ev.ScanAbandoned(still[number % len(still)])) if still else ())

    @rule(target=pushes, push=pushes, off=st.sampled_from((0, 0, 0, -1, 1)))
    def receive(self, push: ev.Push, off: int) -> object:
        """Frames have arrived, of this attempt or another."""
        return multiple(*self.feed(ev.FramesReceived(push.generation, push.scan, push.attempt + off)))

    @rule(target=pushes, push=pushes, done=st.integers(-1, 17))
    def progress(self, push: ev.Push, done: int) -> object:
        """Frames are done."""
        return multiple(*self.feed(ev.FramesDone(push.generation, push.scan, push.attempt, done)))

    @rule(target=pushes, push=pushes)
    def finish(self, push: ev.Push) -> object:
        """A push comes back, for the first time or once more."""
        scores = scores_of(self.names[push.generation], push.scan, push.attempt, push.frames)
        return multiple(*self.feed(ev.ResultArrived(push.generation, push.scan, push.attempt, scores)))

    @rule(target=pushes, push=pushes, off=st.sampled_from((-1, 1)))
    def lie(self, push: ev.Push, off: int) -> object:
        """A result of another attempt, or of another connection, comes."""
        if self.watcher.has(push.generation, push.scan, push.attempt + off):
            return multiple()
        return multiple(*self.feed(ev.ResultArrived(push.generation, push.scan, push.attempt + off, "lie")))

    @rule(target=pushes, push=pushes, kind=st.sampled_from(FailureKind))
    def fail(self, push: ev.Push, kind: FailureKind) -> object:
        """A scanner could not finish a push."""
        return multiple(*self.feed(ev.PushFailed(push.generation, push.scan, push.attempt, kind)))

    def generation(self, data: st.DataObject) -> int:
        """Return a connection, or one that never was."""
        return data.draw(st.integers(max(self.generations - 4, 0), self.generations + 1))

    @invariant()
    def holds(self) -> None:
        """The machine does not contradict itself, and will be woken for every deadline."""
        self.machine.validate(self.now)
        self.watcher.check_timer(self.now)

    def teardown(self) -> None:
        """When all is over, nothing is left."""
        self.wait(60.0)
        for seen in self.watcher.scans.values():
            assert not seen.is_open
        assert not self.machine.scans
        assert not any(self.machine.queues.values())
        assert not any(scanner.pushes for scanner in self.machine.scanners.values())


Dispatch.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDispatch = Dispatch.TestCase
