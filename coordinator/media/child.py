"""Start one limited process, pass it uploads, read its answers, and end it.

A process has one upload at a time. Its pipes are served by the event loop's own readiness calls: no thread, and no copy
of the body. Whatever it says is checked: each message by `pipe`, their order by `exchange`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence

from coordinator.media.errors import Reason
from coordinator.media.exchange import Exchange
from coordinator.media.limits import Limits
from coordinator.media.pipe import REPLY_BYTES, Nonsense, Ready, Request, Setup, parse_reply

_PIPE_BYTES = 1 << 20
"""Most that an unprivileged process may ask for by default (/proc/sys/fs/pipe-max-size): photos pass in one write."""
_MOST_PARTS = 512
"""Fewer than IOV_MAX, so that one writev call takes them."""


class Child:
    """Own one limited process: wait until `ready`, then one `ask` after another, and at last `kill` and `reaped`.

    `on_done` is called when an upload has its answer, and may ask the next one. `on_lost` is called, once, when the
    process ends or breaks the protocol by itself, after everything that waits for it has been settled; `kill` it then
    all the same. `never_began` says, once `lost`, that it read nothing of its last upload, which therefore did not end
    it. Raises OSError if it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        limits: Limits,
        *,
        on_done: Callable[[Child], None],
        on_lost: Callable[[Child], None],
        likeness: bool = False,
    ) -> None:
        """Start a process; `likeness` says whether it may be asked for likenesses."""
        self._loop = asyncio.get_running_loop()
        self._on_done = on_done
        self._on_lost = on_lost
        # Its own process group: Ctrl-C in the coordinator's terminal must not end uploads that are being drained.
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            close_fds=True,
            process_group=0,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.likeness = likeness
        self.uploads = 0
        self.seals = 0
        self.lost = False
        self.never_began = False
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._exchange: Exchange | None = None
        self._to = self._process.stdin.fileno()
        self._from = self._process.stdout.fileno()
        self._unsent: list[memoryview] = []
        self._written = 0
        self._has_writer = False
        self._parts: list[bytes] = []
        self._missing = REPLY_BYTES
        self._pixels_next = False
        for pipe in (self._to, self._from):
            os.set_blocking(pipe, False)
            _widen(pipe)
        self._loop.add_reader(self._from, self._on_readable)
        self._send([Setup(os.getpid(), limits, likeness).pack()])

    def __repr__(self) -> str:
        state = "lost" if self.lost else "busy" if self._exchange else "warm" if self.ready.done() else "starting"
        return f"<Child {self.pid} {state}, {self.uploads} uploads>"

    @property
    def cpu_s(self) -> float:
        """Read how much processor time the process has used in its life; 0 when it is gone."""
        # The kernel's clock id of another process's time: the complement of its pid, shifted, with CPUCLOCK_SCHED.
        try:
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:
            return 0.0

    def ask(self, request: Request, body: Sequence[bytes]) -> Exchange:
        """Pass an upload to the process, which must be warm and idle; `ended` settles when nothing more will come."""
        assert self._exchange is None
        assert not self.lost
        self.uploads += 1
        self.ended = self._loop.create_future()
        self._exchange = Exchange(request.size, likeness=request.likeness)
        self._send([request.pack(), *body])
        return self._exchange

    def settle(self) -> bool:
        """Forget the last upload, and say whether the process may have another: it has answered, its memory sound."""
        exchange, self._exchange = self._exchange, None
        if self.lost:
            return False
        return exchange is None or (exchange.done is not None and exchange.done.reason is not Reason.MEMORY)

    def stop(self) -> None:
        """Have the process stand still, until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have the process run again."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once, whatever it does; may be called again."""
        self._hang_up()
        self._process.kill()

    async def reaped(self) -> int:
        """Wait until the process has ended, and return its exit code, negative for a signal; `kill` it before."""
        return await asyncio.to_thread(self._process.wait)

    def _send(self, parts: Sequence[bytes]) -> None:
        self._unsent = [memoryview(part) for part in parts if part]
        self._written = 0
        self._on_writable()

    def _on_writable(self) -> None:
        try:
            while self._unsent:
                written = os.writev(self._to, self._unsent[:_MOST_PARTS])
                self._written += written
                self._skip(written)
        except BlockingIOError:
            if not self._has_writer:
                self._has_writer = True
                self._loop.add_writer(self._to, self._on_writable)
            return
        except BrokenPipeError:
            # It is ending, or has closed its input: the end of its output is waited for, or the upload's own end.
            self._unsent = []
        if self._has_writer:
            self._has_writer = False
            self._loop.remove_writer(self._to)

    def _skip(self, written: int) -> None:
        gone = 0
        while gone < len(self._unsent) and written >= len(self._unsent[gone]):
            written -= len(self._unsent[gone])
            gone += 1
        del self._unsent[:gone]
        if written:
            self._unsent[0] = self._unsent[0][written:]

    def _on_readable(self) -> None:
        try:
            while not self.lost:
                part = os.read(self._from, self._missing)
                if not part:
                    self._lose()
                    return
                self._parts.append(part)
                self._missing -= len(part)
                if not self._missing and self._take(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)):
                    return
        except BlockingIOError:
            return
        except Nonsense:
            if self._exchange is not None:
                self._exchange.nonsense = True
            self._lose()

    def _take(self, data: bytes) -> bool:
        """Take one whole message, or the pixels of a frame; say whether the process has nothing more to say for now."""
        self._parts = []
        self._missing = REPLY_BYTES
        exchange = self._exchange
        if self._pixels_next:
            assert exchange is not None
            self._pixels_next = False
            exchange.add(data)
            return False
        reply = parse_reply(data)
        if exchange is None:
            if not isinstance(reply, Ready) or self.ready.done():
                raise Nonsense("a message that nobody asked for")
            self.seals = reply.seals
            self.ready.set_result(None)
            return True
        if self._unsent:
            raise Nonsense("an answer before the whole question")
        if pixels := exchange.follow(reply):
            self._missing, self._pixels_next = pixels, True
        if exchange.done is None:
            return False
        # Whoever waited may have been cancelled in this very turn of the loop.
        if not self.ended.done():
            self.ended.set_result(None)
        self._on_done(self)
        return True

    def _lose(self) -> None:
        self._hang_up()
        self._on_lost(self)

    def _hang_up(self) -> None:
        """Stop listening to the process, and settle everybody who waits for it."""
        if self.lost:
            return
        self.lost = True
        self.never_began = self._exchange is not None and _unread(self._to) == self._written
        self._loop.remove_reader(self._from)
        if self._has_writer:
            self._loop.remove_writer(self._to)
        self._unsent = []
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        for waiter in (self.ready, self.ended):
            if not waiter.done():
                waiter.set_result(None)


def _unread(pipe: int) -> int:
    """Return how many bytes in a pipe nobody has read, whether or not its reader still lives."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def _widen(pipe: int) -> None:
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except PermissionError:
        # The user's pipes hold as much as they may: this one works too, in smaller steps.
        return
