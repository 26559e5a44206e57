"""Try pict-rs the way Lemmy uses it: upload a picture, read it back, remove it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from coordinator.pictrs.errors import NotServedError, StrangerError
from coordinator.pictrs.line import Line, fault_of

MOST_BYTES = 4 * 2**20

GONE_S = 10.0
PAUSE_S = 0.1


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    file: str


class _Uploaded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    files: tuple[_File, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that pict-rs took."""

    alias: str


class Trial:
    """Open with `async with`.

    Every call raises UnreachableError, WrongKeyError and StrangerError; FaultError when pict-rs refuses this request.
    """

    def __init__(self, url: str, key: str) -> None:
        """Take the address of pict-rs and the key of its internal API."""
        self._line = Line(url, key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.close()

    async def show_key(self) -> None:
        """Ask its internal API for a page of hashes: anything but an answer is raised."""
        async with self._line.ask_internally("GET", "hashes", {"limit": "1"}) as answer:
            if (fault := await fault_of(answer)) is not None:
                raise StrangerError("it knows no /internal/hashes") if fault.status == 404 else fault

    async def upload(self, picture: bytes) -> Kept:
        """Upload a PNG as Lemmy does."""
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="images[]"; filename="doctor.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        body += picture + f"\r\n--{boundary}--\r\n".encode()
        async with self._line.ask("POST", f"{self._line.url}/image", headers=headers, content=body) as answer:
            if (fault := await fault_of(answer)) is not None:
                raise fault
            try:
                (file,) = _Uploaded.model_validate_json(await answer.aread()).files
            except ValueError as error:
                # Of pydantic, and of a list of another length.
                raise StrangerError("its answer to an upload is malformed") from error
        return Kept(file.file)

    async def original(self, kept: Kept) -> bytes:
        """Return the bytes that it keeps: those that it had validated. Raises NotServedError too."""
        url = f"{self._line.url}/image/original/{quote(kept.alias, safe='')}"
        for _ in range(4):
            async with self._line.ask("GET", url) as answer:
                if answer.has_redirect_location:
                    url = str(answer.url.join(answer.headers["Location"]))
                    continue
                if not answer.is_success:
                    raise NotServedError(f"status {answer.status_code}")
                content = b""
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise NotServedError("it has more bytes than the test picture could have")
                return content
        raise NotServedError("more than 3 redirects")

    async def remove(self, kept: Kept) -> None:
        """Remove the picture: its only alias, and with it the file. Raises NotServedError when it is still served."""
        async with self._line.ask_internally("POST", "delete", {"alias": kept.alias}) as answer:
            if (fault := await fault_of(answer)) is not None and fault.status != 404:
                raise fault
        try:
            async with asyncio.timeout(GONE_S):
                while True:
                    if not await self._is_served(kept):
                        return
                    await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            raise NotServedError("it still serves a picture that it was told to delete") from None

    async def _is_served(self, kept: Kept) -> bool:
        url = f"{self._line.url}/image/original/{quote(kept.alias, safe='')}"
        async with self._line.ask("GET", url) as answer:
            return answer.is_success
