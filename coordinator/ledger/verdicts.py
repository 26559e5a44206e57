"""Verdicts by content: what is written about a picture that was judged, and what is known of it later."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.sqlite import insert

from coordinator.ledger.likenesses import DECISIONS, mark
from coordinator.ledger.tables import (
    blocked_likenesses,
    decisions,
    likenesses,
    policies,
    scanners,
    scores,
    verdicts,
    ways,
)
from coordinator.ledger.times import to_seconds
from coordinator.ledger.way import Way
from coordinator.ledger.writer import Statements
from coordinator.media.looks import Likeness

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Verdict:
    """What the policy in force made of a picture."""

    flagged: bool
    parts: tuple[str, ...]
    look: str
    """The look that decided."""
    looks: int
    format: str
    scanner: str
    """Who made the scores."""


@dataclass(frozen=True)
class StoredScores:
    """Scores of a picture that another policy judged: one row a look, a column for each term of the way asked."""

    looks: tuple[str, ...]
    rows: tuple[Sequence[float], ...] = field(repr=False)


@dataclass(frozen=True)
class Judged:
    """A verdict to be remembered, with the scores that it was made of. The same picture again adds to its count."""

    sha256: str
    size_bytes: int
    way: Way
    verdict: Verdict
    at: datetime
    look_names: tuple[str, ...] = ()
    """The look of each row of `rows`."""
    rows: tuple[Sequence[float], ...] = field(default=(), repr=False)
    """Scores, empty when they are stored already: one row a look, a column for each of the way's terms."""
    likeness: Likeness | None = None

    @property
    def key(self) -> tuple[str, bytes]:
        """What it is found by while it waits to be written."""
        return self.sha256, self.way.digest

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 600 + len(self.rows) * len(self.way.terms) * FLOAT32_BYTES

    @cached_property
    def is_rejudged(self) -> bool:
        """True when no scanner was asked: stored scores were judged again."""
        return not self.rows

    def statements(self) -> Statements:
        """Say what is to be written."""
        way, verdict, at = self.way, self.verdict, to_seconds(self.at)
        yield (
            _WAY,
            {
                "digest": way.digest,
                "views": way.views,
                "cutter_version": way.cutter_version,
                "frame_size": way.frame_size,
                "model": way.model,
                "weights": way.weights_fingerprint,
            },
        )
        yield _POLICY, {"fingerprint": way.policy_digest, "terms": way.terms_digest}
        yield _SCANNER, {"name": verdict.scanner}
        content = bytes.fromhex(self.sha256)
        keys = {"sha256": content, "way_digest": way.digest, "policy_fingerprint": way.policy_digest}
        yield (
            _REJUDGED if self.is_rejudged else _VERDICT,
            {
                **keys,
                "scanner_name": verdict.scanner,
                "flagged": int(verdict.flagged),
                "looks": verdict.looks,
                "size_bytes": self.size_bytes,
                "judged": at,
                "first_seen": at,
                "last_seen": at,
                "count": 1,
                "format": verdict.format,
                "look": verdict.look,
                "parts": json.dumps(verdict.parts),
            },
        )
        if self.rows:
            yield _SCORES, {**keys, "at": at, "looks": json.dumps(self.look_names), "rows": pack(self.rows)}
        if self.likeness is not None:
            yield from KnownLikeness(self.sha256, self.likeness, self.at).statements()


@dataclass(frozen=True, slots=True)
class KnownLikeness:
    """The likeness of a picture that was judged."""

    sha256: str
    likeness: Likeness
    at: datetime

    @property
    def key(self) -> None:
        """It is not looked for."""
        return

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 350

    def statements(self) -> Statements:
        """Say what is to be written."""
        likeness = self.likeness
        content = bytes.fromhex(self.sha256)
        values = {"sha256": content, "pdq": likeness.pdq, "quality": likeness.quality, "at": to_seconds(self.at)}
        yield _LIKENESS, values


@dataclass(slots=True)
class SeenAgain:
    """A picture came whose verdict was known, perhaps several times before this was written."""

    sha256: str
    way_digest: bytes
    at: datetime
    times: int = 1
    is_taken: bool = False
    """It is being written: what comes now is another record."""

    @staticmethod
    def key_of(sha256: str, way_digest: bytes) -> tuple[str, str, bytes]:
        """Return what such a record is found by while it waits to be written."""
        return "seen", sha256, way_digest

    @property
    def key(self) -> tuple[str, str, bytes]:
        """What it is found by while it waits to be written."""
        return self.key_of(self.sha256, self.way_digest)

    def add(self, at: datetime) -> None:
        """Count once more."""
        self.times += 1
        self.at = at

    @property
    def size_in_memory_bytes(self) -> int:
        """Roughly what it takes while it waits to be written."""
        return 250

    def statements(self) -> Statements:
        """Say what is to be written."""
        self.is_taken = True
        yield (
            _SEEN,
            {
                "b_sha256": bytes.fromhex(self.sha256),
                "b_way": self.way_digest,
                "b_last_seen": to_seconds(self.at),
                "b_times": self.times,
            },
        )


def pack(rows: Sequence[Sequence[float]]) -> bytes:
    """Turn rows of scores into float32, little-endian."""
    values = array("f", [value for row in rows for value in row])
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def unpack(data: bytes, columns: int, wanted: Sequence[int]) -> tuple[Sequence[float], ...]:
    """Return the wanted columns of stored scores, row by row."""
    values = array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    starts = range(0, len(values), columns)
    return tuple([values[start + column] for column in wanted] for start in starts)


def known_statement() -> Any:
    """Return the look-up of one picture: one row, with the decision and the verdict where there are any."""
    one = select(text("1 AS one")).subquery("one")
    of_picture: Any = bindparam("sha256")
    way = select(ways.c.id).where(ways.c.digest == bindparam("way_digest")).scalar_subquery()
    tables = (
        one.outerjoin(decisions, decisions.c.sha256 == of_picture)
        .outerjoin(verdicts, (verdicts.c.sha256 == of_picture) & (verdicts.c.way == way))
        .outerjoin(policies, policies.c.id == verdicts.c.policy)
        .outerjoin(scanners, scanners.c.id == verdicts.c.scanner)
        .outerjoin(likenesses, likenesses.c.sha256 == of_picture)
        .outerjoin(blocked_likenesses, blocked_likenesses.c.sha256 == of_picture)
    )
    return select(
        decisions.c.decision,
        decisions.c.source,
        policies.c.fingerprint,
        verdicts.c.flagged,
        verdicts.c.parts,
        verdicts.c.look,
        verdicts.c.looks,
        verdicts.c.format,
        scanners.c.name,
        func.coalesce(blocked_likenesses.c.pdq, likenesses.c.pdq),
        func.coalesce(blocked_likenesses.c.quality, likenesses.c.quality),
        blocked_likenesses.c.id,
        mark(DECISIONS),
    ).select_from(tables)


def scores_statement() -> Any:
    """Return the look-up of the stored scores of one picture and way, with the digest of their terms."""
    return (
        select(policies.c.terms, scores.c.looks, scores.c.rows)
        .join_from(scores, policies)
        .where(scores.c.sha256 == bindparam("sha256"))
        .where(scores.c.way == select(ways.c.id).where(ways.c.digest == bindparam("way_digest")).scalar_subquery())
    )


def _number_of(table: Any, column: Any, name: str) -> Any:
    return select(table.c.id).where(column == bindparam(name)).scalar_subquery()


def _values(names: Sequence[str]) -> dict[str, Any]:
    numbers = {
        "way": _number_of(ways, ways.c.digest, "way_digest"),
        "policy": _number_of(policies, policies.c.fingerprint, "policy_fingerprint"),
        "scanner": _number_of(scanners, scanners.c.name, "scanner_name"),
    }
    return {name: numbers[name] if name in numbers else bindparam(name) for name in names}


def _interned(table: Any) -> Any:
    names = [column.name for column in table.c if column.name != "id"]
    return insert(table).values({name: bindparam(name) for name in names}).on_conflict_do_nothing()


def _upsert(*, rejudged: bool) -> Any:
    """Return how a verdict is written. One made again of stored scores keeps who made the scores, and when."""
    statement = insert(verdicts).values(_values([column.name for column in verdicts.c]))
    new = statement.excluded
    replaced = {"policy", "flagged", "look", "parts"}
    if not rejudged:
        replaced |= {"scanner", "looks", "judged", "format", "size_bytes"}
    return statement.on_conflict_do_update(
        index_elements=[verdicts.c.sha256, verdicts.c.way],
        set_={
            **{name: new[name] for name in replaced},
            "last_seen": func.max(new.last_seen, verdicts.c.last_seen),
            "count": verdicts.c.count + new.count,
        },
    )


def _scores() -> Any:
    statement = insert(scores).values(_values([column.name for column in scores.c]))
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[scores.c.sha256, scores.c.way],
        set_={"policy": new.policy, "at": new.at, "looks": new.looks, "rows": new.rows},
    )


def _seen() -> Any:
    return (
        update(verdicts)
        .where(verdicts.c.sha256 == bindparam("b_sha256"), verdicts.c.way == _number_of(ways, ways.c.digest, "b_way"))
        .values(
            count=verdicts.c.count + bindparam("b_times"),
            last_seen=func.max(verdicts.c.last_seen, bindparam("b_last_seen")),
        )
    )


_WAY, _POLICY, _SCANNER = _interned(ways), _interned(policies), _interned(scanners)
_VERDICT, _REJUDGED, _SCORES, _SEEN = _upsert(rejudged=False), _upsert(rejudged=True), _scores(), _seen()
_LIKENESS = insert(likenesses).on_conflict_do_nothing()
