"""What torch knows about this machine, and what its errors mean."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from scanner.models.device import Choice, Machine
from scanner.models.errors import DeviceLostError

T = TypeVar("T")

HALF_CAPABILITY = (7, 0)
"""The first generation of CUDA devices that computes faster in half precision in matrix products."""

MEMORY_WORDS = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
LOST_WORDS = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "HIP error")


def machine() -> Machine:
    """Look at what there is."""
    cuda = torch.cuda.is_available()
    return Machine(
        cuda=torch.cuda.get_device_name(0) if cuda else None,
        cuda_half=cuda and torch.cuda.get_device_capability(0) >= HALF_CAPABILITY,
        mps=torch.backends.mps.is_available(),
        bf16=computes_bf16(Path("/proc/cpuinfo")),
        built_for="rocm" if torch.version.hip else "cuda" if torch.version.cuda else "cpu",
    )


def computes_bf16(cpuinfo: Path) -> bool:
    """Tell from the kernel's list whether the processor multiplies in bfloat16; False where there is no list."""
    if not cpuinfo.is_file():
        return False
    words = cpuinfo.read_text().split()
    return "avx512_bf16" in words or "amx_bf16" in words


def describe(choice: Choice) -> str:
    """Name the device, or say how many threads it computes with."""
    match choice.kind:
        case "cuda":
            return torch.cuda.get_device_name(0)
        case "mps":
            return "Apple GPU"
        case "cpu":
            return f"{torch.get_num_threads()} threads"


def guarded(work: Callable[[], T]) -> T:
    """Do some work of torch, and raise MemoryError or DeviceLostError when that is what its error means."""
    try:
        return work()
    except RuntimeError as error:
        fault = meaning_of(error)
        if fault is None:
            raise
    # Not inside the except block: the error would stay with the fault, and all tensors of its frames with it.
    if isinstance(fault, MemoryError) and torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise fault


def give_back_memory() -> None:
    """Return what was freed to the system, where the C library can: it keeps gigabytes of tensors otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def meaning_of(error: RuntimeError) -> MemoryError | DeviceLostError | None:
    """Tell errors of torch apart: too little memory, a device that will not come back in this process, or neither."""
    first_line = str(error).partition("\n")[0]
    if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in MEMORY_WORDS):
        return MemoryError(first_line)
    if isinstance(error, torch.AcceleratorError) or any(words in str(error) for words in LOST_WORDS):
        return DeviceLostError(first_line)
    return None
