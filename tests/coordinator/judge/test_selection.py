"""Which policy is in force."""

from __future__ import annotations

import pytest

from coordinator.judge.errors import PolicyError
from coordinator.judge.loader import load_policy
from coordinator.judge.selection import DEFAULT_POLICIES, policy_in_force


@pytest.mark.parametrize(("model", "name"), DEFAULT_POLICIES.items())
def test_selection_default_of_a_model(model: str, name: str) -> None:
    """Every model that we know has a bundled policy that is made for it."""
    policy = policy_in_force(model, "", "")
    assert (policy.name, policy.model) == (name, model)


def test_selection_named_policy_with_strictness() -> None:
    """The policy that the admin names counts, moved by the strictness."""
    plain, stricter = (policy_in_force("demo", "demo", text) for text in ("", "disc:+0.01"))
    assert plain.fingerprint == load_policy("demo").fingerprint != stricter.fingerprint


@pytest.mark.parametrize(
    ("model", "name", "strictness", "sentence"),
    [
        ("RN50/openai", "", "", "FEDIWARD_MODEL is 'RN50/openai', which has no default policy"),
        ("demo", "null", "", "FEDIWARD_POLICY is for model null, but FEDIWARD_MODEL is demo"),
        ("demo", "no-such-policy", "", "FEDIWARD_POLICY: policy no-such-policy"),
        ("demo", "", "disc:much", "FEDIWARD_STRICTNESS: disc is 'much'"),
        ("demo", "demo", "nothing:+0.01", "FEDIWARD_STRICTNESS"),
    ],
)
def test_selection_wrong_settings_name_the_variable(model: str, name: str, strictness: str, sentence: str) -> None:
    """What does not fit is one sentence that names the variable."""
    with pytest.raises(PolicyError) as caught:
        policy_in_force(model, name, strictness)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
