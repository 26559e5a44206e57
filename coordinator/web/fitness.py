"""Whether a scanner has what the policy needs."""

from __future__ import annotations

from coordinator.judge.policy import Policy
from shared.messages import Hello


def unfit(policy: Policy, hello: Hello) -> str:
    """Say why a scanner cannot serve a policy; empty when it can."""
    model = next((model for model in hello.models if model.name == policy.model), None)
    if model is None:
        names = ", ".join(model.name for model in hello.models) or "none"
        return f"the coordinator needs model {policy.model}; this scanner has {names}"[:400]
    if model.frame_size != policy.frame_size:
        return f"frames are {policy.frame_size} px; this scanner's model takes {model.frame_size} px"
    return ""
