"""The rules, by the name that a policy file gives: a further one is a file here, a line below, and a TOML."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from coordinator.judge.policy import Rule
from coordinator.judge.rules.every_part import EveryPart
from coordinator.judge.rules.fedi_safety_2023 import FediSafety2023
from coordinator.judge.rules.fedi_safety_2024 import FediSafety2024

RULES: Mapping[str, type[Rule]] = MappingProxyType(
    {
        "every-part": EveryPart,
        "fedi-safety-2023": FediSafety2023,
        "fedi-safety-2024": FediSafety2024,
    }
)
