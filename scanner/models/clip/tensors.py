"""Read tensors out of a file of weights; nothing in it is ever run. Only what is asked for is brought into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from open_clip.factory import load_state_dict
from safetensors import SafetensorError, safe_open

from scanner.models.errors import WeightsMismatchError, WeightsUnreadableError

SAFETENSORS = ".safetensors"

FAULTS = (OSError, EOFError, SafetensorError, UnpicklingError, RuntimeError, AttributeError, TypeError, ValueError)
"""What the readers raise for files that are cut off or something else."""

MAX_REASON_CHARACTERS = 200


class TensorFile:
    """An open file of weights: safetensors, read piece by piece; or a checkpoint, which is read as a whole."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises WeightsUnreadableError."""
        self.path = path
        self._state: Mapping[str, torch.Tensor] = {}
        self._file: Any = None
        try:
            if path.suffix == SAFETENSORS:
                self._file = safe_open(str(path), framework="pt")
                names = self._file.keys()
                self.sizes = {name: _count(self._file.get_slice(name).get_shape()) for name in names}
            else:
                self._state = load_state_dict(str(path), device="cpu", weights_only=True)
                self.sizes = {name: value.numel() for name, value in self._state.items()}
        except FAULTS as error:
            raise WeightsUnreadableError(path, _reason(error)) from error

    def require(self, expected: Mapping[str, torch.Tensor], architecture: str) -> None:
        """Raise WeightsMismatchError unless these tensors are there, each with as many numbers, and no others."""
        lacking, unknown = expected.keys() - self.sizes.keys(), self.sizes.keys() - expected.keys()
        if lacking or unknown:
            raise WeightsMismatchError(
                self.path, architecture, f"{len(lacking)} tensors are missing, {len(unknown)} are unknown"
            )
        for name, value in expected.items():
            if self.sizes[name] != value.numel():
                found = f"{self.sizes[name]} numbers instead of {value.numel()}"
                raise WeightsMismatchError(self.path, architecture, f"{name} has {found}")

    def read(self, names: Iterable[str]) -> Iterator[tuple[str, torch.Tensor]]:
        """Give these tensors one by one. Copy what you keep, it may lie over the file. May raise as opening does."""
        for name in names:
            try:
                value = self._state[name] if self._file is None else self._file.get_tensor(name)
            except FAULTS as error:
                raise WeightsUnreadableError(self.path, _reason(error)) from error
            yield name, value


def digest(path: Path) -> str:
    """Give the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _count(shape: Iterable[int]) -> int:
    numbers = 1
    for side in shape:
        numbers *= side
    return numbers


def _reason(error: Exception) -> str:
    return (str(error).partition("\n")[0].rstrip(".: ") or type(error).__name__)[:MAX_REASON_CHARACTERS]
