"""What a scrape holds: documented names, and nothing that should not be there."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from coordinator.judge.outcomes import Outcome
from coordinator.status.collectors import Collectors
from coordinator.status.debts import DebtStatus
from coordinator.status.scanner import Connection, Split, Timing
from coordinator.status.sentence import Checking
from coordinator.status.snapshot import CallerStatus, Snapshot
from coordinator.web.metrics.families import Families
from tests.coordinator.status.situations import NOW, NOW_S, decided, scanner, snapshot
from tests.test_documented import README

ROOT = Path(__file__).parents[4]
DOCUMENTED = set(re.findall(r"^\| `(fediward_\w+)` \|", README, re.MULTILINE))


def scrape(
    *states: Snapshot, collectors: Collectors | None = None
) -> list[dict[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Scrape once for each state; return the samples by name and labels."""
    left = list(states)
    registry = CollectorRegistry()
    registry.register(Families(lambda: left.pop(0), collectors or Collectors(NOW_S)))
    found = []
    for _ in states:
        families = text_string_to_metric_families(generate_latest(registry).decode())
        samples = [sample for family in families for sample in family.samples]
        found.append({(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples})
    return found


def full() -> Snapshot:
    """Return a state in which every family has a value."""
    times = Split(1.0, 2.0, 3.0, 6.0)
    return snapshot(
        scanner("box", timing=Timing(5, 20, times, times), scans=5, faults=1),
        scanner("cellar", Connection.OFFLINE),
        callers=(CallerStatus("lemmy", (), may_sweep=False, created=NOW, uploads=3, rejected=0, last=NOW),),
        debts=DebtStatus(2, NOW - timedelta(hours=1), is_payable=False, fault=""),
    )


def collected() -> Collectors:
    """Return collectors that have seen one upload."""
    collectors = Collectors(NOW_S)
    collectors.uploads.note(decided(outcome=Outcome.NO_SCANNER))
    return collectors


def test_families_are_the_documented_ones() -> None:
    """Every metric has a row in the README, and every row is a metric."""
    (samples,) = scrape(full(), collectors=collected())
    names = {re.sub(r"(?<=step_seconds)_(bucket|count|sum)$", "", name) for name, _ in samples}
    assert names == DOCUMENTED


def test_families_tell_the_state() -> None:
    """Values are those of the snapshot and of what was collected; times are in seconds."""
    (samples,) = scrape(full(), collectors=collected())

    def value(name: str, **labels: str) -> float:
        return samples[name, frozenset(labels.items())]

    assert value("fediward_checking") == 1
    assert value("fediward_uploads_total", outcome="no_scanner", answer="accept") == 1
    assert value("fediward_uploads_total", outcome="flagged", answer="reject") == 0
    assert value("fediward_scanners", connection="offline") == 1
    assert value("fediward_scanner_seconds", scanner="box", part="link", quantile="0.95") == 0.002
    assert value("fediward_step_seconds_bucket", step="total", le="0.02") == 0
    assert value("fediward_step_seconds_bucket", step="total", le="0.05") == 1
    assert value("fediward_step_seconds_sum", step="total") == 0.05
    assert (value("fediward_debts_oldest_seconds"), value("fediward_debts_stuck")) == (3600, 1)


def test_families_say_when_uploads_are_not_checked() -> None:
    """Accepted unseen and rejected unseen are both 0."""
    found = scrape(*(snapshot(checking=checking) for checking in Checking))
    assert [samples["fediward_checking", frozenset()] for samples in found] == [1, 0, 0]


def test_families_of_a_forgotten_scanner_vanish() -> None:
    """Its series are gone with the next scrape; those of others stay."""
    before, after = scrape(full(), snapshot(scanner("box")))
    assert any(("scanner", "cellar") in labels for _, labels in before)
    assert not any(("scanner", "cellar") in labels for _, labels in after)
    assert any(("scanner", "box") in labels for _, labels in after)


def test_families_hold_no_hash_and_escape_names() -> None:
    """No label is a hash; a hostile name stays one value of one label."""
    hostile = 'x"} 1\nfediward_checking 0 #<script>'
    (samples,) = scrape(snapshot(scanner(hostile)), collectors=collected())
    values = {value for _, labels in samples for _, value in labels}
    assert hostile in values
    assert not any(re.search(r"[0-9a-f]{8}", value) for value in values)
    assert samples["fediward_checking", frozenset()] == 1


def test_families_are_open_metrics_too() -> None:
    """The stricter format, which newer versions of Prometheus ask for, reads the same."""
    registry = CollectorRegistry()
    registry.register(Families(full, collected()))
    encode, _ = choose_encoder("application/openmetrics-text; version=1.0.0")
    families = list(open_metrics(encode(registry).decode()))  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"fediward_checking", "fediward_step_seconds", "fediward_scanner"}


def test_families_dashboard_uses_documented_names() -> None:
    """The Grafana dashboard is JSON, its panels do not overlap, and it asks for nothing that does not exist."""
    dashboard = json.loads((ROOT / "compose/grafana.json").read_text())
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"fediward_\w+", target["expr"])
    }
    assert asked
    assert {name.removesuffix("_bucket") for name in asked} <= DOCUMENTED
