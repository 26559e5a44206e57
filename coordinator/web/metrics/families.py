"""The metrics: their names, and their values out of a snapshot. The README has the same names; a test compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from coordinator.judge.outcomes import REJECTED_STATUS, Answer, Outcome
from coordinator.status.collectors import Collectors
from coordinator.status.histogram import Histogram
from coordinator.status.scanner import Connection, ScannerStatus
from coordinator.status.sentence import Checking
from coordinator.status.snapshot import Snapshot

ANSWERS = (
    *((outcome, Answer.ACCEPT) for outcome in Outcome),
    *((outcome, Answer.REJECT) for outcome in REJECTED_STATUS),
)
"""What can be counted, so that every series is there from the start."""


class Families(Collector):
    """Make all metrics anew at each scrape: the series of a forgotten scanner vanish by themselves.

    Labels are names of scanners and callers, and words from closed sets; never a hash, an address or a secret.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], collectors: Collectors) -> None:
        self._snapshot = snapshot
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        snapshot = self._snapshot()
        yield from self._whole(snapshot)
        yield from self._uploads(snapshot)
        yield from _waiting(snapshot)
        yield from _scanners(snapshot)

    def _whole(self, snapshot: Snapshot) -> Iterator[Metric]:
        checked = snapshot.sentence.checking is Checking.CHECKED
        yield GaugeMetricFamily("fediward_checking", "1 while uploads are being checked, otherwise 0", checked)
        started = snapshot.started.timestamp()
        yield GaugeMetricFamily("fediward_started_timestamp_seconds", "when the coordinator started", started)
        attempts = self._collectors.refusals.count
        yield CounterMetricFamily("fediward_scanner_attempts_refused", "connections of scanners refused", attempts)
        build = InfoMetricFamily("fediward_coordinator", "version, model, policy and mode of the coordinator")
        policy = snapshot.policy
        build.add_metric(
            [],
            {"version": snapshot.version, "model": policy.model, "policy": policy.name, "mode": str(policy.mode)},
        )
        yield build

    def _uploads(self, snapshot: Snapshot) -> Iterator[Metric]:
        log, uploads = self._collectors.uploads, snapshot.uploads
        answered = CounterMetricFamily(
            "fediward_uploads", "uploads answered, by outcome and answer", labels=["outcome", "answer"]
        )
        for outcome, answer in ANSWERS:
            answered.add_metric([str(outcome), str(answer)], log.answers[outcome, answer])
        yield answered
        for name, text, value in (
            ("fediward_uploads_remembered", "uploads answered from memory, without a scanner", log.remembered),
            ("fediward_uploads_accepted_unseen", "uploads accepted although nobody looked", log.accepted_unseen),
            ("fediward_uploads_abandoned", "uploads whose caller left before the answer", log.abandoned),
            ("fediward_upload_bytes", "bytes of the uploads that were answered", log.bytes),
            ("fediward_requests_refused", "requests at the hook that were wrong in themselves", log.refused),
        ):
            yield CounterMetricFamily(name, text, value)
        yield GaugeMetricFamily("fediward_uploads_in_flight", "uploads on their way", uploads.in_flight)
        callers = CounterMetricFamily("fediward_caller_uploads", "uploads answered, by caller", labels=["caller"])
        for caller in snapshot.callers:
            callers.add_metric([caller.name], caller.uploads)
        yield callers
        yield _steps(log.steps)


def _steps(steps: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily("fediward_step_seconds", "time that a step of an upload took", labels=["step"])
    for step, histogram in sorted(steps.items()):
        buckets = [
            ("+Inf" if ms == float("inf") else f"{ms / 1e3:g}", float(count)) for ms, count in histogram.buckets()
        ]
        family.add_metric([step], buckets, histogram.sum_ms / 1e3)
    return family


def _waiting(snapshot: Snapshot) -> Iterator[Metric]:
    depth = GaugeMetricFamily("fediward_lane_scans", "scans that wait for a scanner, by lane", labels=["lane"])
    oldest = GaugeMetricFamily("fediward_lane_oldest_seconds", "how long the oldest of them waits", labels=["lane"])
    for lane in snapshot.lanes:
        depth.add_metric([str(lane.lane)], lane.depth)
        oldest.add_metric([str(lane.lane)], lane.oldest_s)
    yield depth
    yield oldest
    debts = snapshot.debts
    yield GaugeMetricFamily("fediward_debts", "pictures accepted unseen that are not looked at yet", debts.open)
    age_s = 0.0 if debts.oldest is None else max((snapshot.at - debts.oldest).total_seconds(), 0.0)
    yield GaugeMetricFamily("fediward_debts_oldest_seconds", "age of the oldest of them; 0 without any", age_s)
    is_stuck = bool(debts.fault) or (debts.open > 0 and not debts.is_payable)
    yield GaugeMetricFamily("fediward_debts_stuck", "1 while debts are open and cannot be paid", is_stuck)


def _scanners(snapshot: Snapshot) -> Iterator[Metric]:
    states = GaugeMetricFamily("fediward_scanners", "scanners by the state of their connection", labels=["connection"])
    for connection in Connection:
        states.add_metric([str(connection)], sum(s.connection is connection for s in snapshot.scanners))
    yield states
    info = InfoMetricFamily("fediward_scanner", "version, device and models of a scanner", labels=["scanner"])
    for scanner in snapshot.scanners:
        about = {"version": scanner.version, "device": scanner.device, "models": ",".join(scanner.models)}
        info.add_metric([scanner.name], about)
    yield info
    for name, text, value in GAUGES:
        gauge = GaugeMetricFamily(name, text, labels=["scanner"])
        for scanner in snapshot.scanners:
            gauge.add_metric([scanner.name], value(scanner))
        yield gauge
    for name, text, value in COUNTERS:
        counter = CounterMetricFamily(name, text, labels=["scanner"])
        for scanner in snapshot.scanners:
            counter.add_metric([scanner.name], value(scanner))
        yield counter
    yield _times(snapshot)


def _times(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "fediward_scanner_seconds",
        "time of a scan at a scanner over the last five minutes, by part and quantile",
        labels=["scanner", "part", "quantile"],
    )
    for scanner in snapshot.scanners:
        for quantile, split in (("0.5", scanner.timing.p50_ms), ("0.95", scanner.timing.p95_ms)):
            for part in ("queue", "link", "infer", "total") if scanner.timing.results else ():
                family.add_metric([scanner.name, part, quantile], getattr(split, part) / 1e3)
    return family


def _last_sign(scanner: ScannerStatus) -> float:
    return 0.0 if scanner.last_sign is None else scanner.last_sign.timestamp()


GAUGES: tuple[tuple[str, str, Callable[[ScannerStatus], float]], ...] = (
    ("fediward_scanner_takes_uploads", "1 while uploads may go to the scanner", lambda s: s.takes_uploads),
    ("fediward_scanner_frames_in_flight", "frames that the scanner has now", lambda s: s.in_flight),
    ("fediward_scanner_capacity_frames", "frames that it takes at once", lambda s: s.capacity),
    ("fediward_scanner_frames_per_second", "frames that it can do in a second", lambda s: s.frames_per_s),
    ("fediward_scanner_memory_used_bytes", "memory used on its device", lambda s: s.memory_used_bytes),
    ("fediward_scanner_last_sign_timestamp_seconds", "when it said anything", _last_sign),
)

COUNTERS: tuple[tuple[str, str, Callable[[ScannerStatus], float]], ...] = (
    ("fediward_scanner_scans", "results of the scanner", lambda s: s.scans),
    ("fediward_scanner_frames", "frames of these results", lambda s: s.frames),
    ("fediward_scanner_faults", "faults of the scanner", lambda s: s.faults),
    ("fediward_scanner_disagreements", "results that differed from another scanner's", lambda s: s.disagreements),
)
