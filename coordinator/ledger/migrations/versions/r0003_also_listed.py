"""Hashes that are on several lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of further lists that a hash is on."""
    op.create_table(
        "also_listed",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("is_pdq", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("decision", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
