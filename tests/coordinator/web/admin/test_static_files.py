"""The page's own files."""

from __future__ import annotations

import re
from pathlib import Path

import coordinator.web.admin.static_files as module
from coordinator.web.admin.static_files import StaticFiles
from tests.coordinator.web.admin.scene import Scene

FOLDER = Path(module.__file__).parent / "static"
MOST_SCRIPT_LINES = 200


async def test_static_files_are_served_for_long(here: Scene) -> None:
    """Without a login, with their type, under addresses that change with them; others are not there."""
    answer = await here.client.get("/" + StaticFiles().url("page.css"))
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    for name in ("nothing.css", "..%2Ftoken.py", "page.py"):
        assert (await here.client.get(f"/static/{name}")).status_code == 404


def test_static_script_is_short() -> None:
    """At most 200 lines of our own JavaScript, and no library beside it."""
    scripts = list(FOLDER.glob("*.js"))
    assert sum(len(script.read_text().splitlines()) for script in scripts) <= MOST_SCRIPT_LINES
    assert [script.name for script in scripts] == ["page.js"]


def test_static_files_ask_nobody_else() -> None:
    """No address of another host but the name of SVG."""
    for file in FOLDER.iterdir():
        found = set(re.findall(r"(?:https?:)?//[\w.]+\.[a-z]+[^\s\"']*", file.read_text()))
        assert found <= {"http://www.w3.org/2000/svg"}, file.name
