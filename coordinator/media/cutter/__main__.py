"""Run one limited process: read uploads from standard input, write frames to standard output.

It is started as `python -I -m coordinator.media.cutter` with an empty environment and no other file. `pipe` says what
is read and written; its own errors have nowhere to go, so it exits, and the coordinator replaces it.
"""

from __future__ import annotations

import os
import sys
import time

from coordinator.media import seal
from coordinator.media.errors import MediaError, Reason, TooCostly, Unreadable, Unsupported
from coordinator.media.pipe import REQUEST_BYTES, SETUP_BYTES, Done, Fault, Ready, Request, Setup

_READ_BYTES = 1 << 20

_FAULTS = {Unreadable: Fault.UNREADABLE, Unsupported: Fault.UNSUPPORTED, TooCostly: Fault.TOO_COSTLY}


def main() -> None:
    """Bound this process, load the codecs, and serve until standard input ends."""
    sys.dont_write_bytecode = True
    setup = Setup.unpack(_read(SETUP_BYTES))
    seal.die_with_parent(setup.parent_pid)
    seal.bound(setup.limits)
    # Only now: a codec must not run a line of its own before the bounds are in force.
    from coordinator.media.cutter import upload

    hasher = upload.prepare(setup.limits, likeness=setup.likeness)
    _write(Ready(seal.close()).pack())
    while header := _read(REQUEST_BYTES):
        request = Request.unpack(header)
        seal.bound_processor(setup.limits.cpu_s)
        body = _read(request.length_bytes)
        began = time.perf_counter()
        fault, reason, partial = Fault.NONE, None, False
        frames = upload.cut_upload(body, request, setup.limits, hasher if request.likeness else None)
        del body
        try:
            for message, pixels in frames:
                _write(message.pack(), pixels)
        except MediaError as error:
            fault, reason = _FAULTS[type(error)], error.reason
        except MemoryError:
            fault, reason = Fault.TOO_COSTLY, Reason.MEMORY
        _write(Done(fault, reason, partial, int((time.perf_counter() - began) * 1e6)).pack())


def _read(length: int) -> bytes:
    """Return the next `length` bytes; nothing at the end of the input. Exits if it ends in between."""
    parts: list[bytes] = []
    missing = length
    while missing:
        part = os.read(0, min(missing, _READ_BYTES))
        if not part:
            if parts:
                sys.exit(1)
            return b""
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write(header: bytes, pixels: bytes = b"") -> None:
    parts = [memoryview(header), memoryview(pixels)]
    while parts:
        written = os.writev(1, parts)
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][written:]


if __name__ == "__main__":
    main()
