"""The table of rules."""

from __future__ import annotations

import dataclasses

import pytest

from coordinator.judge.loader import bundled_policies, load_policy
from coordinator.judge.rules import RULES


@pytest.mark.parametrize("name", RULES)
def test_rules_interface(name: str) -> None:
    """Every rule has a revision, a dataclass of parameters, and tables of parts that it has."""
    rule = RULES[name]
    assert rule.REVISION >= 1
    assert dataclasses.is_dataclass(rule.PARAMETERS)
    assert (rule.PARTS is None) == (rule.TABLES is None)
    assert rule.TABLES is None or set(rule.TABLES.values()) - {None} <= set(rule.PARTS or ())


def test_rules_all_used() -> None:
    """Every rule has a bundled policy."""
    assert {load_policy(name).definition.rule for name in bundled_policies()} == set(RULES)
