"""Who runs a command, for the log."""

from __future__ import annotations


def login() -> str:
    """Return the name that one is logged in with."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return "unknown"
