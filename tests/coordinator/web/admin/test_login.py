"""Logging in and out, and what a browser is told."""

from __future__ import annotations

from pathlib import Path

from coordinator.web.admin.attempts import MOST_WRONG
from coordinator.web.admin.headers import HEADERS
from tests.coordinator.web.admin.scene import PROXY, TOKEN, Scene, scene

DATA = ("/events", "/live")


async def test_login_is_asked_of_everybody(here: Scene) -> None:
    """Pages and forms lead to the login, data is refused, and nothing of the state is told."""
    here.credentials.add_scanner("box")
    for path in ("/", "/picture?hash=00000000"):
        answer = await here.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "login")
    for path in DATA:
        assert (await here.client.get(path)).status_code == 401
    for path in ("/do/pause", "/do/mode", "/do/decide", "/logout"):
        answer = await here.client.post(path, data={"scanner": "box", "minutes": "0"})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("login")
    assert "box" not in await here.read("/login")
    assert not here.steering.pauses


async def test_login_with_the_token(here: Scene) -> None:
    """The cookie cannot be read by scripts, goes to no other site, and opens the page; a second login is not asked."""
    answer = await here.client.post("/login", data={"token": f" {TOKEN}\n", "name": " anna  b "})
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    cookie = answer.headers["set-cookie"].casefold()
    assert cookie.startswith("fediward=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert "Uploads are" in await here.read()
    assert (await here.client.get("/login")).headers["location"] == "./"


async def test_login_behind_tls_is_for_tls_only(tmp_path: Path) -> None:
    """A named proxy that spoke TLS makes the cookie Secure, and the scanners' address wss."""
    async with scene(tmp_path, trusted_proxies=(PROXY,), tls=True) as here:
        answer = await here.client.post("/login", data={"token": TOKEN})
        assert answer.headers["set-cookie"].startswith("__Host-fediward=")
        assert "secure" in answer.headers["set-cookie"].casefold()
        here.credentials.add_scanner("box")
        assert "wss://fediward.test" in await here.read()


async def test_login_believes_no_proxy_that_nobody_named(tmp_path: Path) -> None:
    """Anybody may claim to have spoken TLS; logging in works all the same."""
    async with scene(tmp_path) as here:
        claim = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        answer = await here.client.post("/login", data={"token": TOKEN}, headers=claim)
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith("fediward=")


async def test_login_with_a_wrong_token(here: Scene) -> None:
    """It is said, no cookie is set, and the eleventh within a minute waits, right or wrong."""
    for _ in range(MOST_WRONG):
        answer = await here.client.post("/login", data={"token": "wrong"})
        assert answer.status_code == 401
        assert "not the admin token" in answer.text
        assert "set-cookie" not in answer.headers
    answer = await here.client.post("/login", data={"token": TOKEN})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "set-cookie" not in answer.headers


async def test_login_form_is_bounded(here: Scene) -> None:
    """A huge form, one from another site, and one that is none, are refused with a sentence."""
    for status, request in (
        (413, {"data": {"token": "x" * 100_000}}),
        (403, {"data": {"token": TOKEN}, "headers": {"Sec-Fetch-Site": "cross-site"}}),
        (415, {"json": {"token": TOKEN}}),
        (400, {"data": {"token": TOKEN, "name": "a\0b"}}),
    ):
        answer = await here.client.post("/login", **request)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert "set-cookie" not in answer.headers


async def test_logout_ends_the_session(inside: Scene) -> None:
    """The old cookie opens nothing any more, also when a browser keeps it."""
    cookie = inside.client.cookies["fediward"]
    answer = await inside.send("/logout")
    assert answer.headers["location"] == "login"
    assert "fediward" not in inside.client.cookies
    old = {"Cookie": f"fediward={cookie}"}
    assert (await inside.client.get("/", headers=old)).headers["location"] == "login"
    assert (await inside.client.get("/live", headers=old)).status_code == 401


async def test_pages_allow_own_files_only(inside: Scene) -> None:
    """Every answer carries the policy, and pages hold nothing that it would stop."""
    for path in ("/", "/login", "/live", "/static/page.js", "/static/no.js", "/picture?hash=x"):
        answer = await inside.client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    page = await inside.read()
    assert "style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert "http://" not in page.replace("http://fediward.test", "").replace("http://www.w3.org", "")
    assert (await inside.client.get("/")).headers["cache-control"] == "no-store"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
