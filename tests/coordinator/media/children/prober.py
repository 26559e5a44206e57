"""Play a limited process that was taken over: after sealing itself it tries what it must not be able to do.

What it finds goes back as the pixels of its one frame: a JSON object, padded with spaces.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

from coordinator.media import kernel, seal
from coordinator.media.looks import Look, LookKind
from coordinator.media.pipe import REQUEST_BYTES, SETUP_BYTES, Done, Fault, Frame, Head, Ready, Request, Setup
from coordinator.media.sniff import Format

_PIDFD_OPEN = 434
_PROCESS_VM_READV = {"x86_64": 310, "aarch64": 270}


def attempts(parent: int, sibling: int) -> dict[str, Callable[[], object]]:
    """Return what it tries: each raises OSError if it is forbidden."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    span = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
    vm_read = _PROCESS_VM_READV[os.uname().machine]

    def read_memory(pid: int) -> int:
        return kernel.call(
            vm_read, ctypes.c_int(pid), span, ctypes.c_ulong(1), span, ctypes.c_ulong(1), ctypes.c_ulong(0)
        )

    return {
        "open a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "open itself": lambda: os.open(sys.executable, os.O_RDONLY),
        "write a file": lambda: os.open("/tmp/taken-over", os.O_WRONLY | os.O_CREAT),
        "list a folder": lambda: os.listdir("/"),
        "ask for a file": lambda: os.stat("/etc/passwd"),
        "open its parent's memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY),
        "open its parent's environment": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
        "read its parent's memory": lambda: read_memory(parent),
        "read its sibling's memory": lambda: read_memory(sibling),
        "take hold of its parent": lambda: kernel.call(_PIDFD_OPEN, ctypes.c_int(parent), ctypes.c_uint(0)),
        "signal its parent": lambda: os.kill(parent, 0),
        "limit its parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "start a process": lambda: os.fork(),
        "start a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        "open a network socket": lambda: socket.socket(socket.AF_INET),
        "open a unix socket": lambda: socket.socket(socket.AF_UNIX),
        "make memory executable": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
        "raise its memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "trace": lambda: _checked(libc.ptrace(0, 0, None, None)),
    }


def main() -> None:
    """Seal itself as the real one does, then answer one upload with what it could do."""
    setup = Setup.unpack(os.read(0, SETUP_BYTES))
    seal.die_with_parent(setup.parent_pid)
    seal.bound(setup.limits)
    sibling = os.getppid() if len(sys.argv) < 2 else int(sys.argv[1])
    tries = attempts(setup.parent_pid, sibling)
    descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    found: dict[str, object] = {
        "environment": dict(os.environ),
        # The last one is of the listing itself.
        "descriptors": descriptors[:-1],
        "arguments": sys.argv[1:],
        "core": resource.getrlimit(resource.RLIMIT_CORE),
    }
    os.write(1, Ready(seal.close()).pack())
    request = Request.unpack(os.read(0, REQUEST_BYTES))
    os.read(0, request.length_bytes)
    done = {}
    for name, attempt in tries.items():
        done[name] = "done"
        try:
            attempt()
        except OSError as error:
            done[name] = errno.errorcode.get(error.errno or 0, "?")
        except ValueError:
            # What the resource module makes of EPERM.
            done[name] = "EPERM"
    with contextlib.suppress(ValueError):
        signal.setitimer(signal.ITIMER_PROF, 5)
    found["attempts"] = done
    text = json.dumps(found).encode()
    pixels = text.ljust(request.size * request.size * 3)
    os.write(1, Head(Format.JPEG, 1, 1).pack() + Frame(Look(LookKind.CENTRE), 0).pack() + pixels)
    os.write(1, Done(Fault.NONE, None, False, 0).pack())


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


if __name__ == "__main__":
    main()
