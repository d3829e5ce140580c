"""Command lines that somebody lets in from a browser."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Query, Response
from fastapi.responses import RedirectResponse
from starlette.requests import Request

from twin2multicloud.app.api import pages
from twin2multicloud.app.api.browser import LIMITED, BrowserDep
from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.limits import try_code
from twin2multicloud.app.api.pages import PageRoute, facts
from twin2multicloud.app.api.problems import response as problem
from twin2multicloud.app.api.routes.login_pages import signed_in
from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.auth.user_codes import read_user_code, shown
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.report.markup import Content, Html, tag
from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.schemas.keys import NewKey
from twin2multicloud.app.services import device_login, sign_in
from twin2multicloud.app.services.device_login import PAGE, Waiting

router = Endpoints(prefix="/login/device", tags=["login"])
page_router = Endpoints(prefix=PAGE, include_in_schema=False, route_class=PageRoute)
_Writer = Annotated[Principal, allow(Scope.WRITE)]
_Code = Annotated[str | None, Query(max_length=20)]
_MEANING: Final = {
    "read": "see everything that you may see",
    "write": "change twins and settings",
    "run": "deploy, move and destroy",
    "admin": "look after people and keys",
}


@router.post("", dependencies=[LIMITED])
def begin_device_login(
    backend: BackendDep, browser: BrowserDep, given: shapes.DeviceRequest, response: Response
) -> shapes.DeviceStarted:
    """A command line asks for a key; somebody has to agree in a browser, at `verification_uri`."""
    response.headers["Cache-Control"] = "no-store"
    with backend.database.write() as session:
        return device_login.begin(backend, session, given, browser.address)


@router.post("/token", responses={400: {"description": "Not yet, or not any more: `details.error` as in RFC 8628."}})
def poll_device_login(backend: BackendDep, given: shapes.DevicePoll, response: Response) -> NewKey:
    """The key, once somebody agreed. Ask every `interval` seconds; `details.error` of a 400 says what to do:
    authorization_pending (ask again), slow_down (less often), expired_token, access_denied (give up).
    """
    response.headers["Cache-Control"] = "no-store"
    with backend.database.write() as session:
        found = device_login.poll(backend, session, given.device_code)
    if isinstance(found, Waiting):
        details = {"error": found.error, "interval": found.interval_s}
        return problem(400, "device-login", found.text, details=details)  # type: ignore[return-value]
    return found


@router.post("/answer", status_code=204)
def answer_device_login(request: Request, backend: BackendDep, principal: _Writer, given: shapes.DeviceAnswer) -> None:
    """Let a command line in that shows this code, or turn it away."""
    try_code(request.scope, principal.user_id)
    with backend.database.write() as session:
        device_login.answer(backend, session, principal, given)


@page_router.get("")
def device_page(
    request: Request, backend: BackendDep, browser: BrowserDep, code: _Code = None, done: bool = False
) -> Response:
    """Where somebody types the code that a terminal shows, and sees what they let in."""
    letters = None if code is None else read_user_code(code)
    here = PAGE if letters is None else f"{PAGE}?code={shown(letters)}"
    principal = signed_in(backend, browser.session)
    if principal is None:
        return RedirectResponse(f"/login?return_to={quote(here, safe='')}", 303)
    if done:
        return pages.page("Done", tag("p", "The terminal goes on. You can close this page."))
    if code is None:
        return _ask()
    try_code(request.scope, principal.user_id)
    with backend.database.read() as session:
        try:
            found = device_login.waiting(backend, session, code)
        except NotFoundError as error:
            return _ask(f"{error}.")
        workspaces = sign_in.me(session, principal, None).workspaces
    asked = facts(
        {
            "Code": shown(letters or ""),
            "Program": found.client_name,
            "Asked from": found.from_address,
            "It may": "; ".join(_MEANING[scope] for scope in found.scopes),
            "For": f"{found.lasts_days} days",
        }
    )
    hidden = tag("input", type="hidden", name="user_code", value=code)
    return pages.page(
        "Let this program in?",
        tag("p", f"You are {principal.name}. Only agree if a terminal of yours shows this code right now."),
        asked,
        pages.problem_line(),
        pages.button_form(
            "/api/v1/login/device/answer", "Let it in",
            hidden, _said("yes"), _choice(workspaces), following=f"{PAGE}?done=true", main=True,
        ),
        pages.button_form(
            "/api/v1/login/device/answer", "Turn it away", hidden, _said("no"), following=f"{PAGE}?done=true"
        ),
    )  # fmt: skip


def _ask(problem: str | None = None) -> Response:
    field = tag(
        "input", id="code", name="code", class_="code", required=True, maxlength="20", autocomplete="off",
        autofocus=True, spellcheck="false",
    )  # fmt: skip
    form = tag(
        "form",
        tag("label", "The code that the terminal shows", for_="code"),
        field,
        tag("button", "Go on", type="submit", class_="main"),
        method="get",
        action=PAGE,
    )
    told: Content = None if problem is None else tag("p", problem, class_="problem", role="alert")
    return pages.page("Let a program in", told, form, status=200 if problem is None else 404)


def _said(what: str) -> Html:
    return tag("input", type="hidden", name="allow", value=what)


def _choice(workspaces: list[shapes.MyWorkspace]) -> Html | None:
    if len(workspaces) < 2:
        return None
    options = [tag("option", "all my workspaces", value="")]
    options += [tag("option", each.name, value=each.id) for each in workspaces]
    return tag("div", tag("label", "In", for_="workspace"), tag("select", *options, id="workspace", name="workspace"))
