"""Errors of the scanner's manners.

FediwardError
├── GaugeError      the driver does not say how busy the GPU is
└── OrderError      the file that `pause` writes cannot be read
"""

from __future__ import annotations

from shared.errors import FediwardError


class GaugeError(FediwardError):
    """The driver does not answer. `fault` is its own word for it."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)

    def __str__(self) -> str:
        return f"the GPU's driver does not say how busy it is ({self.fault})"


class OrderError(FediwardError):
    """The file that `pause` and `resume` write is there and cannot be read."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)

    def __str__(self) -> str:
        return f"cannot read what `pause` wrote: {self.fault}"
