"""One table of thresholds against one frame."""

from __future__ import annotations

import pytest

from coordinator.judge.definition import Definition, DefinitionError
from coordinator.judge.rules.table import Table

DEFINITION = Definition(
    rule="every-part",
    model="demo",
    parts={"shape": "shape"},
    thresholds={"shape": {"disc": 0.1, "square": 0.2, "ring": 0.3}},
    parameters={},
)


def test_table_over_is_strict() -> None:
    """Columns over their thresholds are given in the order of the table; one at its threshold is not."""
    table = Table(DEFINITION, {"ring": 0.3, "disc": 0.1, "square": 0.2})
    assert table.over([0.11, 0.2, 0.31]) == [2, 0]


@pytest.mark.parametrize(("similarity", "columns"), [(0.1, []), (0.11, [0])])
def test_table_of_one(similarity: float, columns: list[int]) -> None:
    """A table of one term works like any other."""
    assert Table(DEFINITION, {"disc": 0.1}).over([similarity, 0.9, 0.9]) == columns


def test_table_unknown_term() -> None:
    """A term without a column is an error that does not quote it."""
    with pytest.raises(DefinitionError) as caught:
        Table(DEFINITION, {"cone": 0.1})
    assert str(caught.value) == "thresholds names a term that no table of thresholds holds"
