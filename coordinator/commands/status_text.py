"""A snapshot as text for a terminal, 80 to 120 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

Report: TypeAlias = Mapping[str, Any]
"""What `/api/v1/status` returns; a newer coordinator may say more."""


def lines(report: Report) -> Iterator[str]:
    """Yield the lines: the sentence first, then scanners, then uploads."""
    sentence, policy = report["sentence"], report["policy"]
    yield sentence["text"]
    if sentence["todo"]:
        yield sentence["todo"]
    yield f"since {_time(sentence['since'])}; policy {policy['name']} ({policy['fingerprint'][:12]}), {policy['mode']}"
    yield ""
    if report["scanners"]:
        yield from table([_scanner(row) for row in report["scanners"]])
    else:
        yield "no scanners"
    if report["refused"]:
        latest = report["refused"][0]
        yield f"last refused: {latest['cause']} ({latest['scanner'] or latest['address']}, {_time(latest['last'])})"
    yield ""
    yield from _uploads(report)


def history(report: Report) -> Iterator[str]:
    """Yield the lines about one scanner: its row, then what happened to it, the latest first."""
    yield from table([_scanner(report["scanner"])])
    yield ""
    for event in report["events"]:
        yield f"{_time(event['at'])}  {event['what']}"
    if not report["events"]:
        yield "nothing happened to it since the coordinator started"


def _uploads(report: Report) -> Iterator[str]:
    uploads, debts = report["uploads"], report["debts"]
    for span in ("hour", "day"):
        counts = [f"{outcome} {count}" for outcome, count in uploads[span].items() if count]
        yield f"last {span}: {', '.join(counts) or 'no uploads'}"
    for lane in report["lanes"]:
        if lane["depth"]:
            yield f"waiting: {lane['depth']} {lane['lane']}, the oldest for {lane['oldest_s']:.1f} s"
    if debts["open"]:
        fault = debts["fault"] or ("" if debts["is_payable"] else "no pict-rs is named (FEDIWARD_PICTRS_URL)")
        yield f"accepted unseen: {debts['open']}, the oldest of {_time(debts['oldest'])}{f': {fault}' if fault else ''}"


def _scanner(row: Report) -> dict[str, str]:
    intent, p95 = row["intent"], row["timing"]["p95_ms"]
    until = f" until {_time(intent['until'])}" if intent["until"] else ""
    note = f" ({intent['note']})" if intent["note"] else ""
    meant = "" if intent["kind"] == "active" else f"{intent['kind'].replace('_', ' ')}{until}{note}"
    return {
        "scanner": row["name"],
        "connection": row["connection"].replace("_", " "),
        "since": _time(row["since"]),
        "in flight": f"{row['in_flight']}/{row['capacity']}",
        "scans": str(row["scans"]),
        "p95 ms": f"{p95['total']:.0f}" if row["timing"]["results"] else "-",
        "device": row["device"] or "-",
        "why": "; ".join(text for text in (meant, row["why"]) if text),
    }


def table(rows: list[dict[str, str]]) -> Iterator[str]:
    """Yield rows that share their keys as columns under a heading."""
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _time(text: str | None) -> str:
    return "-" if text is None else datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
