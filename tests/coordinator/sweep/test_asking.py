"""The line to the coordinator, where something else answers, or nobody."""

from __future__ import annotations

import hashlib
import json

import pytest

from coordinator.sweep.asking import Asking
from coordinator.sweep.errors import AwayError, RefusedError, StrangerError
from shared.errors import ConfigurationError
from tests.coordinator.pictrs.scripted import Reply, Server

PATH = "/api/v1/scan/of-no-worth"
SHA256 = hashlib.sha256(b"x").hexdigest()
TOLD = {"outcome": "flagged", "answer": "reject", "would_be": "reject", "sha256": SHA256, "parts": ["a"], "more": 1}


def reply(content: object, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json.dumps(content).encode())


def asking_of(server: Server) -> Asking:
    """Return a line to a server."""
    return Asking(f"{server.url}{PATH}", most_at_once=2)


async def test_asking_understands_a_coordinator() -> None:
    """Contents by hash and by bytes; what is not known has to be sent, and rejected is no fault."""
    replies = {
        f"{PATH}/known/{SHA256}": reply(TOLD),
        f"{PATH}/known/other": reply({"error": "unknown"}, 404),
        PATH: reply(TOLD | {"partial": True}, 406),
    }
    async with Server(replies) as server, asking_of(server) as asking:
        known = await asking.known(SHA256)
        assert known is not None
        assert (known.outcome, known.parts, known.partial) == ("flagged", ("a",), False)
        assert await asking.known("other") is None
        told = await asking.look([b"x", b"y"])
        assert (told.outcome, told.partial) == ("flagged", True)
        line, headers = server.requests[-1]
        assert "lane=sweep" in line
        assert headers["content-length"] == "2"


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, b"<html>"),
        reply({"outcome": "flagged"}),
        reply({**TOLD, "outcome": "fine"}),
        reply({"error": "busy"}, 503),
        Reply(429, b""),
        Reply(404, b"Not Found"),
        Reply(200, b"{}", length=5),
    ],
)
async def test_asking_waits_where_the_answer_is_none(answer: Reply) -> None:
    """Whatever stands between, or answers nonsense: nothing is taken for a verdict, and the sweep waits."""
    async with Server({f"{PATH}/known/{SHA256}": answer}) as server, asking_of(server) as asking:
        with pytest.raises(AwayError) as caught:
            await asking.known(SHA256)
    assert "of-no-worth" not in str(caught.value)


async def test_asking_tells_who_is_refused_and_who_is_a_stranger() -> None:
    """A refused caller and something that is no coordinator need an admin."""
    async with (
        Server({f"{PATH}/sweeps": reply({"error": "Unknown caller."}, 401)}) as server,
        asking_of(server) as asking,
    ):
        with pytest.raises(RefusedError, match="Unknown caller"):
            await asking.check()
    async with Server({}) as server, asking_of(server) as asking:
        with pytest.raises(StrangerError):
            await asking.check()
    with pytest.raises(AwayError):
        async with asking_of(server) as asking:
            await asking.check()


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:14051", "http://host", "ftp://host/api/v1/scan/x", "http:///api/v1/scan/x"]
)
def test_asking_needs_the_path_of_a_caller(url: str) -> None:
    """Another address is refused with a sentence that names the setting."""
    with pytest.raises(ConfigurationError, match="FEDIWARD_SWEEP_URL"):
        Asking(url, most_at_once=1)
