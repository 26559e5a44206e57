"""Real services that notices are sent to: an HTTP server and a mail server on loopback."""

from __future__ import annotations

import json
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.end_to_end.ports import free_port


class HttpReceiver:
    """Keeps what is posted to it as JSON; answers 503 to the first few."""

    def __init__(self, *, refuses: int = 0) -> None:
        self.posted: list[dict[str, Any]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_refused = receiver.refused < refuses
                if is_refused:
                    receiver.refused += 1
                else:
                    receiver.posted.append(json.loads(body))
                self.send_response(503 if is_refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address as apprise writes it."""
        return f"json://127.0.0.1:{self._server.server_port}/notices"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class MailReceiver:
    """Keeps the mails that it gets, each as its subject and its text."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self._port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)

    @property
    def url(self) -> str:
        """Its address as apprise writes it."""
        return f"mailto://127.0.0.1:{self._port}?from=fediward@example.org&to=admin@example.org&mode=insecure"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Take a mail."""
        content = envelope.content
        mail = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
        body = mail.get_body(("plain", "html"))
        self.mails.append((str(mail["subject"]), "" if body is None else str(body.get_content())))
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
