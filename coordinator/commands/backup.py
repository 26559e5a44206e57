"""`fediward-coordinator backup FILE`: a copy of the ledger, made while the coordinator runs.

To restore it: stop the coordinator; remove `ledger.sqlite-wal` and `ledger.sqlite-shm` from FEDIWARD_DATA_DIR; copy the
backup over `ledger.sqlite` there; start the coordinator, which brings an older schema up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def backup(file: Annotated[Path, typer.Argument(help="A file that does not exist yet.", dir_okay=False)]) -> None:
    """Copy the ledger into a file of mode 0600, while the coordinator runs.

    To restore: stop the coordinator, remove ledger.sqlite-wal and ledger.sqlite-shm from FEDIWARD_DATA_DIR, copy the
    file over ledger.sqlite there, and start. Callers and scanners are in credentials.json: a plain file to copy.
    """
    from coordinator.ledger.copying import back_up
    from coordinator.settings import load_settings

    back_up(load_settings().ledger_file, file)
    sys.stderr.write(f"Wrote {file}, {file.stat().st_size} bytes.\n")
