"""One walk along a queue: which scanners are still free in it, and which scans wait for which."""

from __future__ import annotations

from coordinator.dispatch.choice import Choice, room_for
from coordinator.dispatch.state import ScannerState, ScanState
from shared.messages import Lane


class Turn:
    """The scanners that one lane's scans are offered, the most urgent scan first."""

    def __init__(self, lane: Lane, scanners: list[ScannerState]) -> None:
        self.scanners = scanners
        self.waiting: dict[int, int] = {}
        self._lane = lane
        self._free = {scanner.generation for scanner in scanners if room_for(scanner, lane)}

    @property
    def is_over(self) -> bool:
        """Say whether nobody is free any more."""
        return not self._free

    def candidates(self, scan: ScanState) -> list[ScannerState]:
        """Return the scanners that have not had a scan yet."""
        return [s for s in self.scanners if s.scanner not in scan.tried] if scan.tried else self.scanners

    def has_free(self, candidates: list[ScannerState]) -> bool:
        """Say whether one of these scanners is free."""
        return any(scanner.generation in self._free for scanner in candidates)

    def has_room(self, choice: Choice) -> bool:
        """Say whether a choice can be pushed now."""
        return choice.scanner.generation in self._free and room_for(choice.scanner, self._lane) >= choice.frames

    def wait_for(self, choice: Choice) -> None:
        """Let a scan wait for a scanner: less urgent ones must not take the room for which a larger one waits."""
        generation = choice.scanner.generation
        self.waiting[generation] = self.waiting.get(generation, 0) + choice.frames
        self._free.discard(generation)

    def note_push(self, scanner: ScannerState, *, takes_more: bool) -> None:
        """Take out a scanner that has no room left, or that gets one scan at a time."""
        if not takes_more:
            self.scanners.remove(scanner)
        if not takes_more or not room_for(scanner, self._lane):
            self._free.discard(scanner.generation)
