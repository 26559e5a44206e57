"""Forms that nobody of ours has made, and bodies that are too large."""

from __future__ import annotations

from coordinator.web.admin.forms import MAX_FORM_BYTES, MAX_NOTE_CHARACTERS
from tests.coordinator.web.admin.scene import Scene


async def test_guard_refuses_forged_forms(inside: Scene) -> None:
    """Missing, wrong, another session's, or sent by another site: 403, and nothing is done."""
    inside.credentials.add_scanner("box")
    inside.connect("box")
    own = inside.client.cookies["fediward"]
    await inside.log_in("ben")
    other = (await inside.read()).partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"scanner": "box", "minutes": "0"}
    inside.client.cookies.clear()
    inside.client.cookies.set("fediward", own)
    for forged in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": other}):
        answer = await inside.client.post("/do/pause", data={**fields, **forged})
        assert answer.status_code == 403
        assert 'role="alert"' in answer.text
    right = (await inside.read()).partition('name="csrf" value="')[2].partition('"')[0]
    headers = {"Sec-Fetch-Site": "same-site"}
    answer = await inside.client.post("/do/pause", data={**fields, "csrf": right}, headers=headers)
    assert answer.status_code == 403
    assert not inside.steering.pauses
    assert (await inside.client.post("/do/pause", data={**fields, "csrf": right})).status_code == 303
    assert list(inside.steering.pauses) == ["box"]


async def test_guard_refuses_large_forms(inside: Scene) -> None:
    """A note of 100 kB, one just too long, and endless fields: one sentence, nothing done."""
    inside.credentials.add_scanner("box")
    fields = {"scanner": "box", "minutes": "0"}
    answer = await inside.send("/do/pause", **fields, note="x" * 100_000)
    assert answer.status_code == 413
    assert str(MAX_FORM_BYTES) in answer.text
    answer = await inside.send("/do/pause", **fields, note="x" * (MAX_NOTE_CHARACTERS + 1))
    assert answer.status_code == 413
    assert str(MAX_NOTE_CHARACTERS) in answer.text
    answer = await inside.send("/do/pause", **{f"f{number}": "" for number in range(50)})
    assert answer.status_code == 400
    answer = await inside.send("/do/pause", **fields, note="a\x1bb")
    assert answer.status_code == 400
    assert not inside.steering.pauses


async def test_guard_takes_no_get_for_a_form(inside: Scene) -> None:
    """A link changes nothing."""
    for path in ("/do/pause?scanner=box", "/logout", "/do/mode?mode=shadow"):
        assert (await inside.client.get(path)).status_code == 405
