"""How does a request become a page? Routes, the checks every request passes, and the headers every answer carries."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classifier.app.about import about_view, start_view
from classifier.app.conversation import conversation_view
from classifier.app.demo import Demo
from classifier.app.form import FormFields, RequestError, parsed
from classifier.app.limits import limits_view
from classifier.app.message import message_view
from classifier.app.policies import policies_view
from classifier.errors import InputError
from classifier.report.page import USE

MAX_BODY = 32 * 1024
"""Bytes of a form: the longest message, each character of it four bytes written in three signs, and some."""
MAX_DISCARDED = 64 * 1024 * 1024
"""A browser shows an answer only once it has sent all, so a larger form is read to its end and thrown away, up to here."""
MAX_QUERY = 2048

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class View:
    """A page: its path, its name in the menu, its heading, its template, the function that makes the values for it, and whether it takes a form."""

    path: str
    name: str
    title: str
    template: str
    values: Callable[[Demo, FormFields], dict[str, Any]]
    posts: bool = False


VIEWS = (
    View("/", "Start", "Privacy and detection, to try out", "start.html.j2", start_view),
    View(
        "/message",
        "Message",
        "Why did a message get its scores?",
        "message.html.j2",
        message_view,
        posts=True,
    ),
    View(
        "/conversation",
        "Conversation",
        "How does a score rise, and who sees what?",
        "conversation.html.j2",
        conversation_view,
    ),
    View("/policies", "Policy desk", "What would a policy mean?", "policies.html.j2", policies_view),
    View("/limits", "Limits", "Where does it fail?", "limits.html.j2", limits_view),
    View("/about", "About", "What this is, and who helps", "about.html.j2", about_view),
)


@cache
def _templates() -> Environment:
    """The page's templates, and those of the reports, whose frame, tables and style they share."""
    loader = ChoiceLoader([PackageLoader("classifier.app"), PackageLoader("classifier.report")])
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(template: str, *, title: str, path: str = "", status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page as an answer."""
    content = (
        _templates().get_template(template).render(title=title, path=path, views=VIEWS, use=USE, **values)
    )
    return HTMLResponse(content, status_code=status)


def build(demo: Demo, *, port: int) -> ASGIApp:
    """The application, for ``port`` of this computer only."""
    routes = [
        Route(view.path, _endpoint(demo, view), methods=["GET", "POST"] if view.posts else ["GET"])
        for view in VIEWS
    ]
    routes += [Route("/style.css", _style), Route("/icon.svg", _icon)]
    page_of_views = Starlette(routes=routes, exception_handlers={HTTPException: _not_here})
    page_of_views.router.redirect_slashes = (
        False  # to redirect, Starlette decodes a query that need not be UTF-8, and fails
    )
    return Guarded(page_of_views, port=port)


def _endpoint(demo: Demo, view: View) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            fields = await _sent(request)
            return await run_in_threadpool(
                lambda: page(view.template, title=view.title, path=view.path, **view.values(demo, fields))
            )
        except RequestError as error:
            return _refusal(error.status, str(error))
        except InputError as error:
            return _refusal(500, str(error))
        except Exception as error:
            # Neither logged nor shown with its message, which may hold what somebody typed.
            place = traceback.extract_tb(error.__traceback__)[-1]
            return _refusal(
                500,
                f"Something went wrong here ({type(error).__name__} at {place.name}, line {place.lineno}). Going back and trying something else may help.",
            )

    return answer


async def _sent(request: Request) -> FormFields:
    """The fields of the form for a POST, else of the address."""
    if request.method != "POST":
        return parsed(request.scope["query_string"])
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise RequestError(
            415,
            "The form was sent in another encoding than this page's own. Go back and use the form of the page.",
        )
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
        elif size > MAX_DISCARDED:
            break
    if size > MAX_BODY:
        raise RequestError(
            413,
            f"That is more than the {MAX_BODY:,} bytes a form may have here. Type one message, not a whole conversation.",
        )
    return parsed(bytes(body))


def _refusal(status: int, reason: str) -> HTMLResponse:
    return page("refused.html.j2", title="That did not work", status=status, reason=reason)


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    response = _refusal(
        status, "This page answers no such request." if status == 405 else "There is no such page here."
    )
    response.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
    return response


async def _style(request: Request) -> Response:
    shared = (files("classifier.report") / "templates" / "style.css").read_text(encoding="utf-8")
    return Response(
        shared + (files("classifier.app") / "templates" / "app.css").read_text(encoding="utf-8"),
        media_type="text/css",
    )


async def _icon(request: Request) -> Response:
    return Response(
        (files("classifier.app") / "templates" / "icon.svg").read_bytes(), media_type="image/svg+xml"
    )


class Guarded:
    """Lets through only what was meant for this page on this computer, and puts ``HEADERS`` on every answer.

    Another site could have its own name lead to 127.0.0.1 and so read what is shown here; its requests carry that name as their host.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self.app = app
        names = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{port}".encode() for name in names} | (
            {name.encode() for name in names} if port == 80 else set()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._checked(scope)(scope, receive, send_with_headers)

    def _checked(self, scope: Scope) -> ASGIApp:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return _refusal(
                421,
                "This page answers only on this computer, under the address that was printed when it started.",
            )
        if len(scope["query_string"]) > MAX_QUERY:
            return _refusal(414, f"The address is longer than the {MAX_QUERY:,} signs it may have here.")
        return self.app
