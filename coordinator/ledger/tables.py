"""The tables of the ledger. A change here needs a migration; a test compares the two.

Hashes are raw bytes, times whole seconds since 1970. What repeats in many rows is kept once and referred to by number,
so that a million verdicts stay small.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

APPLICATION_ID = 0x46445744
"""Says in the file's header that it is a ledger ("FDWD")."""

metadata = MetaData()

ways = Table(
    "ways",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("views", Text, nullable=False),
    Column("cutter_version", Text, nullable=False),
    Column("frame_size", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("weights", Text, nullable=False),
)
"""How pictures were looked at, and by what."""

policies = Table(
    "policies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("terms", LargeBinary, nullable=False),
)
"""What scores were judged by. `terms` is a digest of 8 bytes for each column of the scores, never the terms."""

scanners = Table(
    "scanners",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("way", Integer, ForeignKey("ways.id"), primary_key=True),
    Column("policy", Integer, ForeignKey("policies.id"), nullable=False),
    Column("scanner", Integer, ForeignKey("scanners.id"), nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("first_seen", Integer, nullable=False),
    Column("last_seen", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("format", Text, nullable=False),
    Column("look", Text, nullable=False),
    Column("parts", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row for each picture and way. `parts` is a JSON list. `judged` is when a scanner made its scores."""

scores = Table(
    "scores",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("way", Integer, ForeignKey("ways.id"), primary_key=True),
    Column("policy", Integer, ForeignKey("policies.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("looks", Text, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Scores of a verdict, kept for days: float32, little-endian, a row for each of `looks` (a JSON list of their names),
a column for each term of the policy that they were made for."""

decisions = Table(
    "decisions",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("decision", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Integer, nullable=False),
    CheckConstraint("decision IN ('allow', 'block')", name="decision_is_known"),
    sqlite_with_rowid=False,
)
"""What an admin or a list decided about a picture. `source` is the name of the list, empty for an admin."""

likenesses = Table(
    "likenesses",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("pdq", LargeBinary, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The PDQ of pictures that were judged while there was one to compare it with; kept for days, as scores are."""

blocked_likenesses = Table(
    "blocked_likenesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pdq", LargeBinary, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("sha256", LargeBinary),
    Column("source", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Index("listed_likenesses", "pdq", unique=True, sqlite_where=text("sha256 IS NULL")),
    Index("likenesses_of_blocked", "sha256", unique=True, sqlite_where=text("sha256 IS NOT NULL")),
)
"""What copies are blocked by: the PDQ of a picture that a decision blocks (`sha256`), or of a list (none).

Of a picture, `source` and what follows are those of the first decision: the one of now stands in `decisions`."""

also_listed = Table(
    "also_listed",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("is_pdq", Integer, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("decision", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Further lists that a hash is on, beside the one that its decision, or the row of its PDQ, has the name of."""

marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Numbers that grow. `decisions`: with every change of a decision or a list. `removals`: with every one that may have
taken something from `blocked_likenesses`."""

debts = Table(
    "debts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("settled", Integer),
    Column("how", Text),
    Index("open_debts", "sha256", "media_type", unique=True, sqlite_where=text("settled IS NULL")),
    Index("due_debts", "due", sqlite_where=text("settled IS NULL")),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("sha256", LargeBinary),
    Column("who", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("audit_at", "at"),
)
"""What happened, append-only: triggers refuse changes. `details` is a JSON object."""
