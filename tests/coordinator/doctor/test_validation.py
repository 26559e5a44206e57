"""The doctor's test upload, with a pict-rs that does what the test says; a real one is in tests/end_to_end."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from coordinator.doctor.validation import look_at_pictrs, look_at_validation
from coordinator.ledger.audit import Entry, What
from coordinator.ledger.summary import Summary
from coordinator.pictrs.errors import (
    FaultError,
    NotServedError,
    PictRsError,
    StrangerError,
    UnreachableError,
    WrongKeyError,
)
from coordinator.pictrs.trial import Kept
from shared.findings import State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REFUSED = FaultError(400, "failed-external-validation")


class PictRsDouble:
    """A pict-rs that stores one picture, and raises what it is told to, by the name of the call."""

    def __init__(self, **faults: PictRsError) -> None:
        self.kept: bytes | None = None
        self._faults = faults

    async def show_key(self) -> None:
        """Check the key."""
        self._raise("show_key")

    async def upload(self, picture: bytes) -> Kept:
        """Store a picture, transcoded."""
        self._raise("upload")
        self.kept = picture[::-1]
        return Kept("alias.png")

    async def original(self, kept: Kept) -> bytes:
        """Return what is stored."""
        self._raise("original")
        assert self.kept is not None
        return self.kept

    async def remove(self, kept: Kept) -> None:
        """Forget it."""
        self._raise("remove")
        self.kept = None

    def _raise(self, call: str) -> None:
        if call in self._faults:
            raise self._faults[call]


class MemoryDouble:
    """A ledger that knows what the pict-rs keeps, or nothing."""

    def __init__(self, pictrs: PictRsDouble, *, was_asked: bool) -> None:
        self._pictrs = pictrs
        self._was_asked = was_asked

    async def summary(self, sha256: str) -> Summary:
        """Return a verdict for what the pict-rs keeps."""
        assert self._pictrs.kept is not None
        known = self._was_asked and hashlib.sha256(self._pictrs.kept).hexdigest() == sha256
        return Summary(sha256, None, ({"verdict": "clean"},) if known else (), (), ())


async def look(
    pictrs: PictRsDouble, *, was_asked: bool = True, rejections: tuple[Entry, ...] = ()
) -> dict[str, tuple[State, str]]:
    """Return state and guilty part by check."""

    async def since(moment: datetime) -> tuple[Entry, ...]:
        assert moment <= NOW
        return rejections

    found = await look_at_validation(pictrs, MemoryDouble(pictrs, was_asked=was_asked), since, NOW, written_s=0.3)
    return {finding.check: (finding.state, finding.part) for finding in found}


async def test_validation_asked_here_is_good_and_leaves_nothing() -> None:
    """An upload that the coordinator was asked about is good, by what pict-rs made of it, and it is removed."""
    pictrs = PictRsDouble()
    assert await look(pictrs) == {"validation": (State.GOOD, ""), "removal": (State.GOOD, "")}
    assert pictrs.kept is None


async def test_validation_not_asked_is_the_fault_of_its_setting() -> None:
    """A pict-rs that keeps a picture that the ledger never hears of does not ask here; the picture is removed."""
    pictrs = PictRsDouble()
    found = await look(pictrs, was_asked=False)
    assert found["validation"] == (State.WRONG, "PICTRS__MEDIA__EXTERNAL_VALIDATION")
    assert pictrs.kept is None


async def test_validation_refused_by_an_outcome_is_the_coordinators() -> None:
    """A refusal that stands in the log is ours, and its outcome is named."""
    entry = Entry(What.REJECTION, NOW, "lemmy", details={"outcome": "no_scanner"})
    found = await look(PictRsDouble(upload=REFUSED), rejections=(entry,))
    assert found == {"validation": (State.WRONG, "coordinator")}


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (REFUSED, "PICTRS__MEDIA__EXTERNAL_VALIDATION, or the callers"),
        (FaultError(500, ""), "PICTRS__MEDIA__EXTERNAL_VALIDATION, or FEDIWARD_HOOK_BIND"),
        (FaultError(400, "validate-width"), "pict-rs"),
        (UnreachableError("no answer in time"), "pict-rs"),
    ],
)
async def test_validation_that_fails_names_the_guilty(fault: PictRsError, part: str) -> None:
    """A refusal that we know nothing of, a fault of pict-rs, a rule of its own, and silence have different causes."""
    assert await look(PictRsDouble(upload=fault)) == {"validation": (State.WRONG, part)}


async def test_picture_that_stays_is_named() -> None:
    """A test picture that cannot be removed is a finding of its own."""
    found = await look(PictRsDouble(remove=NotServedError("it still serves it")))
    assert found == {"validation": (State.GOOD, ""), "removal": (State.WRONG, "pict-rs")}


async def test_picture_that_is_not_handed_out_says_nothing() -> None:
    """Without its bytes nobody can tell whether the coordinator was asked; it is removed all the same."""
    pictrs = PictRsDouble(original=NotServedError("status 500"))
    assert (await look(pictrs))["validation"] == (State.UNKNOWN, "")
    assert pictrs.kept is None


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (UnreachableError("refused"), "pict-rs"),
        (WrongKeyError(), "FEDIWARD_PICTRS_API_KEY"),
        (StrangerError("malformed"), "FEDIWARD_PICTRS_URL"),
        (FaultError(500, ""), "pict-rs"),
    ],
)
async def test_pictrs_that_does_not_answer_names_the_guilty(fault: PictRsError, part: str) -> None:
    """Silence, a wrong key, a stranger and a fault have different causes."""
    found = await look_at_pictrs(PictRsDouble(show_key=fault))
    assert (found.state, found.part) == (State.WRONG, part)
