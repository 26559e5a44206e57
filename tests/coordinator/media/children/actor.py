"""Play a limited process that misbehaves: `python -I actor.py ROLE`, the role being what it does with an upload."""

from __future__ import annotations

import os
import signal
import sys
import time

from coordinator.media import seal
from coordinator.media.errors import Reason
from coordinator.media.looks import Look, LookKind
from coordinator.media.pipe import REQUEST_BYTES, SETUP_BYTES, Done, Fault, Frame, Head, Ready, Request, Setup
from coordinator.media.sniff import Format

HEAD = Head(Format.JPEG, 4, 3).pack()
FRAME = Frame(Look(LookKind.CENTRE), 0).pack()
DONE = Done(Fault.NONE, None, False, 1000).pack()


def read(length: int) -> bytes:
    """Return `length` bytes of standard input, or fewer at its end."""
    return sys.stdin.buffer.read(length)


def write(*parts: bytes) -> None:
    """Write to standard output, and see to it that it leaves."""
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def burn() -> None:
    """Use the processor without end."""
    while True:
        pass


def sleep() -> None:
    """Do nothing without end."""
    while True:
        time.sleep(60)


def close_and_sleep() -> None:
    """Hang up, and live on."""
    os.close(1)
    sleep()


def die(number: signal.Signals) -> None:
    """End by a signal."""
    os.kill(os.getpid(), number)


def play(role: str, size: int) -> None:
    """Do with an upload what the role is: write its messages, then act."""
    pixels = bytes(size * size * 3)
    no_reason = bytearray(Done(Fault.UNREADABLE, Reason.CRASHED, False, 0).pack())
    no_reason[2] = 0
    messages, act = {
        "good": ([HEAD, FRAME, pixels, DONE], None),
        "burn": ([], burn),
        "sleep": ([], sleep),
        "segfault": ([], lambda: die(signal.SIGSEGV)),
        "killed": ([], lambda: die(signal.SIGKILL)),
        "exit": ([], sys.exit),
        "frame then sleep": ([HEAD, FRAME, pixels], sleep),
        "frame then burn": ([HEAD, FRAME, pixels], burn),
        "frame then segfault": ([HEAD, FRAME, pixels], lambda: die(signal.SIGSEGV)),
        "half a frame": ([HEAD, FRAME, pixels[:-1]], sys.exit),
        "noise": ([b"\xff" * 4096], None),
        "no head": ([FRAME, pixels, DONE], None),
        "two heads": ([HEAD, HEAD], None),
        "no frame": ([HEAD, DONE], None),
        "17 frames": ([HEAD, *[FRAME, pixels] * 17, DONE], None),
        "no reason": ([bytes(no_reason)], None),
        "ready again": ([Ready(0).pack()], None),
        "more after": ([HEAD, FRAME, pixels, DONE, HEAD], None),
        "out of memory": ([Done(Fault.TOO_COSTLY, Reason.MEMORY, False, 0).pack()], None),
        "closes": ([], close_and_sleep),
    }[role]
    write(*messages)
    if act is not None:
        act()


def main() -> None:
    """Play the role of the command line; "not ready" and "dies at start" never get as far as an upload."""
    role = sys.argv[1]
    if role == "dies at start":
        sys.exit(1)
    setup = Setup.unpack(read(SETUP_BYTES))
    seal.die_with_parent(setup.parent_pid)
    if role == "not ready":
        sleep()
    write(Ready(0).pack())
    while header := read(REQUEST_BYTES):
        request = Request.unpack(header)
        seal.bound_processor(setup.limits.cpu_s)
        if role == "answers before reading":
            write(HEAD)
            sleep()
        body = read(request.length_bytes)
        # Any upload can ask for a role of its own, behind its first bytes.
        asked = body[16:].decode("ascii", "ignore").strip()
        play(asked or role, request.size)


if __name__ == "__main__":
    main()
