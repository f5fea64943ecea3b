"""The web application: routes, checks of requests and headers of answers."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields, RequestError, parsed_fields
from classifier.app.page import app_icon, app_style, html_page
from classifier.app.page_views import PAGE_VIEWS, PageView, menu
from classifier.errors import InputError

MAX_BODY = 32 * 1024
"""Bytes of a form: the longest message, with four bytes a character and three signs a byte, and some more."""
MAX_DISCARDED = 64 * 1024 * 1024
"""Bytes of a larger form that are read and thrown away.

A browser shows the answer only after it has sent the whole form.
"""
MAX_QUERY = 2048
"""Characters of a query string."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


def html_answer(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page as an answer."""
    return HTMLResponse(html_page(template, menu=menu(), **values), status_code=status)


def build_app(demo: Demo, *, port: int) -> ASGIApp:
    """The application, for requests to ``port`` of this computer only."""
    routes = [
        Route(view.path, _endpoint(demo, view), methods=["GET", "POST"] if view.accepts_post else ["GET"])
        for view in PAGE_VIEWS
    ]
    routes += [Route("/style.css", _style), Route("/icon.svg", _icon)]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error_page})
    # For a redirect, Starlette decodes the query, and fails where that is not UTF-8.
    app.router.redirect_slashes = False
    return LocalRequestGuard(app, port=port)


def _endpoint(demo: Demo, view: PageView) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            fields = await _request_fields(request)
            values = await run_in_threadpool(view.values, demo, fields)
            status = 400 if values.get("errors") else 200
            return html_answer(view.template, status=status, title=view.title, path=view.path, **values)
        except RequestError as error:
            return _refusal(error.status, str(error))
        except InputError as error:
            return _refusal(500, str(error))
        except Exception as error:
            # Not logged, and shown without its message, which may hold what somebody typed.
            place = traceback.extract_tb(error.__traceback__)[-1]
            return _refusal(
                500,
                f"Something went wrong here ({type(error).__name__} at {place.name}, line {place.lineno}). "
                "Go back and try something else.",
            )

    return answer


async def _request_fields(request: Request) -> FormFields:
    """The fields of the form for a POST, else of the address."""
    if request.method != "POST":
        return parsed_fields(request.scope["query_string"])
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise RequestError(
            415,
            "The form came in another encoding than that of this page. Go back and use the form of the page.",
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
            f"That is more than the {MAX_BODY:,} bytes a form may have here. Type less.",
        )
    return parsed_fields(bytes(body))


def _refusal(status: int, reason: str) -> HTMLResponse:
    return html_answer("refused.html.j2", title="That did not work", status=status, reason=reason)


async def _http_error_page(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _refusal(404, "There is no such page here.")
    is_method = error.status_code == 405
    reason = "This page answers no such request." if is_method else "There is no such page here."
    response = _refusal(error.status_code, reason)
    response.headers.update(error.headers or {})
    return response


async def _style(request: Request) -> Response:
    return Response(app_style(), media_type="text/css")


async def _icon(request: Request) -> Response:
    return Response(app_icon(), media_type="image/svg+xml")


class LocalRequestGuard:
    """ASGI middleware that answers requests to this computer only, and sets ``HEADERS``.

    Another site could let its own name lead to 127.0.0.1 and so read what is shown here (DNS rebinding); its
    requests carry that name as their host.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self.app = app
        names = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{port}".encode() for name in names}
        if port == 80:
            self.hosts |= {name.encode() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app_or_refusal(scope)(scope, receive, send_with_headers)

    def _app_or_refusal(self, scope: Scope) -> ASGIApp:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return _refusal(
                421,
                "This page answers only on this computer, under the address printed when it started.",
            )
        if len(scope["query_string"]) > MAX_QUERY:
            return _refusal(414, f"The address is longer than the {MAX_QUERY:,} characters it may have here.")
        return self.app
