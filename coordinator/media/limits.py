"""Bound what one upload may cost."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SIDE_PX = 1 << 20
MAX_STILL_PX = 2**31 - 1
"""FFmpeg opens no video with more (option `max_pixels`)."""

MAX_TOTAL_PX = 1 << 40
MAX_ADDRESS_BYTES = 1 << 47
"""What the kernel gives a process on most machines."""

MAX_TIME_S = 86_400
MAX_UPLOADS = 2**32 - 1

_MOST = {
    "side_px": MAX_SIDE_PX,
    "still_px": MAX_STILL_PX,
    "total_px": MAX_TOTAL_PX,
    "address_bytes": MAX_ADDRESS_BYTES,
    "cpu_s": MAX_TIME_S,
    "wall_s": MAX_TIME_S,
    "uploads": MAX_UPLOADS,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold the bounds of one upload in a limited process.

    `side_px` and `still_px` bound the declared size of any picture; `total_px` the pixels of all moments of an
    animation or video together. `address_bytes` is the address space of the process, `cpu_s` its processor time for one
    upload and `wall_s` the time on the clock; `uploads` is how many it serves before it is replaced. The defaults are
    the project's requirements; `research/reliability.md` section 2 has what other image services allow.
    """

    side_px: int = 12_000
    still_px: int = 50_000_000
    total_px: int = 300_000_000
    address_bytes: int = 3 << 29
    cpu_s: float = 3.0
    wall_s: float = 4.0
    uploads: int = 200

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"{name} must be more than 0, and at most {most}")
