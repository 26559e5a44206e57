"""A notice that has been seen."""

from __future__ import annotations

import re

from shared.messages import Hello, ServedModel
from tests.coordinator.web.admin.scene import Scene


async def test_notice_is_hidden_for_everybody(inside: Scene) -> None:
    """Its button is a form's of the page, and what else there is to say stays."""
    for name in ("one", "two"):
        inside.credentials.add_scanner(name)
        generation = inside.connect(name)
        hello = Hello("peer 0", name, "cuda", "cpu", (ServedModel("null", "0", 224),), 8)
        inside.collectors.roster.greet(name, generation, hello, "", 0.0)
    page = await inside.read()
    assert "2 things need you" in page
    assert 'id="dismiss" method="post" action="do/dismiss"' in page
    keys = re.findall(r'<button form="dismiss" name="key" value="(\w+)"', page)
    assert len(keys) == 2
    page = await inside.do("/do/dismiss", key=keys[0])
    assert "1 thing needs you" in page
    assert "The scanner two computes on cpu" in page
    assert (await inside.send("/do/dismiss", key="x" * 100)).status_code == 413
