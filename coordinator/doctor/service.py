"""Look at the running coordinator: whether it answers, a scanner is ready, and a picture gets a verdict."""

from __future__ import annotations

from coordinator.doctor.knock import Answer, NotReachedError, knock
from coordinator.doctor.picture import fresh_picture
from coordinator.settings import parse_bind
from shared.findings import Finding, good, unknown, wrong

LIVING = "alive"
NOT_TO_JUDGE = frozenset({"no_scanner"})
"""Outcomes that say nothing about the coordinator; the scanner's own finding tells of them."""

SCANNERS = frozenset({"scanner_fault", "overloaded", "timed_out"})
JUDGED = frozenset({"clean", "flagged"})


def address(bind: str) -> str:
    """Return where something that listens on `host:port` is reached from its own machine."""
    host, port = parse_bind(bind)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound, but asked
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def look_at_listener(variable: str, bind: str) -> Finding:
    """Say whether a coordinator answers where this setting says that it listens."""
    check = "hook" if variable == "FEDIWARD_HOOK_BIND" else "public listener"
    try:
        answer = await knock(f"{address(bind)}/healthz")
    except NotReachedError as error:
        return wrong(
            check,
            f"nothing answers at {variable}: {error.reason}",
            part="coordinator",
            cure="Start it (`fediward-coordinator serve`, or docker compose up -d) and read its log; run doctor with"
            " its settings, and in its container if it has one.",
        )
    if answer.status != 200 or not answer.text.startswith(LIVING):
        return wrong(
            check,
            f"what answers at {variable} is no coordinator",
            part="another program on that port",
            cure=f"End that program, or choose another port with {variable}.",
        )
    return good(check, f"answers at {variable}")


async def look_at_scanners(bind: str) -> Finding:
    """Say whether a scanner is ready, as the coordinator sees it."""
    try:
        answer = await knock(f"{address(bind)}/readyz")
    except NotReachedError as error:
        return unknown("scanner", f"the coordinator does not say: {error.reason}")
    if answer.status == 200:
        return good("scanner", "at least one is ready")
    return wrong(
        "scanner",
        answer.text.strip()[:100] or f"the coordinator answers {answer.status}",
        part="scanners",
        cure="Start one, and run `fediward-scanner doctor` beside it; the coordinator's log says who was refused, and"
        " why one that is connected gets nothing.",
    )


async def look_at_verdict(hook_bind: str) -> Finding:
    """Send a picture to the hook, as a caller of this machine, and leave no trace of it."""
    url = f"{address(hook_bind)}/api/v1/scan/IPADDR?record=0"
    try:
        answer = await knock(url, method="POST", headers={"Content-Type": "image/png"}, content=fresh_picture())
    except NotReachedError as error:
        return unknown("verdict", f"the hook does not answer: {error.reason}")
    return judge_verdict(answer)


def judge_verdict(answer: Answer) -> Finding:
    """Say what the answer to a harmless picture means."""
    if answer.status == 401:
        return unknown("verdict", "no caller is known by this machine's own address, so that doctor may not ask")
    outcome = str(answer.body.get("outcome", ""))
    if outcome in JUDGED:
        times = answer.body.get("milliseconds")
        total_ms = times.get("total", 0.0) if isinstance(times, dict) else 0.0
        return good("verdict", f"a test picture is judged {outcome} within {total_ms:.0f} ms")
    if outcome in NOT_TO_JUDGE:
        return unknown("verdict", "nobody is there to look at a test picture")
    reason = str(answer.body.get("reason", "")) or f"status {answer.status}"
    return wrong(
        "verdict",
        f"a harmless test picture ends as {outcome or 'nothing known'}: {reason}",
        part="scanners" if outcome in SCANNERS else "coordinator",
        cure="Read the coordinator's log of this moment; `fediward-scanner selftest` tells how fast a scanner is.",
    )
