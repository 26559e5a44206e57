"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPLICATION_ID = 0x46445744


def upgrade() -> None:
    """Make all tables."""
    op.execute(f"PRAGMA application_id={APPLICATION_ID}")
    _make_verdicts()
    op.create_table(
        "decisions",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.CheckConstraint("decision IN ('allow', 'block')", name="decision_is_known"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "debts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("due", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("settled", sa.Integer),
        sa.Column("how", sa.Text),
    )
    is_open = sa.text("settled IS NULL")
    op.create_index("open_debts", "debts", ["sha256", "media_type"], unique=True, sqlite_where=is_open)
    op.create_index("due_debts", "debts", ["due"], sqlite_where=is_open)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{change.lower()} BEFORE {change} ON audit"
            " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )


def _make_verdicts() -> None:
    op.create_table(
        "ways",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("views", sa.Text, nullable=False),
        sa.Column("cutter_version", sa.Text, nullable=False),
        sa.Column("frame_size", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("terms", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "scanners",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "verdicts",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("way", sa.Integer, sa.ForeignKey("ways.id"), primary_key=True),
        sa.Column("policy", sa.Integer, sa.ForeignKey("policies.id"), nullable=False),
        sa.Column("scanner", sa.Integer, sa.ForeignKey("scanners.id"), nullable=False),
        sa.Column("flagged", sa.Integer, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("judged", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.Integer, nullable=False),
        sa.Column("last_seen", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("look", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scores",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("way", sa.Integer, sa.ForeignKey("ways.id"), primary_key=True),
        sa.Column("policy", sa.Integer, sa.ForeignKey("policies.id"), nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("looks", sa.Text, nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
