"""Messages to msgpack and back. Encode, decode and check stand here together; msgpack enters nowhere else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar, get_args

import msgpack
from pydantic import TypeAdapter, ValidationError

from shared.errors import MalformedMessageError, OversizedMessageError, UnknownMessageError
from shared.limits import MAX_MESSAGE_BYTES
from shared.messages import FromCoordinator, FromScanner, Message

M = TypeVar("M", bound=Message)

MAX_FAULT_CHARACTERS = 200
MAX_KIND_CHARACTERS = 40

FOREIGN_NAMES = frozenset({"unexpected_keyword_argument", "invalid_key"})
"""Faults that pydantic finds in the name of a field."""


def encode(message: Message) -> bytes:
    """Turn a message into the bytes of one binary WebSocket message."""
    packed: bytes = msgpack.packb({"type": message.TYPE, **_plain(message)}, use_bin_type=True)
    return packed


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


class Decoder(Generic[M]):
    """Read the messages that one side receives."""

    def __init__(self, kinds: Any) -> None:
        """Take the union of the message types that this side receives."""
        self._adapters: dict[str, TypeAdapter[M]] = {kind.TYPE: TypeAdapter(kind) for kind in get_args(kinds)}

    def decode(self, data: bytes) -> M:
        """Turn the bytes of one binary message into a message whose every field is within its bounds.

        Raises OversizedMessageError, MalformedMessageError or UnknownMessageError.
        """
        if len(data) > MAX_MESSAGE_BYTES:
            raise OversizedMessageError(len(data), MAX_MESSAGE_BYTES)
        try:
            table = msgpack.unpackb(data, raw=False, strict_map_key=True)
        except (ValueError, msgpack.UnpackException, RecursionError) as error:
            raise MalformedMessageError("message", "not msgpack") from error
        if not isinstance(table, dict):
            raise MalformedMessageError("message", "not a map")
        kind = table.pop("type", None)
        adapter = self._adapters.get(kind) if isinstance(kind, str) else None
        if adapter is None:
            raise UnknownMessageError(kind[:MAX_KIND_CHARACTERS] if isinstance(kind, str) else "no text")
        try:
            return adapter.validate_python(table)
        except ValidationError as error:
            raise MalformedMessageError(str(kind), _fault(error)) from error


def _fault(error: ValidationError) -> str:
    """Name the first fault without the value that made it, and fields only by names of ours."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    known = first["loc"][:-1] if first["type"] in FOREIGN_NAMES else first["loc"]
    place = ".".join(str(part) for part in known[:3]) or "message"
    return f"{place}: {first['msg']}"[:MAX_FAULT_CHARACTERS]


def coordinator_decoder() -> Decoder[FromScanner]:
    """Make the decoder of what scanners send."""
    return Decoder(FromScanner)


def scanner_decoder() -> Decoder[FromCoordinator]:
    """Make the decoder of what the coordinator sends."""
    return Decoder(FromCoordinator)
