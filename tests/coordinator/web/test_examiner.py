"""The examiner between an examination, a connection and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from coordinator.judge.loader import load_policy
from coordinator.trust.record import FIRST_PAUSE_S, Trust
from coordinator.web.examiner import Examiner
from shared.close_codes import CloseCode
from shared.messages import Hello, ServedModel

HELLO = Hello("software", "name", "auto", "cpu", (ServedModel("null", "weights", 224),), 8, "fp32")


class Exam:
    """An examiner, and what it did."""

    def __init__(self, trust: Trust, *, within_s: float = 60.0) -> None:
        self.asked: list[Sequence[bytes]] = []
        self.passed = 0
        self.ended: asyncio.Future[tuple[CloseCode, str]] = asyncio.get_running_loop().create_future()
        self.examiner = Examiner(
            "one",
            trust=trust,
            policy=load_policy("null"),
            ask=self._ask,
            passed=self._pass,
            end=self._end,
            within_s=within_s,
        )
        self.problem = self.examiner.meet(HELLO)

    def _ask(self, scan: str, frames: Sequence[bytes], within_s: float) -> None:
        assert scan == self.examiner.asked
        self.asked.append(frames)

    def _pass(self) -> None:
        self.passed += 1

    def _end(self, code: CloseCode, reason: str) -> None:
        self.ended.set_result((code, reason))


def make_trust() -> Trust:
    """Make one that knows the scanner to be connected."""
    trust = Trust(noise=Random(1).randbytes)
    trust.join("one")
    return trust


async def test_scanner_that_answers_right_passes_once() -> None:
    """Every question has a scan id of its own; ready a second time changes nothing."""
    exam = Exam(make_trust())
    exam.examiner.begin()
    exam.examiner.begin()
    ids = set()
    while exam.examiner.asked:
        ids.add(exam.examiner.asked)
        exam.examiner.take([[frame[0] / 255] for frame in exam.asked[-1]])
    assert (len(ids), exam.passed) == (2, 1)
    assert not exam.ended.done()
    exam.examiner.close()


async def test_scanner_that_was_just_there_passes_at_once() -> None:
    """Nothing is asked."""
    trust = make_trust()
    first = Exam(trust)
    first.examiner.begin()
    while first.examiner.asked:
        first.examiner.take([[frame[0] / 255] for frame in first.asked[-1]])
    trust.leave("one", asyncio.get_running_loop().time())
    trust.join("one")
    again = Exam(trust)
    again.examiner.begin()
    assert (again.asked, again.passed) == ([], 1)


async def test_scanner_that_does_not_answer_has_to_go() -> None:
    """After a while, as one that is stuck."""
    exam = Exam(make_trust(), within_s=0.01)
    exam.examiner.begin()
    code, reason = await asyncio.wait_for(exam.ended, 5)
    assert code is CloseCode.STALLED
    assert "did not answer the reference" in reason


async def test_scanner_that_answers_wrong_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    """It has to go, and the trust knows why."""
    trust = make_trust()
    exam = Exam(trust)
    exam.examiner.begin()
    while exam.examiner.asked:
        exam.examiner.take([[0.5] for _ in exam.asked[-1]])
    assert exam.passed == 0
    assert exam.ended.result()[0] is CloseCode.COME_BACK
    assert "the same scores" in trust.problem_of("one", "weights", asyncio.get_running_loop().time())
    assert "scanner one is set aside for 60 s" in caplog.text


async def test_scanner_that_is_set_aside_has_to_come_back_when_it_may_try_again() -> None:
    """It is told why it gets nothing; when the time is over its connection is ended, so that it is examined."""
    trust = make_trust()
    now = asyncio.get_running_loop().time()
    trust.set_aside("one", "its scores differ", now - FIRST_PAUSE_S + 0.05)
    exam = Exam(trust)
    assert exam.problem.endswith("its scores differ")
    assert await asyncio.wait_for(exam.ended, 5) == (CloseCode.COME_BACK, "it may try again")
    again = Exam(trust)
    assert again.problem == ""


async def test_scanner_without_the_model_is_told_so() -> None:
    """What it is comes before whether it can be believed."""
    exam = Exam(make_trust())
    assert "needs model null" in exam.examiner.meet(replace(HELLO, models=()))
