"""How busy NVIDIA's cards are, by the driver's own library. The only door for pynvml (package nvidia-ml-py)."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any, Self

from scanner.manners.errors import GaugeError
from scanner.manners.gpu import CardReading
from shared.errors import ConfigurationError

logger = logging.getLogger(__name__)


class NvmlGauge:
    """Read all the cards that the driver shows to this process. Make it with `open`."""

    def __init__(self, nvml: Any, *, own_pid: int) -> None:
        """Take the library's module and this process's id. Raises GaugeError when the driver does not answer."""
        self._nvml = nvml
        self._own_pid = own_pid
        try:
            nvml.nvmlInit()
            self._cards = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError as error:
            raise GaugeError(str(error)) from error
        self._seen_us = [0] * len(self._cards)

    @classmethod
    def open(cls) -> Self:
        """Load the library and find the cards. Raises ConfigurationError when there is nothing to read."""
        try:
            import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "FEDIWARD_YIELD_GPU needs nvidia-ml-py, which is not here: pip install 'fediward[nvidia]'"
            ) from error
        try:
            gauge = cls(pynvml, own_pid=os.getpid())
            readable = any(card.total_percent is not None for card in gauge.read())
        except GaugeError as error:
            raise ConfigurationError(
                f"FEDIWARD_YIELD_GPU: no NVIDIA driver answers here ({error.fault}): leave it unset on this machine"
            ) from error
        if not readable:
            raise ConfigurationError(
                "FEDIWARD_YIELD_GPU: the driver has no card here whose use it tells: leave it unset on this machine"
            )
        return gauge

    def read(self) -> Sequence[CardReading]:
        """Return a reading for each card. Raises GaugeError."""
        try:
            return [self._read(index) for index in range(len(self._cards))]
        except self._nvml.NVMLError as error:
            raise GaugeError(str(error)) from error

    def close(self) -> None:
        """Let go of the driver."""
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError as error:
            # A driver that was taken away meanwhile holds nothing any more.
            logger.debug("the driver's library did not end in order: %s", error)

    def _read(self, index: int) -> CardReading:
        nvml, card = self._nvml, self._cards[index]
        try:
            total = float(nvml.nvmlDeviceGetUtilizationRates(card).gpu)
        except nvml.NVMLError_NotSupported:
            return CardReading(None)
        by_process = self._by_process(index)
        return CardReading(total, by_process, self._is_ours(card))

    def _by_process(self, index: int) -> dict[int, float] | None:
        """Return the newest share of each process that used the card since the last call."""
        nvml = self._nvml
        try:
            samples = nvml.nvmlDeviceGetProcessUtilization(self._cards[index], self._seen_us[index])
        except nvml.NVMLError_NotFound:
            return {}
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_NoPermission):
            return None
        newest: dict[int, tuple[int, float]] = {}
        for sample in samples:
            # Entries that the driver has not filled in hold any number.
            if sample.timeStamp > self._seen_us[index] and sample.smUtil <= 100:
                newest[sample.pid] = max(newest.get(sample.pid, (0, 0.0)), (sample.timeStamp, float(sample.smUtil)))
        self._seen_us[index] = max((time_us for time_us, _ in newest.values()), default=self._seen_us[index])
        return {pid: share for pid, (_, share) in newest.items()}

    def _is_ours(self, card: Any) -> bool:
        nvml = self._nvml
        try:
            return any(process.pid == self._own_pid for process in nvml.nvmlDeviceGetComputeRunningProcesses(card))
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_NoPermission):
            return False
