"""What a process of ours says with its exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the commands."""

    DONE = 0
    FAILED = 1
    BAD_CONFIGURATION = 2
    """Wrong usage, a wrong setting, or a model that cannot be opened."""
    FOUND = 3
    """The command found what it looks for, or what needs attention."""
    NOT_REACHED = 4
    """One-shot commands only: what runs as a service tries for ever."""
    TOKEN_REFUSED = 5
    DEVICE_LOST = 6
    """A GPU computes no more in this process: start it again."""
    INTERRUPTED = 130
