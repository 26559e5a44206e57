"""The command line of the coordinator: what it imports before a command needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = """
    aiosqlite alembic apprise asyncio asyncssh av httpx2 jinja2 msgpack numpy obstore PIL prometheus_client
    pydantic_settings sqlalchemy starlette tenacity uvicorn websockets
"""
OF_TYPER = "pydantic"
"""What Typer itself takes for the commands of a group, and not for the help of the whole."""


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [(["--help"], HEAVY + OF_TYPER), (["ledger", "--help"], HEAVY), (["sweep", "run", "--help"], HEAVY)],
)
def test_help_imports_nothing_heavy(arguments: list[str], heavy: str) -> None:
    """What takes time to import is imported by the command that needs it, not for its help."""
    code = f"""
import sys
from coordinator.__main__ import main
try:
    main({arguments})
except SystemExit as end:
    assert not end.code
sys.exit(" ".join(sorted({set(heavy.split())} & set(sys.modules))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert "Usage" in done.stdout
    assert done.stderr.strip() == ""
