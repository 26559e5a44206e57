"""A snapshot as the page has it: what templates need, and what is sent to pages that are open."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from coordinator.status.snapshot import Snapshot
from coordinator.sweeps import Sweeps
from coordinator.web.admin.sweep_view import SweepRow, sweep_cells, sweep_rows, sweep_shape
from coordinator.web.admin.templates import Templates
from coordinator.web.admin.view import Cells, Row, cells_of, notices_of, rows_of, shape_of

SHOWN_DECISIONS = 25
SHOWN_ATTEMPTS = 5


@dataclass(frozen=True)
class Rendered:
    """All that is shown of one snapshot."""

    snapshot: Snapshot
    rows: tuple[Row, ...]
    sweeps: tuple[SweepRow, ...]
    cells: Cells
    shape: str

    @cached_property
    def data(self) -> bytes:
        """The whole as JSON, on one line."""
        started = self.snapshot.started.isoformat()
        return json.dumps(
            {"shape": self.shape, "started": started, "cells": self.cells}, separators=(",", ":")
        ).encode()

    @cached_property
    def news(self) -> bytes:
        """What must differ for a page to be sent this: all but the time."""
        return json.dumps({**self.cells, "at": ""}, separators=(",", ":")).encode() + self.shape.encode()


def render(snapshot: Snapshot, sweeps: Sweeps, templates: Templates, is_dismissed: Callable[[str], bool]) -> Rendered:
    """Turn a snapshot into cells, some of them pieces of HTML; `is_dismissed` knows notices by their key."""
    rows = rows_of(snapshot)
    cells = cells_of(snapshot)
    cells.update(sweep_cells(sweeps))
    sweeping = sweep_rows(sweeps)
    notices = [notice for notice in notices_of(snapshot) if not is_dismissed(notice.key)]
    cells["notices"] = templates.piece("notices.html", notices=notices)
    cells["refused"] = templates.piece("refused_attempts.html", refused=snapshot.refused[:SHOWN_ATTEMPTS])
    cells["recent"] = templates.piece("recent.html", recent=snapshot.uploads.recent[:SHOWN_DECISIONS])
    cells["callers"] = templates.piece("callers.html", callers=snapshot.callers)
    return Rendered(snapshot, rows, sweeping, cells, shape_of(snapshot, rows, sweep_shape(sweeping)))
