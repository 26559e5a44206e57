"""Answer the hello of a scanner's doctor: the hub hears nothing of it, and a scanner with the same token goes on."""

from __future__ import annotations

import asyncio
import logging

from starlette.websockets import WebSocket, WebSocketDisconnect

from coordinator.credentials import ScannerToken
from coordinator.judge.policy import Policy
from coordinator.trust.record import Trust
from coordinator.web.fitness import unfit
from shared import limits
from shared.close_codes import CloseCode, cut_reason
from shared.errors import MalformedMessageError, ProtocolError, UnexpectedMessageError
from shared.messages import FromScanner, Hello, Welcome
from shared.wire import Decoder, encode

logger = logging.getLogger(__name__)

CLOSE_S = 2.0


async def rehearse(
    websocket: WebSocket, token: ScannerToken, policy: Policy, trust: Trust, decoder: Decoder[FromScanner]
) -> None:
    """Hear a hello on an accepted connection, say welcome, and close; it takes HELLO_TIMEOUT_S at most."""
    code, said = CloseCode.DONE, "a rehearsal"
    try:
        async with asyncio.timeout(limits.HELLO_TIMEOUT_S):
            hello = await _hear(websocket, decoder)
            problem = unfit(policy, hello) or _distrust(token, policy, trust, hello)
            await websocket.send_bytes(encode(_welcome(token, policy, problem)))
    except TimeoutError:
        code, said = CloseCode.HELLO_TIMEOUT, "said no hello"
    except ProtocolError as error:
        code, said = error.close_code, str(error)
    except WebSocketDisconnect:
        said = "hung up"
    logger.info("scanner %s tried its way here: %s", token.name, said)
    try:
        async with asyncio.timeout(CLOSE_S):
            await websocket.close(code, cut_reason(said))
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        logger.debug("scanner %s was gone before it was closed", token.name)


async def _hear(websocket: WebSocket, decoder: Decoder[FromScanner]) -> Hello:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1006))
    if message.get("bytes") is None:
        raise MalformedMessageError("message", "text where only binary messages are allowed")
    hello = decoder.decode(message["bytes"])
    if not isinstance(hello, Hello):
        raise UnexpectedMessageError(hello.TYPE, "before hello")
    return hello


def _distrust(token: ScannerToken, policy: Policy, trust: Trust, hello: Hello) -> str:
    weights = next(model.fingerprint for model in hello.models if model.name == policy.model)
    return trust.problem_of(token.name, weights, asyncio.get_running_loop().time())


def _welcome(token: ScannerToken, policy: Policy, problem: str) -> Welcome:
    return Welcome(
        scanner_id=token.name,
        generation=1,
        max_frames=limits.MAX_FRAMES,
        max_message_bytes=limits.MAX_MESSAGE_BYTES,
        model=policy.model,
        terms=policy.terms,
        problem=problem,
    )
