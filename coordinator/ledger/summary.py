"""All that the ledger holds about one picture, for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Select, select

from coordinator.ledger.store import Store
from coordinator.ledger.tables import audit, debts, decisions, policies, scanners, scores, verdicts, ways
from coordinator.ledger.times import from_seconds

Item: TypeAlias = dict[str, object]


@dataclass(frozen=True)
class Summary:
    """What is known of one picture; plain JSON."""

    sha256: str
    decision: Item | None
    verdicts: tuple[Item, ...]
    debts: tuple[Item, ...]
    log: tuple[Item, ...]

    @property
    def is_empty(self) -> bool:
        """True when the ledger knows nothing of the picture."""
        return self.decision is None and not (self.verdicts or self.debts or self.log)


async def summarise(store: Store, sha256: str) -> Summary:
    """Collect what is known of a picture. Raises LedgerError when the database cannot be read."""
    content = bytes.fromhex(sha256)
    async with store.reading() as connection:
        decided = (await connection.execute(select(decisions).where(decisions.c.sha256 == content))).first()
        judged = (await connection.execute(_verdicts(content))).all()
        owed = (await connection.execute(select(debts).where(debts.c.sha256 == content))).all()
        log = (await connection.execute(select(audit).where(audit.c.sha256 == content).limit(100))).all()
    return Summary(
        sha256=sha256,
        decision=None if decided is None else _item(decided, "decision", "source", "who", "note", at=decided.at),
        verdicts=tuple(map(_verdict, judged)),
        debts=tuple(
            _item(row, "outcome", "tries", "reason", "how", at=row.at, due=row.due, settled=row.settled) for row in owed
        ),
        log=tuple({**_item(row, "what", "who", at=row.at), **json.loads(row.details)} for row in log),
    )


def _verdicts(content: bytes) -> Select[Any]:
    return (
        select(
            verdicts,
            ways.c.views,
            ways.c.cutter_version,
            ways.c.model,
            ways.c.weights,
            policies.c.fingerprint,
            scanners.c.name,
            scores.c.at,
        )
        .select_from(
            verdicts.join(ways)
            .join(policies, policies.c.id == verdicts.c.policy)
            .join(scanners)
            .outerjoin(scores, (scores.c.sha256 == verdicts.c.sha256) & (scores.c.way == verdicts.c.way))
        )
        .where(verdicts.c.sha256 == content)
    )


def _verdict(row: Any) -> Item:
    return {
        "verdict": "flagged" if row.flagged else "clean",
        "parts": json.loads(row.parts),
        "scanner": row.name,
        **_item(row, "look", "looks", "format", "size_bytes", "model", "views", "count"),
        "weights": row.weights[:12],
        "policy": row.fingerprint.hex()[:12],
        "scores kept": row.at is not None,
        **_times(judged=row.judged, first_seen=row.first_seen, last_seen=row.last_seen),
    }


def _item(row: Any, *names: str, **seconds: int | None) -> Item:
    return {**{name: getattr(row, name) for name in names}, **_times(**seconds)}


def _times(**seconds: int | None) -> Item:
    return {name: None if value is None else from_seconds(value).isoformat() for name, value in seconds.items()}
