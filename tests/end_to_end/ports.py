"""Ports that a process started a moment later can listen on."""

from __future__ import annotations

import os
import random
import socket

FIRST, LAST = 15_000, 32_000
"""Below the range that Linux gives to outgoing connections (32,768 and up): none of them takes the port meanwhile."""

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))

_untried = iter(random.sample(range(FIRST + WORKER, LAST, WORKERS), (LAST - FIRST) // WORKERS))
"""In an order of this process, none of them twice, and none that another worker of the same run may take."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that nobody else was given."""
    for port in _untried:
        with socket.socket() as probe:
            # As the coordinator does: without it, connections that ended a moment ago would hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
