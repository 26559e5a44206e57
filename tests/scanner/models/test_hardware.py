"""What errors of torch mean to a scanner."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from scanner.models.clip.hardware import computes_bf16, guarded, meaning_of
from scanner.models.errors import DeviceLostError

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), MemoryError),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), MemoryError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), MemoryError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), MemoryError),
        (torch.AcceleratorError("CUDA error: unspecified launch failure\nmore"), DeviceLostError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"), DeviceLostError),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), type(None)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:20],
)
def test_meaning_of_an_error(error: RuntimeError, meaning: type[BaseException]) -> None:
    """Too little memory, a device that is gone, and our own mistakes are told apart."""
    found = meaning_of(error)
    assert isinstance(found, meaning)
    assert "\n" not in str(found)


def test_guarded_gives_what_the_work_gives() -> None:
    """Work that does not fail is left alone."""
    assert guarded(lambda: 3) == 3


def test_guarded_keeps_nothing_of_the_error_that_it_replaces() -> None:
    """The tensors of the frames that failed must be gone before a smaller batch is tried."""

    def fail() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(MemoryError) as caught:
        guarded(fail)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_guarded_passes_on_what_means_something_else() -> None:
    """A mistake of ours stays what it is."""

    def fail() -> None:
        raise RuntimeError("shapes")

    with pytest.raises(RuntimeError, match="shapes"):
        guarded(fail)


@pytest.mark.parametrize(
    ("flags", "computes"), [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx2", False)]
)
def test_processor_says_whether_it_computes_in_bf16(flags: str, computes: bool, tmp_path: Path) -> None:
    """The kernel's list of flags decides; where there is none the answer is no."""
    (tmp_path / "cpuinfo").write_text(f"model name : x\nflags : {flags}\n")
    assert computes_bf16(tmp_path / "cpuinfo") is computes
    assert not computes_bf16(tmp_path / "none")
