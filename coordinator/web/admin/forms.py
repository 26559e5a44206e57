"""What a form of the admin page sends, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

MAX_FORM_BYTES = 8 * 1024
MAX_FIELDS = 20
MAX_NOTE_CHARACTERS = 500

READ_S = 10.0
MAX_DISCARDED_BYTES = 1024 * 1024
"""Read of a form that is too large before it is refused: a browser that is still sending would not see the answer."""


class FormError(Exception):
    """A form cannot be taken. `str` is a sentence for the person who sent it."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


async def read_form(request: Request) -> Mapping[str, str]:
    """Read the fields of a form. Raises FormError."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise FormError("This is not a form of the admin page.", 415)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(READ_S):
            async for piece in request.stream():
                size += len(piece)
                if size <= MAX_FORM_BYTES:
                    body += piece
                elif size > MAX_DISCARDED_BYTES:
                    break
    except TimeoutError:
        raise FormError("The form took too long to arrive.", 408) from None
    except ClientDisconnect:
        raise FormError("The form did not arrive.") from None
    if size > MAX_FORM_BYTES:
        raise FormError(f"The form is too large: at most {MAX_FORM_BYTES} bytes are taken, and notes are short.", 413)
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS))
    except ValueError:
        raise FormError("The form cannot be read.") from None


def text_of(form: Mapping[str, str], field: str, *, most: int = MAX_NOTE_CHARACTERS) -> str:
    """Return a field as one line of text; raise FormError when it is too long or holds control characters."""
    text = " ".join(form.get(field, "").split())
    if len(text) > most:
        raise FormError(f"The {field} is too long: at most {most} characters.", 413)
    if not text.isprintable():
        raise FormError(f"The {field} holds characters that cannot be shown.")
    return text
