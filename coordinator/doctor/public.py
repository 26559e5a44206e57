"""Look at the way from outside: the address that scanners use, and whether the hook can be reached by it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from coordinator.doctor.knock import Answer, NotReachedError, Step, knock
from coordinator.doctor.service import LIVING
from coordinator.settings import parse_bind
from shared.findings import Finding, good, unknown, wrong
from shared.limits import SCANNERS_PATH, SUBPROTOCOL

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    # Of RFC 6455, 1.3: nobody is to be admitted.
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
}

PROXY = "proxy before FEDIWARD_PUBLIC_BIND"
SNIPPETS = "compose/README.md has tested settings for Caddy and nginx."

_CURES = {
    Step.NAME: ("name server", "Make an address record for the name in FEDIWARD_PUBLIC_URL, or correct the setting."),
    Step.TCP: (
        "proxy or firewall",
        "Start the proxy, open its port, and let the name in FEDIWARD_PUBLIC_URL lead to this machine.",
    ),
    Step.TLS: (
        "certificate of the proxy",
        f"Let the proxy get a certificate for the name in FEDIWARD_PUBLIC_URL. {SNIPPETS}",
    ),
    Step.HTTP: (PROXY, f"Let what listens there speak HTTP/1.1, and TLS if the address is wss://. {SNIPPETS}"),
}


def web_address(public_url: str) -> str:
    """Turn FEDIWARD_PUBLIC_URL into the web address beside it, without a slash at its end."""
    parts = urlsplit(public_url)
    scheme = "https" if parts.scheme == "wss" else "http"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(SCANNERS_PATH)}"


async def look_at_public_url(public_url: str) -> tuple[Finding, datetime | None]:
    """Knock where scanners connect, without a token: our own refusal is the right answer. Also give the clock there."""
    try:
        answer = await knock(web_address(public_url) + SCANNERS_PATH, headers=UPGRADE)
    except NotReachedError as error:
        part, cure = _CURES[error.step]
        return wrong("public address", f"{error.step} fails: {error.reason}", part=part, cure=cure), None
    return judge_door(answer), answer.date


def judge_door(answer: Answer) -> Finding:
    """Say what the answer to a scanner without a token means."""
    ours = str(answer.body.get("fediward", ""))
    if answer.status == 401 and ours == "token-refused":
        return good("public address", "scanners reach this coordinator by it")
    if ours == "upgrade-required":
        return _proxy("the proxy does not pass WebSockets on", f"Let it pass on the header Upgrade. {SNIPPETS}")
    if ours == "stopping":
        return unknown("public address", "the coordinator is stopping just now")
    if answer.status in {502, 503, 504}:
        return _proxy(
            f"the proxy does not reach the coordinator (HTTP {answer.status})",
            "Let it lead to FEDIWARD_PUBLIC_BIND (port 14052), as seen from where the proxy runs.",
        )
    if 300 <= answer.status < 400:
        return _proxy(
            f"the proxy redirects (HTTP {answer.status}), and scanners follow nobody",
            "Write the address that it redirects to, with wss://, or let it redirect no such requests.",
        )
    return _proxy(
        f"something else answers there (HTTP {answer.status})",
        "Let the proxy pass requests for this name on unchanged, without a login of its own, a challenge for robots,"
        f" or another service in between. {SNIPPETS}",
    )


async def look_from_outside(
    public_url: str, hook_bind: str, *, is_elsewhere: Callable[[str], bool] | None = None
) -> Finding:
    """Try to reach the hook by the public name: by its own port, and through the proxy."""
    host = str(urlsplit(public_url).hostname)
    _, port = parse_bind(hook_bind)
    try:
        through = await knock(f"{web_address(public_url)}/api/v1/scan/doctor", method="POST", content=b"-")
    except NotReachedError:
        # The finding before this one has said why.
        return unknown("outside", "the public address does not answer")
    if through.body.get("fediward") == "unknown-caller":
        return wrong(
            "outside",
            "the proxy leads the world to the hook",
            part=PROXY,
            cure="Let it lead to FEDIWARD_PUBLIC_BIND (port 14052), never to FEDIWARD_HOOK_BIND (port 14051).",
        )
    if not await asyncio.to_thread(is_elsewhere or leads_to_the_internet, host):
        return good("outside", "the proxy does not lead to the hook; the public name is one of your own network")
    try:
        direct = await knock(f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz")
    except NotReachedError:
        return good("outside", "the hook is not reached under the public name")
    if not direct.text.startswith(LIVING):
        return good("outside", "the hook is not reached under the public name")
    return wrong(
        "outside",
        "the hook answers under the public name, at least from here: others may have pictures judged",
        part="FEDIWARD_HOOK_BIND, a published port, or the firewall",
        cure="Bind it to an internal address, and publish no port 14051: ports that Docker publishes pass by ufw.",
    )


def leads_to_the_internet(host: str) -> bool:
    """Say whether a name has an address that is not of one's own network."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(ipaddress.ip_address(str(place[4][0]).partition("%")[0]).is_global for place in found)


def _proxy(sentence: str, cure: str) -> Finding:
    return wrong("public address", sentence, part=PROXY, cure=cure)
