"""The file is made, migrated and refused: always as a whole, or left as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine

from coordinator.ledger.errors import LedgerFault
from coordinator.ledger.schema import CURRENT, Schema, prepare
from coordinator.ledger.tables import metadata
from tests.coordinator.ledger.breaking import break_inside
from tests.coordinator.ledger.making import file_in

NEXT = '''
"""One more table."""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{newest}"

def upgrade():
    op.create_table("more", sa.Column("id", sa.Integer, primary_key=True))
    {then}
'''


def later_version(folder: Path, then: str = "pass") -> Schema:
    """Return the schema of a version of Fediward that has one more migration."""
    scripts = folder / "migrations"
    shutil.copytree(CURRENT.folder, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "next.py").write_text(NEXT.format(newest=CURRENT.revisions[-1], then=then))
    return Schema((*CURRENT.revisions, "next"), scripts)


def content(path: Path) -> list[str]:
    """Return all that a database holds, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def with_a_decision(path: Path) -> None:
    """Make a ledger that holds something."""
    prepare(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO decisions VALUES (x'aa', 'allow', '', 'me', '', 1)")
        connection.commit()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Have the rights of nobody, where the tests run as root, whom no mode of a file stops."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody, too, can reach: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_schema_revisions_are_those_of_the_folder() -> None:
    """The list of revisions is the chain of migration scripts."""
    scripts = ScriptDirectory(str(CURRENT.folder))
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == CURRENT.revisions


def test_schema_migrations_make_the_tables(tmp_path: Path) -> None:
    """What the migrations make is what the code expects."""
    prepare(file_in(tmp_path))
    engine = create_engine(f"sqlite:///{file_in(tmp_path)}", poolclass=NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_schema_made_private_in_wal_mode(tmp_path: Path) -> None:
    """A new file is readable by its owner only, and lets readers and a writer work at once."""
    path = file_in(tmp_path / "deep" / "data")
    prepare(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_schema_restored_file_becomes_private(tmp_path: Path) -> None:
    """A backup that was copied back with everybody's mode loses it at the next start."""
    prepare(file_in(tmp_path))
    file_in(tmp_path).chmod(0o644)
    prepare(file_in(tmp_path))
    assert stat.S_IMODE(file_in(tmp_path).stat().st_mode) == 0o600


def test_schema_newest_is_left_alone(tmp_path: Path) -> None:
    """A second start changes nothing and makes no copy."""
    with_a_decision(file_in(tmp_path))
    before = content(file_in(tmp_path))
    prepare(file_in(tmp_path))
    assert content(file_in(tmp_path)) == before
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.sqlite", "ledger.lock"}


def test_schema_older_is_migrated_and_copied_before(tmp_path: Path) -> None:
    """An older file is brought up to date, keeps what it holds, and a private copy of it as it was stays."""
    path = file_in(tmp_path)
    with_a_decision(path)
    before = content(path)
    prepare(path, later_version(tmp_path))
    copy = path.with_name("ledger.sqlite.before-next")
    assert content(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM more").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (1,)


def test_schema_failed_migration_leaves_the_file(tmp_path: Path) -> None:
    """A migration that fails half-way leaves the file as it was, and is one sentence."""
    path = file_in(tmp_path)
    with_a_decision(path)
    before = content(path)
    failing = later_version(tmp_path, then='op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(Exception, match=r"^The ledger cannot be used now: [^.]*\.$"):
        prepare(path, failing)
    assert content(path) == before
    prepare(path)


def test_schema_newer_is_refused(tmp_path: Path) -> None:
    """A file of a newer version is refused, and left as it was."""
    path = file_in(tmp_path)
    with_a_decision(path)
    prepare(path, later_version(tmp_path))
    before = content(path)
    with pytest.raises(
        LedgerFault, match=r"ledger\.sqlite was made by a newer version of Fediward; run that version\.$"
    ):
        prepare(path)
    assert content(path) == before


def test_schema_foreign_database_is_refused(tmp_path: Path) -> None:
    """A database of something else is refused, and left as it was."""
    path = file_in(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(LedgerFault, match=r"is a database, but not a ledger of Fediward\.$"):
        prepare(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"this was a database once" * 400, b"SQLite format 3\0" + b"\xff" * 8000])
def test_schema_damaged_is_refused(tmp_path: Path, damage: bytes) -> None:
    """What is no database, or a broken one, is refused and left as it was."""
    file_in(tmp_path).write_bytes(damage)
    with pytest.raises(LedgerFault, match=r"(damaged|not a database); restore a backup, or move it away"):
        prepare(file_in(tmp_path))
    assert file_in(tmp_path).read_bytes() == damage


def test_schema_damaged_inside_is_refused(tmp_path: Path) -> None:
    """Damage in a part that nobody has read yet is found where the file is checked, and the file is left as it was.

    What a process that was killed left in the log beside it stays there.
    """
    path = file_in(tmp_path)
    with_a_decision(path)
    prepare(path, checks=True)
    break_inside(path)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO decisions VALUES (x'bb', 'allow', '', 'me', '', 1)")
        writer.commit()
        killed = file_in(tmp_path / "killed")
        killed.parent.mkdir()
        for file in tmp_path.glob("ledger.sqlite*"):
            shutil.copy(file, killed.with_name(file.name))
    log = killed.with_name("ledger.sqlite-wal")
    before = (killed.read_bytes(), log.read_bytes())
    assert before[1]
    with pytest.raises(LedgerFault, match=r"damaged; restore a backup, or move it away to begin a new one\.$"):
        prepare(killed, checks=True)
    assert (killed.read_bytes(), log.read_bytes()) == before


def test_schema_of_a_killed_process_is_sound(tmp_path: Path) -> None:
    """What a process that was killed left in the log beside the file is checked with it, and kept."""
    path = file_in(tmp_path)
    prepare(path)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO decisions VALUES (x'aa', 'allow', '', 'me', '', 1)")
        writer.commit()
        killed = file_in(tmp_path / "killed")
        killed.parent.mkdir()
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            shutil.copy(tmp_path / name, killed.with_name(name))
    prepare(killed, checks=True)
    with closing(sqlite3.connect(killed)) as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (1,)


def test_schema_damaged_is_not_migrated(tmp_path: Path) -> None:
    """Damage in a part that nobody has read yet is found before a migration, and the file is left as it was."""
    path = file_in(tmp_path)
    with_a_decision(path)
    with path.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xa5" * 4096)
    damaged = path.read_bytes()
    with pytest.raises(LedgerFault, match="damaged"):
        prepare(path, later_version(tmp_path))
    assert path.read_bytes() == damaged


def test_schema_in_a_read_only_folder(open_folder: Path) -> None:
    """A folder that cannot be written is one sentence that names the setting, and nothing is made."""
    open_folder.chmod(0o555)
    with unprivileged(), pytest.raises(LedgerFault, match=r"Permission denied; FEDIWARD_DATA_DIR must be writable\.$"):
        prepare(file_in(open_folder))
    assert list(open_folder.iterdir()) == []


def test_schema_of_a_read_only_file(open_folder: Path) -> None:
    """A ledger that this user cannot write is refused at the start, not at the first upload."""
    path = file_in(open_folder)
    prepare(path)
    before = path.read_bytes()
    for file in open_folder.iterdir():
        file.chmod(0o400)
    open_folder.chmod(0o555)
    with unprivileged(), pytest.raises(LedgerFault, match=r"Permission denied; FEDIWARD_DATA_DIR must be writable\.$"):
        prepare(path)
    assert path.read_bytes() == before


def test_schema_folder_is_a_file(tmp_path: Path) -> None:
    """A path that cannot be a folder is one sentence."""
    (tmp_path / "data").write_text("")
    with pytest.raises(LedgerFault, match=r"FEDIWARD_DATA_DIR must be writable\.$"):
        prepare(tmp_path / "data" / "ledger.sqlite")


def test_schema_processes_that_start_at_once(tmp_path: Path) -> None:
    """Several processes that make the same ledger at once all succeed."""
    code = "import sys, pathlib; from coordinator.ledger.schema import prepare; prepare(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(file_in(tmp_path))]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * 4, errors
