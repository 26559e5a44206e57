"""Have the C library give memory back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""

LARGE_BYTES = 512 * 1024
"""More than one read of a socket (asyncio takes 256 KiB) and than a frame of 224 px: a mapping of its own for each of
those costs an upload 0.3 ms, measured."""

KEPT_BYTES = 32 * 1024 * 1024
"""May lie free at the end of the heap while uploads come: glibc's 128 KiB, which hold once its other bound is set, have
the end of every photograph given back, and fetched page by page for the next one."""

LULL_S = 2.0


def return_large_blocks() -> None:
    """Have blocks of LARGE_BYTES and more returned to the system when they are freed; call it once, at the start.

    By itself glibc raises its bound to the largest block freed so far. A C library without mallopt is left as it is.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


async def return_free_memory(admitted: Callable[[], int], open_now: Callable[[], int]) -> None:
    """Return what is free inside the heap to the system whenever uploads pause, until cancelled.

    `admitted` counts the uploads so far, `open_now` those on their way. Without this, what 300 frames took stays with
    the process for ever: 43 MiB, measured.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        return
    trimmed_at = admitted()
    while True:
        await asyncio.sleep(LULL_S)
        if open_now() == 0 and admitted() != trimmed_at:
            trimmed_at = admitted()
            library.malloc_trim(0)
