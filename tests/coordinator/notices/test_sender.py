"""Notices are sent from a thread of their own, again and again until they are taken."""

from __future__ import annotations

import threading
import time

import pytest

from coordinator.notices.notice import TEST, Notice, Tone
from coordinator.notices.sender import MOST_WAITING, Sender

WAIT_S = 20.0


class Service:
    """Takes notices after refusing so many, or while it is let."""

    def __init__(self, *, refuses: int = 0) -> None:
        self.label = "1 (double)"
        self.taken: list[Notice] = []
        self.tries = 0
        self.may_go = threading.Event()
        self.may_go.set()
        self.was_asked = threading.Event()
        self.has_taken = threading.Event()
        self._refuses = refuses

    def send(self, notice: Notice) -> bool:
        """Take it or not."""
        self.was_asked.set()
        self.may_go.wait(WAIT_S)
        self.tries += 1
        if self.tries <= self._refuses:
            return False
        self.taken.append(notice)
        self.has_taken.set()
        return True


def test_sender_tries_again_until_taken() -> None:
    """A service that fails gets it later, once; the other service has it already and gets it once too."""
    failing, well = Service(refuses=3), Service()
    sender = Sender([failing, well], pauses_s=[0.01])
    sender.start()
    sender.send(TEST)
    assert failing.has_taken.wait(WAIT_S)
    assert sender.close() == 0
    assert (failing.tries, failing.taken, well.taken) == (4, [TEST], [TEST])


def test_sender_does_not_wait_for_a_service() -> None:
    """A service that hangs holds up the thread, neither the caller nor, for long, the end."""
    service = Service()
    service.may_go.clear()
    sender = Sender([service])
    sender.start()
    began_s = time.monotonic()
    for number in range(10):
        sender.send(Notice(Tone.EVENT, f"{number}", ""))
    assert service.was_asked.wait(WAIT_S)
    assert sender.close(within_s=0.05) == 9
    assert time.monotonic() - began_s < WAIT_S
    service.may_go.set()
    assert service.has_taken.wait(WAIT_S)


def test_sender_keeps_a_bounded_number(caplog: pytest.LogCaptureFixture) -> None:
    """What is too much is dropped and logged, by the service's place and not its address."""
    sender = Sender([Service()])
    for _ in range(MOST_WAITING + 1):
        sender.send(TEST)
    assert "a notice for service 1 (double) is dropped" in caplog.text
    sender.start()
    assert sender.close(WAIT_S) == 0


def test_sender_gives_up_after_a_day(caplog: pytest.LogCaptureFixture) -> None:
    """An old notice helps nobody."""
    hours = iter(range(10_000))
    service = Service(refuses=1000)
    sender = Sender([service], pauses_s=[0.0], clock=lambda: next(hours) * 3600.0)
    sender.send(TEST)
    sender.start()
    assert sender.close(WAIT_S) == 0
    assert "is given up" in caplog.text
    assert 1 < service.tries < 24
