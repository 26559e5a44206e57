"""Bound what one upload may cost."""

from __future__ import annotations

from dataclasses import dataclass


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
        for name in ("side_px", "still_px", "total_px", "address_bytes", "cpu_s", "wall_s", "uploads"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
