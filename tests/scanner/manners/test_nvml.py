"""Readings from NVIDIA's library: against a stub of it, and against the real one where it is installed."""

from __future__ import annotations

import os

import pytest

from scanner.manners.errors import GaugeError
from scanner.manners.gpu import CardReading
from scanner.manners.nvml import NvmlGauge
from tests.scanner.manners.doubles import Card, Sample, StubNvml

OWN, GAME = 7, 8


def test_reading_holds_what_the_driver_tells() -> None:
    """Total, shares of the processes, and whether this process is on the card, for each card."""
    nvml = StubNvml(Card(90, [Sample(OWN, 30, 5), Sample(GAME, 60, 5)], [OWN]), Card(3, [], [GAME]))
    assert list(NvmlGauge(nvml, own_pid=OWN).read()) == [
        CardReading(90.0, {OWN: 30.0, GAME: 60.0}, ours=True),
        CardReading(3.0, {}),
    ]


def test_newest_sample_of_a_process_counts_once() -> None:
    """Samples that were seen before, and numbers beyond 100 that the driver leaves in empty entries, do not count."""
    card = Card(90, [Sample(GAME, 60, 5), Sample(GAME, 20, 9), Sample(GAME, 40, 7), Sample(0, 4_000_000, 9)])
    nvml = StubNvml(card)
    gauge = NvmlGauge(nvml, own_pid=OWN)
    assert [reading.by_process for reading in gauge.read()] == [{GAME: 20.0}]
    assert [reading.by_process for reading in gauge.read()] == [{}]
    assert nvml.asked_since == [0, 9]


@pytest.mark.parametrize(
    ("samples", "by_process"),
    [
        (StubNvml.NVMLError_NotFound(), {}),
        (StubNvml.NVMLError_NotSupported(), None),
        (StubNvml.NVMLError_NoPermission(), None),
    ],
    ids=["nobody", "not supported", "not allowed"],
)
def test_processes_may_be_none_or_unknown(samples: Exception, by_process: dict[int, float] | None) -> None:
    """A card that nobody used is told from one whose users are not told."""
    (reading,) = NvmlGauge(StubNvml(Card(5, samples)), own_pid=OWN).read()
    assert reading == CardReading(5.0, by_process)


def test_processes_that_are_not_told_are_not_this_one() -> None:
    """A driver that keeps its list of processes to itself leaves open which card this process is on."""
    nvml = StubNvml(Card(5, [], StubNvml.NVMLError_NoPermission()))
    (reading,) = NvmlGauge(nvml, own_pid=OWN).read()
    assert not reading.ours


def test_card_that_tells_nothing_is_unknown() -> None:
    """A card without this figure is no idle card."""
    assert list(NvmlGauge(StubNvml(Card(StubNvml.NVMLError_NotSupported())), own_pid=OWN).read()) == [CardReading(None)]


def test_driver_that_is_gone_is_an_error() -> None:
    """The error carries the library's word."""
    gauge = NvmlGauge(StubNvml(Card(StubNvml.NVMLError("GPU is lost"))), own_pid=OWN)
    with pytest.raises(GaugeError, match=r"does not say how busy it is \(GPU is lost\)"):
        gauge.read()


def test_driver_that_does_not_start_is_an_error() -> None:
    """Nothing is read from a driver that is not there."""
    with pytest.raises(GaugeError, match="Driver Not Loaded"):
        NvmlGauge(StubNvml(fault=StubNvml.NVMLError("Driver Not Loaded")), own_pid=OWN)


def test_close_lets_go_of_the_driver() -> None:
    """The library is ended, and one that is gone meanwhile is no trouble."""
    nvml = StubNvml(Card())
    gauge = NvmlGauge(nvml, own_pid=OWN)
    gauge.close()
    assert nvml.calls == ["init", "shutdown"]
    nvml.fault = StubNvml.NVMLError("Uninitialized")
    gauge.close()


def test_real_library_has_what_the_gauge_calls() -> None:
    """The names of the stub are those of nvidia-ml-py; without a driver, its own error comes as ours."""
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    missing = [name for name in dir(StubNvml) if name.lower().startswith("nvml") and not hasattr(pynvml, name)]
    assert missing == []
    for name in ("NotSupported", "NotFound", "NoPermission"):
        assert issubclass(getattr(pynvml, f"NVMLError_{name}"), pynvml.NVMLError)
    try:
        gauge = NvmlGauge(pynvml, own_pid=os.getpid())
    except GaugeError as error:
        assert error.fault  # noqa: PT017 - a machine with a driver takes the other way
    else:
        assert all(card.total_percent is None or 0 <= card.total_percent <= 100 for card in gauge.read())
        gauge.close()
