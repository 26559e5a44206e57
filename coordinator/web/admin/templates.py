"""The page's templates: everything that is put into them is escaped."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from coordinator import __version__
from coordinator.web.admin import words
from coordinator.web.admin.static_files import StaticFiles


class Templates:
    """Make pages and pieces of pages."""

    def __init__(self, static: StaticFiles) -> None:
        self._environment = Environment(
            loader=PackageLoader("coordinator.web.admin", "html"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            static=static.url,
            version=__version__,
            iso=words.iso,
            clock=words.clock,
            size=words.size,
            milliseconds=words.milliseconds,
            steps=words.steps,
            outcome_words=words.outcome_words,
            outcome_kinds=words.OUTCOME_KINDS,
            answer_words=words.answer_words,
        )

    def page(self, request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Make a whole page. Its links lead to the admin page under whatever prefix a proxy has given it."""
        return HTMLResponse(self.piece(name, root=root_of(request), **values), status_code=status)

    def piece(self, name: str, **values: Any) -> str:
        """Render a template."""
        return self._environment.get_template(name).render(**values)


def root_of(request: Request) -> str:
    """Return the way from a request's address to the admin page: relative, for proxies that cut off a prefix."""
    return "../" * (request.url.path.count("/") - 1)
