"""`POST /api/v1/scan/{caller}`: what pict-rs asks before it keeps a file."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from coordinator.body import Body, BodyMemory, read_body
from coordinator.credentials import Caller, Credentials
from coordinator.intake import Intake
from coordinator.judge.margins import Margins
from coordinator.judge.outcomes import JUDGED_BAD, Outcome, OutcomeTable, Ruling
from coordinator.ledger.errors import LedgerError
from coordinator.records import Records
from coordinator.settings import Network
from coordinator.status.upload_log import UploadLog
from coordinator.status.uploads import Decided
from coordinator.uploads import Finding, Uploads
from coordinator.web.addresses import UntrustedProxyError, client_address
from coordinator.web.answer import report_of
from coordinator.web.errors import Refusal
from shared.messages import Lane

logger = logging.getLogger(__name__)

BY_ADDRESS = "IPADDR"
"""In place of a secret: the caller is known by its network (the word of pictrs-safety)."""

WRITING_S = 0.05
"""Kept of the deadline for writing down, before the answer leaves, what nobody looked at in time."""

SENDING_S = 0.02
"""Kept of the deadline for the answer itself, however long the disk takes."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
"""Made once: JSONResponse makes one for every answer."""

QUERIES: Mapping[str, frozenset[str]] = {
    "lane": frozenset(Lane),
    "record": frozenset({"0", "1"}),
    "margins": frozenset({"0", "1"}),
}


class Hook:
    """Answer callers. One instance serves all requests."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        uploads: Uploads,
        records: Records,
        intake: Intake,
        outcomes: OutcomeTable,
        memory: BodyMemory,
        body_limit_bytes: int,
        deadline_ms: int,
        trusted_proxies: Sequence[Network],
        log: UploadLog,
    ) -> None:
        self._credentials = credentials
        self._uploads = uploads
        self._records = records
        self._intake = intake
        self._outcomes = outcomes
        self._memory = memory
        self._body_limit_bytes = body_limit_bytes
        self._deadline_s = deadline_ms / 1e3
        self._trusted_proxies = trusted_proxies
        self._log = log

    @property
    def route(self) -> Route:
        """The route to mount on the hook's listener."""
        return Route("/api/v1/scan/{caller}", self._scan, methods=["POST"])

    async def _scan(self, request: Request) -> Response:
        began_s = asyncio.get_running_loop().time()
        caller = self.caller_of(request)
        if isinstance(caller, Refusal):
            return self._refuse(caller)
        lane = self._lane(request, caller)
        if isinstance(lane, Refusal):
            return self._refuse(lane)
        body = Body(self._memory)
        with self._intake.upload(lane) as is_admitted:
            try:
                return await self._answer(request, body, caller, lane, began_s, is_admitted=is_admitted)
            except ClientDisconnect:
                logger.info("upload abandoned caller=%s", caller.name)
                self._log.note_abandoned()
                return Response(status_code=499)
            finally:
                body.release()

    def caller_of(self, request: Request) -> Caller | Refusal:
        """Say who asks, by the secret in the path or by the address; or why nobody is answered."""
        book = self._credentials.latest
        secret = request.path_params["caller"]
        if secret != BY_ADDRESS:
            return book.caller_by_secret(secret) or Refusal.UNKNOWN_CALLER
        try:
            address = client_address(request, self._trusted_proxies)
        except UntrustedProxyError:
            return Refusal.UNTRUSTED_PROXY
        found = book.caller_by_address(address) if address is not None else None
        return found or Refusal.UNKNOWN_CALLER

    def _lane(self, request: Request, caller: Caller) -> Lane | Refusal:
        if not request.scope["query_string"]:
            return Lane.LIVE
        if any(value not in QUERIES.get(key, ()) for key, value in request.query_params.multi_items()):
            return Refusal.WRONG_QUERY
        lane = Lane(request.query_params.get("lane", Lane.LIVE))
        needs_right = lane is Lane.SWEEP or wants_margins(request)
        return Refusal.SWEEP_NOT_ALLOWED if needs_right and not caller.may_sweep else lane

    async def _answer(
        self, request: Request, body: Body, caller: Caller, lane: Lane, began_s: float, *, is_admitted: bool
    ) -> Response:
        loop = asyncio.get_running_loop()
        deadline_s = began_s + self._deadline_s
        try:
            async with asyncio.timeout_at(deadline_s):
                await read_body(request.stream(), body, limit_bytes=self._body_limit_bytes)
        except TimeoutError:
            return self._refuse(Refusal.SLOW_BODY)
        if body.size_bytes == 0:
            return self._refuse(Refusal.EMPTY_BODY)
        body_ms = (loop.time() - began_s) * 1e3
        recording = not request.scope["query_string"] or request.query_params.get("record", "1") == "1"
        finding = await self._records.recall(body, recording=recording)
        margins = None
        if finding is not None and wants_margins(request):
            margins = await self._records.margins(body)
            # Its scores are forgotten, or an admin decided about it: it is looked at for them.
            finding = finding if margins is not None else None
        if finding is None:
            writing_from_s = deadline_s - WRITING_S
            late = partial(self._records.keep, body) if recording else None
            finding = await self._find(request, body, lane, writing_from_s, late, is_admitted=is_admitted)
            if recording:
                self._records.keep(body, finding)
            if lane is Lane.SWEEP:
                finding = await self._overruled(body, finding)
            if wants_margins(request):
                margins = await self._records.margins(body, finding)
        else:
            finding = await self._look_again(body, finding, lane, deadline_s - WRITING_S, recording=recording)
        ruling = self._outcomes.rule(finding.outcome)
        scan_id = secrets.token_hex(8)
        if recording and not wants_margins(request):
            await self._records.write_down(
                body,
                finding,
                ruling,
                who=caller.name,
                media_type=request.headers.get("content-type", ""),
                scan_id=scan_id,
                mode=self._outcomes.mode,
                deadline_s=deadline_s - SENDING_S,
                lane=lane,
            )
        now_s = loop.time()
        times = {"body": body_ms, **finding.milliseconds, "total": (now_s - began_s) * 1e3}
        self._log.note(
            Decided(
                at_s=now_s,
                scan_id=scan_id,
                sha256=body.sha256,
                kind=finding.format,
                size_bytes=body.size_bytes,
                outcome=finding.outcome,
                answer=ruling.answer,
                would_be=ruling.would_be,
                parts=finding.parts,
                scanner=finding.scanner,
                remembered=finding.remembered,
                caller=caller.name,
                lane=lane,
                steps_ms=times,
            )
        )
        return _respond(scan_id, body, finding, ruling, margins, lane, times)

    def _refuse(self, refusal: Refusal) -> Response:
        self._log.note_refused()
        return refusal.response()

    async def _overruled(self, body: Body, finding: Finding) -> Finding:
        """Return a finding that a sweep may remove by: the admin's word goes before it."""
        try:
            return await self._records.overruled(body.sha256, finding)
        except LedgerError:
            return Finding(Outcome.OVERLOADED, reason="the ledger does not answer")

    async def _look_again(
        self, body: Body, remembered: Finding, lane: Lane, deadline_s: float, *, recording: bool
    ) -> Finding:
        finding = await self._uploads.look_again(body, remembered, lane=lane, deadline_s=deadline_s)
        if recording:
            self._records.keep_likeness(body, remembered, finding)
        return finding

    async def _find(
        self,
        request: Request,
        body: Body,
        lane: Lane,
        deadline_s: float,
        late: Callable[[Finding], None] | None,
        *,
        is_admitted: bool,
    ) -> Finding:
        if body.size_bytes > self._body_limit_bytes:
            return Finding(Outcome.TOO_LARGE, reason=f"more than {self._body_limit_bytes} bytes")
        if not is_admitted:
            return Finding(Outcome.OVERLOADED, reason="the coordinator is stopping")
        if not body.is_whole:
            return Finding(Outcome.OVERLOADED, reason="no memory left for the upload (FEDIWARD_BODY_MEMORY)")
        looking = asyncio.create_task(self._uploads.look_at(body, lane=lane, deadline_s=deadline_s, late=late))
        gone = asyncio.create_task(_until_gone(request))
        try:
            await asyncio.wait({looking, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not looking.done():
                raise ClientDisconnect
            return looking.result()
        finally:
            looking.cancel()
            gone.cancel()
            await asyncio.wait({looking, gone})


def _respond(
    scan_id: str,
    body: Body,
    finding: Finding,
    ruling: Ruling,
    margins: Margins | None,
    lane: Lane,
    times: Mapping[str, float],
) -> Response:
    # A sweep is a row a picture of every store there is: the log is for what matters.
    is_quiet = lane is Lane.SWEEP and finding.outcome not in JUDGED_BAD
    logger.log(
        logging.DEBUG if is_quiet else logging.INFO,
        "upload %s sha256=%s bytes=%d outcome=%s answer=%s parts=%s looks=%d scanner=%s ms=%.0f reason=%s",
        scan_id,
        body.sha256,
        body.size_bytes,
        finding.outcome,
        ruling.answer,
        ",".join(finding.parts) or "-",
        finding.looks,
        finding.scanner or "-",
        times["total"],
        # As Python writes it: it is words, and the name of a list may hold whatever its file did.
        repr(finding.reason) if finding.reason else "-",
    )
    report = {
        "scan_id": scan_id,
        **report_of(body, finding, ruling, margins),
        "milliseconds": {step: round(value, 3) for step, value in times.items()},
    }
    return Response(_JSON.encode(report), status_code=ruling.status, media_type="application/json")


def wants_margins(request: Request) -> bool:
    """Say whether a caller asks how far a picture is from being flagged, which is no upload that anybody waits for."""
    return bool(request.scope["query_string"]) and request.query_params.get("margins") == "1"


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
