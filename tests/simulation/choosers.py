"""Other rules for choosing a scanner, to compare `least_busy` with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from coordinator.dispatch.choice import Choice, Chooser, Waiting, busyness, least_busy, room_for, useful_s
from coordinator.dispatch.state import ScannerState, ScanState


def _open(scan: ScanState, scanners: Sequence[ScannerState], waiting: Waiting, now: float) -> list[Choice]:
    """Return what can be pushed now, or what to wait for when nothing can."""
    seconds = useful_s(scan, now)
    keys = [(s, busyness(s, scan, ahead=waiting.get(s.generation, 0), seconds=seconds)) for s in scanners]
    choices = [Choice(scanner, -key[0]) for scanner, key in keys if key is not None]
    now_free = [
        c for c in choices if c.frames <= room_for(c.scanner, scan.lane) and c.scanner.generation not in waiting
    ]
    return now_free or choices


def at_random(random: Random) -> Chooser:
    """Choose any scanner with room."""

    def choose(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
        choices = _open(scan, scanners, waiting, now)
        return random.choice(choices) if choices else None

    return choose


def round_robin() -> Chooser:
    """Choose the scanners with room one after the other."""
    last = ""

    def choose(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
        nonlocal last
        choices = sorted(_open(scan, scanners, waiting, now), key=lambda choice: choice.scanner.scanner)
        if not choices:
            return None
        choice = next((c for c in choices if c.scanner.scanner > last), choices[0])
        last = choice.scanner.scanner
        return choice

    return choose


def fewest_in_flight() -> Chooser:
    """Choose the scanner with the fewest frames in flight."""

    def choose(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
        choices = _open(scan, scanners, waiting, now)
        return min(choices, key=lambda c: (c.scanner.frames_in_flight, c.scanner.idle_since_s), default=None)

    return choose


def two_choices(random: Random) -> Chooser:
    """Draw two scanners with room, and choose the one with fewer frames in flight."""

    def choose(scan: ScanState, scanners: Sequence[ScannerState], *, waiting: Waiting, now: float) -> Choice | None:
        choices = _open(scan, scanners, waiting, now)
        drawn = random.sample(choices, min(2, len(choices)))
        return min(drawn, key=lambda c: c.scanner.frames_in_flight, default=None)

    return choose


def make_choosers() -> dict[str, Callable[[int], Chooser]]:
    """Return every rule by name; each is made anew from a seed."""
    return {
        "least busy": lambda seed: least_busy,
        "random": lambda seed: at_random(Random(seed)),
        "round-robin": lambda seed: round_robin(),
        "fewest in flight": lambda seed: fewest_in_flight(),
        "two choices": lambda seed: two_choices(Random(seed)),
    }
