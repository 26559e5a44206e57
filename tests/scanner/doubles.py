"""Doubles that tests of the scanner share; all of them come in through constructors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scanner.errors import ChannelClosedError
from scanner.models import Embeddings, Frames, Scores
from shared.messages import Frame, FromCoordinator, FromScanner, Hello, Lane, Scan, ServedModel, Welcome
from shared.wire import coordinator_decoder, encode

SIZE = 16
"""Side of the frames that tests send: the smallest allowed."""


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class TestModel:
    """A model whose score of frame f for term t is f's first byte / 255, less t / 100.

    While `gate` is clear, `score` waits in the engine's thread; `entered` is set when it got there. `error` is raised
    instead of scoring, and MemoryError for more than `most_frames`; `terms_error` is raised instead of encoding, and
    `answer` is given instead of scores.
    """

    __test__ = False

    name = "test"
    fingerprint = "f" * 64
    frame_size = SIZE
    device_asked = "auto"
    device = "cpu (test)"
    software = "test 0"
    overlaps = False
    precision = "fp32"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.error: BaseException | None = None
        self.terms_error: BaseException | None = None
        self.answer: Scores | None = None
        self.right: tuple[Embeddings, Scores] | None = None
        self.most_frames = 1_000_000
        self.retreats = 0
        self.batches: list[list[int]] = []
        self.encoded: list[tuple[str, ...]] = []
        self.threads: set[int] = set()

    def encode_terms(self, terms: Sequence[str]) -> None:
        """Remember the terms."""
        if self.terms_error is not None:
            raise self.terms_error
        self.encoded.append(tuple(terms))

    def retreat(self) -> bool:
        """Say how often it may be asked for."""
        self.retreats -= 1
        return self.retreats >= 0

    def embed(self, frames: Frames) -> Embeddings:
        """Give every frame the same embedding."""
        return np.ones((len(frames), 1), np.float32)

    def start(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        """Score when called."""
        return lambda: self.score(np.concatenate(pieces))

    def reference(self, frames: Frames) -> tuple[Embeddings, Scores] | None:
        """Have nothing to compare with, unless a test says so."""
        return self.right

    def score(self, frames: Frames) -> Scores:
        """Remember which frames came together."""
        self.threads.add(threading.get_ident())
        if len(frames) > self.most_frames:
            raise MemoryError(f"{len(frames)} frames")
        self.batches.append([int(value) for value in frames[:, 0, 0, 0]])
        self.entered.release()
        self.gate.wait()
        if self.error is not None:
            raise self.error
        if self.answer is not None:
            return self.answer
        terms = np.arange(len(self.encoded[-1]), dtype=np.float32)
        light = frames[:, 0, 0, 0].astype(np.float32) / np.float32(255)
        return light[:, None] - terms[None, :] / np.float32(100)

    async def wait_until_trial_is_over(self) -> None:
        """Wait for the two frames that `Engine.prepare` tries."""
        await self.wait_until_computing()
        await self.wait_until_computing()

    async def wait_until_computing(self) -> None:
        """Wait until `score` was called once more."""
        await asyncio.to_thread(self.entered.acquire)


class OverlappingModel(TestModel):
    """A model that is told a batch, and computes it when somebody waits for it, as a device of its own does.

    `started` holds the batches that it was told, `batches` those that it has computed.
    """

    overlaps = True

    def __init__(self) -> None:
        super().__init__()
        self.started: list[list[int]] = []
        self.start_error: BaseException | None = None

    def start(self, pieces: Sequence[Frames]) -> Callable[[], Scores]:
        """Remember what came together."""
        frames = np.concatenate(pieces)
        if self.start_error is not None:
            raise self.start_error
        self.started.append([int(value) for value in frames[:, 0, 0, 0]])
        return lambda: self.score(frames)


@dataclass
class ScriptedChannel:
    """A channel whose other end is the test: `say` to the scanner, `hear` what it says, `hang_up` on it."""

    to_scanner: asyncio.Queue[bytes | str | ChannelClosedError] = field(default_factory=asyncio.Queue)
    from_scanner: asyncio.Queue[FromScanner] = field(default_factory=asyncio.Queue)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    closed_with: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self.reading.set()
        self._decoder = coordinator_decoder()

    async def recv(self) -> bytes | str:
        """Give what the test said."""
        item = await self.to_scanner.get()
        if isinstance(item, ChannelClosedError):
            raise item
        return item

    async def send(self, data: bytes) -> None:
        """Let the test hear it, while `reading` is set."""
        await self.reading.wait()
        self.from_scanner.put_nowait(self._decoder.decode(data))

    async def close(self, code: int, reason: str) -> None:
        """Remember why."""
        self.closed_with = (code, reason)

    def say(self, *messages: FromCoordinator) -> None:
        """Send messages to the scanner."""
        for message in messages:
            self.to_scanner.put_nowait(encode(message))

    def hang_up(self, code: int | None = None) -> None:
        """End the connection."""
        self.to_scanner.put_nowait(ChannelClosedError(code))

    async def hear(self) -> FromScanner:
        """Wait for the next message of the scanner."""
        async with asyncio.timeout(10):
            return await self.from_scanner.get()


def make_hello(*, capacity: int = 8) -> Hello:
    """Introduce a scanner with the test model."""
    model = TestModel
    return Hello("test 0", "box", "auto", "cpu", (ServedModel(model.name, model.fingerprint, SIZE),), capacity)


def make_welcome(*, terms: tuple[str, ...] = ("one", "two"), problem: str = "", model: str = "test") -> Welcome:
    """Welcome a scanner with the test model."""
    return Welcome("s1", 1, 16, 2**20, model, terms, problem)


def make_scan(scan_id: str, *, frames: int = 1, attempt: int = 1, lane: Lane = Lane.LIVE, size: int = SIZE) -> Scan:
    """Announce a scan."""
    return Scan(scan_id, attempt, 8000.0, lane, frames, size)


def make_frame(scan_id: str, index: int = 0, *, light: int = 0, size: int = SIZE) -> Frame:
    """Make a plain frame whose every byte is `light`."""
    return Frame(scan_id, index, bytes([light]) * (size * size * 3))
