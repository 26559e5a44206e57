"""Ports that a process started a moment later can listen on."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 15_000, 32_000
"""Below the range that Linux gives to outgoing connections (32,768 and up): none of them takes the port meanwhile."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    for port in random.sample(range(FIRST, LAST), 100):
        with socket.socket() as probe:
            # As the coordinator does: without it, connections that ended a moment ago would hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
