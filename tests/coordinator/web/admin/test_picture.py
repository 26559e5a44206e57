"""Finding a picture, and deciding about it."""

from __future__ import annotations

from coordinator.ledger.audit import What
from coordinator.ledger.decision import Decision
from coordinator.ledger.decisions import Decided
from coordinator.ledger.times import now
from tests.coordinator.web.admin.scene import Scene

ONE, OTHER = "ab" * 32, "ab" * 31 + "cd"


async def test_picture_is_found_by_its_beginning(inside: Scene) -> None:
    """One match is shown at once, several are listed, upper case and spaces do not matter."""
    await inside.ledger.decisions.decide(Decided(ONE, Decision.ALLOW, "ben", now(), "a <beach>"))
    page = await inside.read(f"/picture?hash=%20{ONE[:8].upper()}")
    assert ONE in page
    assert "a &lt;beach&gt;" in page
    await inside.ledger.decisions.decide(Decided(OTHER, Decision.BLOCK, "ben", now()))
    page = await inside.read(f"/picture?hash={ONE[:8]}")
    assert f"picture?hash={ONE}" in page
    assert f"picture?hash={OTHER}" in page


async def test_picture_that_is_unknown(inside: Scene) -> None:
    """It is said, for a beginning and for a whole hash; what is no hash is refused."""
    assert "knows no picture" in await inside.read("/picture?hash=deadbeef")
    assert "knows nothing of this picture" in await inside.read(f"/picture?hash={ONE}")
    for text in ("", "deadbee", "x" * 64, "a" * 65, "<script>"):
        answer = await inside.client.get("/picture", params={"hash": text})
        assert answer.status_code == 400
        assert "This is no hash" in answer.text
        assert "<script>" not in answer.text


async def test_picture_is_decided_about(inside: Scene) -> None:
    """Allow, block and forget, with a note and who it was; forgetting what is not known says so."""
    page = await inside.do("/do/decide", hash=ONE, decision="allow", note="a beach")
    assert "passes" in page
    assert "a beach" in page
    page = await inside.do("/do/decide", hash=ONE.upper(), decision="block")
    assert "is refused" in page
    (decided,) = await inside.ledger.decisions.all()
    assert (decided.sha256, decided.decision, decided.who) == (ONE, Decision.BLOCK, "anna")
    assert "looked at anew" in await inside.do("/do/decide", hash=ONE, decision="forget")
    assert "nothing to forget" in await inside.do("/do/decide", hash=ONE, decision="forget")
    assert not await inside.ledger.decisions.all()
    words = [entry.details["decision"] for entry in await inside.audited(What.DECISION)]
    assert words == ["allow", "block", "forget"]


async def test_picture_refuses_other_decisions(inside: Scene) -> None:
    """No hash, no such decision, a note that is too long: nothing is done."""
    for fields in (
        {"hash": "x", "decision": "allow"},
        {"hash": ONE[:8], "decision": "allow"},
        {"hash": ONE, "decision": "burn"},
        {"hash": ONE, "decision": "allow", "note": "x" * 501},
    ):
        assert (await inside.send("/do/decide", **fields)).status_code in {400, 413}
    assert not await inside.ledger.decisions.all()
