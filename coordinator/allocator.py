"""Have the C library give memory back."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""

LARGE_BYTES = 128 * 1024
"""A frame of 224 px is larger."""


def return_large_blocks() -> None:
    """Have blocks of LARGE_BYTES and more returned to the system when they are freed; call it once, at the start.

    By itself glibc raises its bound to the largest block freed so far, and then keeps what 300 frames took: 43 MiB,
    measured. A C library without mallopt is left as it is.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
