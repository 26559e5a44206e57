"""What a policy says: columns, strictness, fingerprint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coordinator.judge.definition import Definition, DefinitionError

DEFINITION = Definition(
    rule="every-part",
    model="demo",
    parts={"round": "round thing", "square": "square thing"},
    thresholds={"round": {"disc": 0.3, "ring": 0.2}, "square": {"box": 0.1, "ring": 0.25}},
    parameters={"count": 1},
    strictness={"round": 0.1},
)


def test_definition_terms_once_in_order() -> None:
    """Terms are columns in order of first appearance, each once."""
    assert DEFINITION.terms == ("disc", "ring", "box")
    assert DEFINITION.columns(("box", "disc"), key="here") == (2, 0)


def test_definition_columns_unknown() -> None:
    """A term without a column is an error that names the key and keeps the term to itself."""
    with pytest.raises(DefinitionError) as caught:
        DEFINITION.columns(("cone",), key="parameters.pairs")
    assert str(caught.value) == "parameters.pairs names a term that no table of thresholds holds"


def test_definition_effective_table() -> None:
    """Strictness lowers the thresholds of its part without dust in the last digits, and leaves other parts exact."""
    assert DEFINITION.effective_table("round", part="round") == {"disc": 0.2, "ring": 0.1}
    assert DEFINITION.effective_table("square", part="square") == {"box": 0.1, "ring": 0.25}
    assert DEFINITION.effective(0.23750000000000002, part="square") == 0.23750000000000002


@pytest.mark.parametrize(
    "changed",
    [
        replace(DEFINITION, rule="other"),
        replace(DEFINITION, model="other"),
        replace(DEFINITION, parts={"round": "round", "square": "square thing"}),
        replace(DEFINITION, parts=dict(reversed(list(DEFINITION.parts.items())))),
        replace(DEFINITION, thresholds={**DEFINITION.thresholds, "square": {"box": 0.11, "ring": 0.25}}),
        replace(DEFINITION, thresholds=dict(reversed(list(DEFINITION.thresholds.items())))),
        replace(DEFINITION, parameters={"count": 2}),
        replace(DEFINITION, strictness={"round": 0.11}),
        replace(DEFINITION, strictness={}),
        replace(DEFINITION, frame_size=336),
    ],
)
def test_definition_fingerprint_changes(changed: Definition) -> None:
    """Whatever can change a verdict or a column changes the fingerprint."""
    assert changed.fingerprint(revision=1) != DEFINITION.fingerprint(revision=1)


def test_definition_fingerprint_stays() -> None:
    """The same content has the same fingerprint, of 64 hex digits, and another revision of the rule another one."""
    fingerprint = DEFINITION.fingerprint(revision=1)
    assert fingerprint == replace(DEFINITION).fingerprint(revision=1)
    assert len(bytes.fromhex(fingerprint)) == 32
    assert fingerprint != DEFINITION.fingerprint(revision=2)


def test_definition_repr_without_terms() -> None:
    """The repr names no term."""
    assert "disc" not in repr(DEFINITION)
