"""Errors on the way to a model that is ready. Each says in one sentence what to do.

ConfigurationError                  exit code 2, see `shared.errors`
└── ModelError
    ├── ModelUnknownError           no such architecture or weights tag
    ├── WeightsMissingError         neither in the cache nor to be fetched
    ├── SpaceMissingError           no room for what is fetched
    ├── WeightsUnreadableError      cut off, or not a file of weights
    ├── WeightsMismatchError        weights of another architecture
    ├── ActivationNeededError       a file of weights does not say its activation
    ├── ActivationMismatchError     architecture and weights differ in it
    └── Int8UnfitError              an architecture whose products are not computed in int8

DeviceLostError stands beside them: it ends a scanner that was at work, with an exit code that asks to start it again.
"""

from __future__ import annotations

from pathlib import Path

from shared.errors import ConfigurationError, FediwardError


class ModelError(ConfigurationError):
    """A model could not be made ready. `str()` gives a sentence for the admin."""


class ModelUnknownError(ModelError):
    """Raised for a name that stands for nothing."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"FEDIWARD_MODEL={self.name} is unknown ({self.reason}): name it as ARCHITECTURE/TAG, for example "
            "ViT-L-14/openai; FEDIWARD_ARCHITECTURE, where it is set, stands for the left side"
        )


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
            "connect this machine to the internet once, or copy the file here and name it in FEDIWARD_WEIGHTS"
        )


class SpaceMissingError(ModelError):
    """Raised when the weights do not fit on the disk."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder)
        self.name = name
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"weights of {self.name} do not fit into {self.folder}, no space is left there: "
            "make room, or name another folder in FEDIWARD_CACHE; what was fetched so far is kept"
        )


class WeightsUnreadableError(ModelError):
    """Raised when a file of weights is cut off or is something else."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"weights {self.path} cannot be read ({self.reason}): fetch or copy the file again, "
            "or name another in FEDIWARD_WEIGHTS"
        )


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
            "name the architecture that they were trained for in FEDIWARD_ARCHITECTURE"
        )


class ActivationNeededError(ModelError):
    """Raised when a file of weights is named without the activation that it was trained with."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"weights {self.path} do not say their activation: name it, gelu or quickgelu, in FEDIWARD_ACTIVATION"


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
            f"{self.built}: let FEDIWARD_MODEL, FEDIWARD_ARCHITECTURE and FEDIWARD_ACTIVATION agree"
        )


class Int8UnfitError(ModelError):
    """Raised when int8 is asked for, and the architecture is no plain vision transformer."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} is no plain vision transformer, so not computed in int8: choose another FEDIWARD_PRECISION"


class DeviceLostError(FediwardError):
    """Raised when a device will not compute any more in this process; only a new process gets it back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the device is lost ({self.reason}): this process ends, so that a new one can use it again"
