"""Call the kernel where Python has no function for it.

Only processes call these on themselves, once; ctypes is loaded by then, and nothing here opens a file.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

CALL_LANDLOCK_CREATE_RULESET = 444
CALL_LANDLOCK_RESTRICT_SELF = 446
"""Numbers of system calls that are the same on every architecture that matters here."""


def prctl(option: int, value: int, pointer: Any = None) -> None:
    """Set an option of this process. Raises OSError where the kernel refuses."""
    _checked(_libc().prctl, ctypes.c_int(option), ctypes.c_ulong(value), pointer or ctypes.c_ulong(0), *_zeros(2))


def call(number: int, *arguments: Any) -> int:
    """Make a system call by its number, and return what it returns. Raises OSError where the kernel refuses."""
    return _checked(_libc().syscall, ctypes.c_long(number), *arguments)


def drop_capabilities() -> None:
    """Give up every capability of this process, for good. Raises OSError where the kernel refuses."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _checked(_libc().capset, ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _zeros(count: int) -> tuple[ctypes.c_ulong, ...]:
    return (ctypes.c_ulong(0),) * count


def _checked(function: Callable[..., int], *arguments: Any) -> int:
    result = function(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
