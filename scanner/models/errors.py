"""Errors on the way to a model that is ready. Each says in one sentence what to do.

ConfigurationError                  exit code 2, see `shared.errors`
└── ModelError
    ├── ModelUnknownError           no such architecture or weights tag
    ├── WeightsMissingError         neither in the cache nor to be fetched
    ├── WeightsUnreadableError      cut off, or not a file of weights
    ├── WeightsMismatchError        weights of another architecture
    ├── ActivationNeededError       a file of weights does not say its activation
    └── ActivationMismatchError     architecture and weights differ in it
"""

from __future__ import annotations

from pathlib import Path

from shared.errors import ConfigurationError


class ModelError(ConfigurationError):
    """A model could not be made ready. `str()` gives a sentence for the admin."""


class ModelUnknownError(ModelError):
    """Raised for a name that stands for nothing."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"model {self.name} is unknown ({self.reason}): name it as ARCHITECTURE/TAG, for example ViT-L-14/openai"


class WeightsMissingError(ModelError):
    """Raised when there is no file of weights and none can be fetched."""

    def __init__(self, name: str, place: str, reason: str) -> None:
        super().__init__(name, place, reason)
        self.name = name
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"weights of {self.name} are not in {self.place} and could not be fetched ({self.reason}): "
            "connect this machine to the internet once, or copy the file here and name it with --weights"
        )


class WeightsUnreadableError(ModelError):
    """Raised when a file of weights is cut off or is something else."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"weights {self.path} cannot be read ({self.reason}): fetch or copy the file again"


class WeightsMismatchError(ModelError):
    """Raised when a file holds the weights of another architecture."""

    def __init__(self, path: Path, architecture: str, reason: str) -> None:
        super().__init__(path, architecture, reason)
        self.path = path
        self.architecture = architecture
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"weights {self.path} do not fit {self.architecture} ({self.reason}): "
            "name the architecture that they were trained for"
        )


class ActivationNeededError(ModelError):
    """Raised when a file of weights is named without the activation that it was trained with."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"weights {self.path} do not say their activation: name it, gelu or quickgelu, with --activation"


class ActivationMismatchError(ModelError):
    """Raised when weights need another activation than the architecture has: scores would be silently wrong."""

    def __init__(self, name: str, *, needed: str, built: str) -> None:
        super().__init__(name, needed, built)
        self.name = name
        self.needed = needed
        self.built = built

    def __str__(self) -> str:
        return (
            f"weights of {self.name} need the activation {self.needed}, but the architecture was built with "
            f"{self.built}: choose weights and an architecture that agree"
        )
