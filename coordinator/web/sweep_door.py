"""What a sweep asks beside looks: is a content known by its hash, what does the admin want; and what it has removed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coordinator.body import Body, BodyMemory
from coordinator.calibration_file import keep_calibration
from coordinator.credentials import Caller
from coordinator.judge.outcomes import OutcomeTable
from coordinator.judge.policy import Policy
from coordinator.ledger.audit import Audit, Entry, What
from coordinator.ledger.errors import LedgerError
from coordinator.ledger.times import now
from coordinator.records import Records
from coordinator.sweeps import LastCalibration, Name, Removed, SweepOrder, SweepReport, Sweeps
from coordinator.web.answer import report_of
from coordinator.web.errors import Refusal
from coordinator.web.hook import wants_margins

MAX_REPORT_BYTES = 64 * 1024

SHA256 = re.compile(r"[0-9a-f]{64}")

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_Message = TypeVar("_Message", bound=BaseModel)


class SweepDoor:
    """Answer callers that may use the sweep lane, on the hook's listener. One instance serves all requests."""

    def __init__(
        self,
        *,
        caller_of: Callable[[Request], Caller | Refusal],
        records: Records,
        outcomes: OutcomeTable,
        policy: Policy,
        sweeps: Sweeps,
        audit: Audit,
        calibration_file: Path,
    ) -> None:
        self._caller_of = caller_of
        self._records = records
        self._outcomes = outcomes
        self._policy = policy
        self._sweeps = sweeps
        self._audit = audit
        self._calibration_file = calibration_file
        self._no_memory = BodyMemory(0)

    @property
    def routes(self) -> list[Route]:
        """The routes to mount beside the hook's."""
        return [
            Route("/api/v1/scan/{caller}/known/{sha256}", self._known, methods=["GET"]),
            Route("/api/v1/scan/{caller}/sweeps", self._list, methods=["GET"]),
            Route("/api/v1/scan/{caller}/sweeps/{name}", self._report, methods=["POST"]),
            Route("/api/v1/scan/{caller}/sweeps/{name}/removals", self._removal, methods=["POST"]),
        ]

    async def _known(self, request: Request) -> Response:
        """Answer for a content by its hash, as if its bytes had come; 404 when they have to."""
        caller = self._sweeper(request)
        if isinstance(caller, Refusal):
            return caller.response()
        sha256 = request.path_params["sha256"]
        query = request.query_params
        if any(value not in {"0", "1"} or key not in {"record", "margins"} for key, value in query.multi_items()):
            return Refusal.WRONG_QUERY.response()
        if not SHA256.fullmatch(sha256):
            return Refusal.NO_HASH.response()
        body = Body(self._no_memory, sha256=sha256)
        finding = await self._records.recall(body, recording=query.get("record", "1") == "1")
        margins = await self._records.margins(body) if finding is not None and wants_margins(request) else None
        if finding is None or (wants_margins(request) and margins is None):
            return Refusal.UNKNOWN_CONTENT.response()
        return JSONResponse(report_of(body, finding, self._outcomes.rule(finding.outcome), margins))

    async def _list(self, request: Request) -> Response:
        """List the sweeps of this caller: name, report, what is wanted of them; and what the policy in force is."""
        caller = self._sweeper(request)
        if isinstance(caller, Refusal):
            return caller.response()
        rows = [
            {
                "name": sweep.name,
                "silent": self._sweeps.is_silent(sweep),
                "report": sweep.report.model_dump(mode="json"),
                "wanted": sweep.wanted.model_dump(mode="json"),
            }
            for sweep in self._sweeps.all()
            if sweep.caller == caller.name
        ]
        definition = self._policy.definition
        policy = {
            "name": self._policy.name,
            "parts": dict(definition.parts),
            "strictness": dict(definition.strictness),
        }
        return JSONResponse({"sweeps": rows, "policy": policy})

    async def _report(self, request: Request) -> Response:
        """Take a sweep's report; answer what the admin wants of it."""
        told = await self._told(request, SweepReport)
        if isinstance(told, Response):
            return told
        caller, name, report = told
        order: SweepOrder = self._sweeps.note(caller.name, name, report)
        if report.calibration is not None:
            self._sweeps.last_calibration = last = LastCalibration(at=now(), result=report.calibration)
            await asyncio.to_thread(keep_calibration, self._calibration_file, last)
        return JSONResponse(order.model_dump(mode="json"))

    async def _removal(self, request: Request) -> Response:
        """Write down that a sweep removed a file, or could not: 204 once it is on the disk."""
        told = await self._told(request, Removed)
        if isinstance(told, Response):
            return told
        caller, name, removed = told
        details = removed.model_dump(mode="json", exclude={"sha256", "is_gone"}, exclude_defaults=True)
        state = "gone" if removed.is_gone else "failed"
        try:
            await self._audit.add(
                Entry(What.PURGE, now(), caller.name, removed.sha256, {"state": state, "sweep": name, **details})
            )
        except LedgerError as error:
            return JSONResponse({"error": str(error)}, status_code=503)
        return Response(status_code=204)

    async def _told(self, request: Request, kind: type[_Message]) -> tuple[Caller, str, _Message] | Response:
        """Read what a sweep says; return it with its caller and the sweep's name, or the answer that refuses it."""
        caller = self._sweeper(request)
        if isinstance(caller, Refusal):
            return caller.response()
        data = bytearray()
        try:
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_REPORT_BYTES:
                    return Refusal.BAD_REPORT.response()
        except ClientDisconnect:
            return Response(status_code=499)
        try:
            return caller, _NAME.validate_python(request.path_params["name"]), kind.model_validate_json(data)
        except ValidationError:
            return Refusal.BAD_REPORT.response()

    def _sweeper(self, request: Request) -> Caller | Refusal:
        caller = self._caller_of(request)
        if isinstance(caller, Caller) and not caller.may_sweep:
            return Refusal.SWEEP_NOT_ALLOWED
        return caller
