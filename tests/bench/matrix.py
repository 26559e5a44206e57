"""What the device reaches in plain matrix products, and where the time of a tower goes: the ceiling for `model`."""

from __future__ import annotations

import time
from collections import Counter

import torch
from torch.profiler import ProfilerActivity, profile

from tests.bench.tower import SIZE, Bare

SIDES = {"cuda": (4096, 8192, 16384), "cpu": (1024, 2048), "mps": (2048, 4096)}
ROUNDS = {"cuda": 20, "cpu": 3, "mps": 5}

KINDS = {
    "matrix product": ("gemm", "nvjet", "cutlass", "xmma", "splitk", "mm_"),
    "attention": ("flash", "fmha", "attention", "softmax"),
    "layer norm": ("layer_norm", "layernorm"),
    "copy and cast": ("copy", "memcpy", "cat", "memset"),
}
"""Parts of kernel names; what is none of these is arithmetic on single elements."""


@torch.inference_mode()
def peak_flop_per_s(device: torch.device, precision: torch.dtype) -> float:
    """Multiply square matrices of random numbers of some sizes, and give the best rate."""
    return max(_rate(side, device, precision) for side in SIDES[device.type])


def _rate(side: int, device: torch.device, precision: torch.dtype) -> float:
    left, right = (torch.randn(side, side, device=device).to(precision) for _ in range(2))
    out = left @ right
    for _ in range(3):
        torch.mm(left, right, out=out)
    _wait(device)
    rounds = ROUNDS[device.type]
    began_s = time.perf_counter()
    for _ in range(rounds):
        torch.mm(left, right, out=out)
    _wait(device)
    return 2 * side**3 * rounds / (time.perf_counter() - began_s)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


@torch.inference_mode()
def kernel_shares(bare: Bare, batch: int) -> dict[str, float]:
    """Profile one batch in the tower on a CUDA device, and give the share of each kind of kernel in its time."""
    return _shares(_kernels(bare, batch))


@torch.inference_mode()
def top_kernels(bare: Bare, batch: int, *, count: int = 12) -> list[tuple[str, float, int]]:
    """Give the kernels that cost most in one batch: name, share of the time, number of calls."""
    kernels = _kernels(bare, batch)
    total = sum(duration for duration, _ in kernels.values())
    ranked = sorted(kernels.items(), key=lambda item: -item[1][0])
    return [(name[:100], duration / total, calls) for name, (duration, calls) in ranked[:count]]


def _kernels(bare: Bare, batch: int) -> dict[str, tuple[float, int]]:
    pixels = torch.randn(batch, 3, SIZE, SIZE, device=bare.device).to(bare.precision)
    for _ in range(2):
        bare.tower(pixels)
    bare.wait()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        bare.tower(pixels)
        bare.wait()
    return {
        event.key: (float(event.self_device_time_total), event.count)
        for event in profiled.key_averages()
        if str(event.device_type).endswith("CUDA") and event.self_device_time_total > 0
    }


def _shares(kernels: dict[str, tuple[float, int]]) -> dict[str, float]:
    durations: Counter[str] = Counter()
    for name, (duration, _) in kernels.items():
        lowered = name.lower()
        kind = next((kind for kind, words in KINDS.items() if any(word in lowered for word in words)), "elementwise")
        durations[kind] += duration  # type: ignore[assignment]
    total = sum(durations.values())
    return {kind: duration / total for kind, duration in durations.most_common()}
