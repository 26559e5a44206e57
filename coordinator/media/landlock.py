"""Close all files, and TCP, to this process with Landlock.

The numbers are those of the kernel's include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
from typing import ClassVar

from coordinator.media import kernel

_VERSION_FLAG = 1
_FILE_RIGHTS = (13, 14, 15, 15, 16)
"""How many kinds of access to files there are, by version of the interface, from 1 on; the last holds for all later."""
_NETWORK_SINCE = 4
_NETWORK_RIGHTS = 0b11
_SCOPES_SINCE = 6
_SCOPES = 0b11


class _Ruleset(ctypes.Structure):
    _fields_: ClassVar = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


def close() -> int:
    """Forbid this process to open any file again, and from version 4 on any TCP socket; return the version.

    It keeps what it has open. It must not be able to gain privileges any more. Raises OSError where the kernel has no
    Landlock, or refuses.
    """
    flag = ctypes.c_uint32(_VERSION_FLAG)
    version = kernel.call(kernel.CALL_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), flag)
    rules = _Ruleset(
        files=(1 << _FILE_RIGHTS[min(version, len(_FILE_RIGHTS)) - 1]) - 1,
        network=_NETWORK_RIGHTS if version >= _NETWORK_SINCE else 0,
        scoped=_SCOPES if version >= _SCOPES_SINCE else 0,
    )
    # An older kernel accepts the longer structure because what it does not know in it is 0.
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    ruleset = kernel.call(kernel.CALL_LANDLOCK_CREATE_RULESET, ctypes.byref(rules), size, ctypes.c_uint32(0))
    kernel.call(kernel.CALL_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    return version


def closes_network(version: int) -> bool:
    """Say whether Landlock of that version forbids TCP."""
    return version >= _NETWORK_SINCE
