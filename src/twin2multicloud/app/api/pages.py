"""Pages of the server's own, for signing in: without inline scripts or styles, readable in light and dark, by keyboard
and on a phone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from twin2multicloud.app.errors import describe
from twin2multicloud.app.report.markup import Content, Html, join, tag
from twin2multicloud.model.errors import Twin2MultiCloudError

STYLE: Final = "/login/style.css"
SCRIPT: Final = "/login/script.js"
_NAME: Final = "Twin2MultiCloud"
_LOG: Final = logging.getLogger("twin2multicloud.login")


def page(title: str, *content: Content, status: int = 200, kind: str = "page") -> HTMLResponse:
    """A page. Never kept by caches: it says who is signed in."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} – {_NAME}"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href=STYLE),
        tag("script", "", src=SCRIPT, defer=True),
    )
    body = tag(
        "body",
        tag("main", tag("p", _NAME, class_="kicker"), tag("h1", title), *content),
        data_page=kind,
    )
    return HTMLResponse(
        f"<!doctype html>\n{tag('html', head, body, lang='en')}\n", status, headers={"Cache-Control": "no-store"}
    )


def problem_line() -> Html:
    """Where scripts say what went wrong; read out when it appears."""
    return tag("p", "", id="problem", class_="problem", role="alert")


def refusal(status: int, text: str) -> HTMLResponse:
    """What somebody sees who could not be signed in."""
    title = {429: "Too many attempts", 503: "Not possible right now"}.get(status, "You are not signed in")
    return page(
        title,
        tag("p", text, class_="problem", role="alert"),
        tag("a", "Back to sign-in", href="/login", class_="button"),
        status=status,
    )


def button_form(action: str, label: str, *fields: Content, following: str, main: bool = False) -> Html:
    """A form that calls an endpoint of the API and then goes on to another page."""
    button = tag("button", label, type="submit", class_="main" if main else None)
    return tag("form", *fields, button, method="post", action=action, data_call=True, data_next=following)


def command(text: str) -> Html:
    """What to type in a terminal, and a button that copies it."""
    button = tag("button", "Copy", type="button", data_copy=text)
    return tag("div", tag("code", text), button, class_="command")


def listed(items: list[Html]) -> Html:
    """Items one below the other."""
    return tag("ul", join(tag("li", item) for item in items))


def facts(given: dict[str, str]) -> Html:
    """Names and what they stand for."""
    return tag("dl", *(part for name, value in given.items() for part in (tag("dt", name), tag("dd", value))))


class PageRoute(APIRoute):
    """A route whose refusals are pages, for people."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except Twin2MultiCloudError as error:
                told = describe(error)
                _LOG.warning("%s answers %s: %s", request.url.path, told.status, error)
                answer = refusal(told.status, f"{error}"[:1].upper() + f"{error}"[1:] + ".")
                if "retry_after_s" in told.details:
                    answer.headers["Retry-After"] = str(told.details["retry_after_s"])
                return answer
            except RequestValidationError:
                return refusal(422, "This address is not complete. Begin again.")

        return handler
