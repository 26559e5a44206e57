"""Compute the matrix products of a vision transformer in 8-bit integers, on processors. A trade: faster, less exact.

Whether it is exact enough depends on the weights: the self-test decides, and nothing else does (`scanner.selftest`).
"""

from __future__ import annotations

import torch
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer

from scanner.models.errors import Int8UnfitError

LARGEST = 127

EXACT_SHARE = 32
"""One in so many columns of what goes into a product is multiplied in fp32: those with the largest values.

Activations of trained transformers have a few columns that are far larger than all others; in the same eight bits they
would leave nothing of the rest.
"""

LEAST_SCALE = 1e-12


class Int8Linear(torch.nn.Module):
    """Multiply with weights of one scale a row, after rounding what comes with one scale a token."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Take fp32 weights of shape (out, in), and a bias."""
        super().__init__()
        scale = weight.abs().amax(dim=1).clamp_min(LEAST_SCALE) / LARGEST
        self.scale: torch.Tensor
        self.weight: torch.Tensor
        self.bias: torch.Tensor | None
        self.register_buffer("scale", scale)
        self.register_buffer("weight", (weight / scale[:, None]).round().to(torch.int8))
        self.register_buffer("bias", bias)
        self._exact = max(weight.shape[1] // EXACT_SHARE, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Give fp32 of shape (…, out) for fp32 of shape (…, in)."""
        flat = values.reshape(-1, values.shape[-1])
        columns = flat.abs().amax(dim=0).topk(self._exact, sorted=False).indices
        rest = flat.index_fill(1, columns, 0.0)
        scale = rest.abs().amax(dim=1, keepdim=True).clamp_min(LEAST_SCALE) / LARGEST
        product = torch._int_mm(rest.div_(scale).round_().to(torch.int8), self.weight.t()).float()
        product.mul_(scale).addmm_(flat[:, columns], self.weight[:, columns].float().t()).mul_(self.scale)
        if self.bias is not None:
            product += self.bias
        return product.reshape(*values.shape[:-1], -1)


class Int8Attention(torch.nn.Module):
    """Attend as `torch.nn.MultiheadAttention` does when every token looks at all."""

    def __init__(self, model: torch.nn.MultiheadAttention) -> None:
        """Take the weights of this one."""
        super().__init__()
        assert model.in_proj_weight is not None
        self.heads = model.num_heads
        self.into = Int8Linear(model.in_proj_weight, model.in_proj_bias)
        self.out = Int8Linear(model.out_proj.weight, model.out_proj.bias)

    def forward(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, need_weights: bool, attn_mask: None
    ) -> tuple[torch.Tensor, None]:
        """Give fp32 of the shape (frames, tokens, width) of `query`, which `key` and `value` must be as well."""
        frames, tokens, width = query.shape
        parts = self.into(query).reshape(frames, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = torch.nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.out(seen.transpose(1, 2).reshape(frames, tokens, width)), None


@torch.inference_mode()
def round_products(visual: torch.nn.Module, name: str) -> None:
    """Replace the products in the layers of a tower that is loaded in fp32, one by one. Raises Int8UnfitError."""
    if not isinstance(visual, VisionTransformer) or visual.attn_pool is not None:
        raise Int8UnfitError(name)
    for block in visual.transformer.resblocks:
        if not isinstance(block, ResidualAttentionBlock) or not block.attn.batch_first:
            raise Int8UnfitError(name)
        block.attn = Int8Attention(block.attn)
        block.mlp.c_fc = Int8Linear(block.mlp.c_fc.weight, block.mlp.c_fc.bias)
        block.mlp.c_proj = Int8Linear(block.mlp.c_proj.weight, block.mlp.c_proj.bias)
