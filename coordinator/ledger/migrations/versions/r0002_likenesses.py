"""Likenesses of pictures, for blocking copies of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of likenesses, and the marks that say when they changed."""
    op.create_table(
        "likenesses",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("pdq", sa.LargeBinary, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "blocked_likenesses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pdq", sa.LargeBinary, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
    )
    is_listed, is_picture = sa.text("sha256 IS NULL"), sa.text("sha256 IS NOT NULL")
    op.create_index("listed_likenesses", "blocked_likenesses", ["pdq"], unique=True, sqlite_where=is_listed)
    op.create_index("likenesses_of_blocked", "blocked_likenesses", ["sha256"], unique=True, sqlite_where=is_picture)
    op.create_table(
        "marks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO marks VALUES ('decisions', 0), ('removals', 0)")
