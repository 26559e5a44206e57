"""Load one tower of a model out of its file of weights, without the time and memory that the other would cost."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch

from scanner.models.clip.architecture import build
from scanner.models.clip.rounding import fuse_quickgelu, keep_sum_exact
from scanner.models.clip.tensors import TensorFile
from scanner.models.clip.weights import Weights

VISUAL = "visual."


def require_fit(weights: Weights, name: str) -> None:
    """Raise ModelError unless the file holds the tensors of this architecture; reads its list of them only."""
    TensorFile(weights.path).require(_skeleton(weights, name).state_dict(), weights.architecture)


def load_visual(
    weights: Weights, name: str, *, device: torch.device, precision: torch.dtype, as_built: bool = False
) -> tuple[Any, Any]:
    """Give the image tower, ready to compute, and a model without weights that tells about the architecture.

    `as_built` is slower, and leaves everything as open_clip builds it. Raises ModelError when the file does not hold
    this architecture.
    """
    skeleton = _skeleton(weights, name)
    file = TensorFile(weights.path)
    file.require(skeleton.state_dict(), weights.architecture)
    visual = skeleton.visual
    factors: Mapping[str, float] = {}
    exact: frozenset[str] = frozenset()
    if not as_built:
        with torch.device("meta"):
            factors = fuse_quickgelu(visual)
            exact = keep_sum_exact(visual, precision) if precision == torch.bfloat16 else exact
    _fill(visual, file, prefix=VISUAL, device=device, precision=precision, factors=factors, exact=exact)
    _fill_buffers(visual, weights, name, part="visual", device=device)
    return visual.eval().requires_grad_(requires_grad=False), skeleton


def load_text(weights: Weights, name: str) -> Any:
    """Give a model that can encode text, on the processor in fp32, and nothing else."""
    clip = _skeleton(weights, name)
    clip.visual = None
    cpu = torch.device("cpu")
    _fill(clip, TensorFile(weights.path), prefix="", device=cpu, precision=torch.float32)
    _fill_buffers(clip, weights, name, part="", device=cpu)
    return clip.eval().requires_grad_(requires_grad=False)


def _skeleton(weights: Weights, name: str) -> Any:
    with torch.device("meta"):
        return build(weights.architecture, weights.activation, name=name)


def _fill(
    module: torch.nn.Module,
    file: TensorFile,
    *,
    prefix: str,
    device: torch.device,
    precision: torch.dtype,
    factors: Mapping[str, float] = MappingProxyType({}),
    exact: frozenset[str] = frozenset(),
) -> None:
    """Replace the tensors of a module that has none, one by one, so that the file is never in memory as a whole.

    Weights with a factor are multiplied with it; `exact` ones stay in fp32.
    """
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    state: dict[str, torch.Tensor] = {}
    for full_name, found in file.read(prefix + name for name in shapes):
        name = full_name.removeprefix(prefix)
        value = found.reshape(shapes[name])
        if value.is_floating_point():
            # The factor first: rounding twice would cost what fusing must not.
            value = (value.float() * factors.get(name, 1.0)).to(torch.float32 if name in exact else precision)
        # A copy, because what lies over the file would change, or be gone, with the file.
        state[name] = value.to(device, copy=True)
    module.load_state_dict(state, assign=True)


def _fill_buffers(module: torch.nn.Module, weights: Weights, name: str, *, part: str, device: torch.device) -> None:
    """Make the buffers that no file holds."""
    missing = [found for found, buffer in module.named_buffers() if buffer.is_meta]
    fresh: Mapping[str, torch.Tensor] = {}
    for path in missing:
        owner = module.get_submodule(path.rpartition(".")[0])
        own = path.rpartition(".")[2]
        buffer = owner.get_buffer(own)
        if own == "attn_mask":
            made = torch.full(buffer.shape, float("-inf")).triu(1)
        else:
            fresh = fresh or dict(build(weights.architecture, weights.activation, name=name).named_buffers())
            made = fresh[f"{part}.{path}" if part else path]
        owner.register_buffer(own, made.to(device), persistent=False)
