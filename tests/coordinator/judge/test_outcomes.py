"""One table turns outcomes into answers."""

from __future__ import annotations

import pytest

from coordinator.judge.outcomes import (
    DEFAULT_ANSWERS,
    OWED,
    REJECTED_STATUS,
    UNSEEN,
    Answer,
    Mode,
    Outcome,
    OutcomeTable,
)


def test_outcomes_default_answers() -> None:
    """Judged clean, allowed and unseen are accepted by default; everything else is rejected."""
    accepted = {outcome for outcome, answer in DEFAULT_ANSWERS.items() if answer is Answer.ACCEPT}
    assert accepted == {Outcome.CLEAN, Outcome.ALLOWED, *UNSEEN}
    assert set(DEFAULT_ANSWERS) == set(Outcome)


def test_outcomes_owed() -> None:
    """What nobody has judged and a scanner can still look at is owed; what cannot be looked at is not."""
    assert {Outcome.NO_SCANNER, Outcome.OVERLOADED, Outcome.TIMED_OUT, Outcome.SCANNER_FAULT} == OWED


@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcomes_accepting_is_always_200(outcome: Outcome) -> None:
    """Whatever is accepted, is accepted with 200."""
    ruling = OutcomeTable({outcome: Answer.ACCEPT}).rule(outcome)
    assert (ruling.answer, ruling.status) == (Answer.ACCEPT, 200)


@pytest.mark.parametrize("outcome", list(REJECTED_STATUS))
def test_outcomes_rejecting_has_a_status_of_its_own(outcome: Outcome) -> None:
    """A rejected outcome is answered with its status from the table."""
    ruling = OutcomeTable({outcome: Answer.REJECT}).rule(outcome)
    assert (ruling.answer, ruling.status) == (Answer.REJECT, REJECTED_STATUS[outcome])
    assert ruling.status >= 400


@pytest.mark.parametrize("outcome", [Outcome.CLEAN, Outcome.ALLOWED])
def test_outcomes_clean_cannot_be_rejected(outcome: Outcome) -> None:
    """A table that rejects what was found clean is refused."""
    with pytest.raises(ValueError, match="can only be accepted"):
        OutcomeTable({outcome: Answer.REJECT})


@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcomes_shadow_accepts_and_remembers(outcome: Outcome) -> None:
    """Shadow mode accepts everything and says what enforcing would have answered."""
    ruling = OutcomeTable({}, Mode.SHADOW).rule(outcome)
    assert (ruling.answer, ruling.status, ruling.would_be) == (Answer.ACCEPT, 200, DEFAULT_ANSWERS[outcome])
