"""Which policy is in force: the one that the admin named, or the default of the active model."""

from __future__ import annotations

from coordinator.judge.errors import PolicyError
from coordinator.judge.loader import load_policy
from coordinator.judge.policy import Policy
from coordinator.judge.strictness import parse_strictness

DEFAULT_POLICIES = {"ViT-L-14/openai": "fedi-safety-2024", "demo": "demo", "null": "null"}


def policy_in_force(model: str, name: str, strictness: str) -> Policy:
    """Load the policy for a model from the admin's settings.

    Raises PolicyError, one sentence, when the settings are wrong or do not fit each other.
    """
    if not name and model not in DEFAULT_POLICIES:
        known = ", ".join(DEFAULT_POLICIES)
        raise PolicyError(
            "FEDIWARD_MODEL", "", f"is {model!r}, which has no default policy as {known} have; set FEDIWARD_POLICY"
        )
    moved = parse_strictness(strictness)
    try:
        policy = load_policy(name or DEFAULT_POLICIES[model], strictness=moved)
    except PolicyError as error:
        variable = "FEDIWARD_STRICTNESS" if error.key == "strictness" else "FEDIWARD_POLICY"
        raise PolicyError(f"{variable}: {error.source}", error.key, error.what) from error
    if policy.model != model:
        raise PolicyError("FEDIWARD_POLICY", "", f"is for model {policy.model}, but FEDIWARD_MODEL is {model}")
    return policy
