"""What endpoints are handed: the backend, and whoever is asking once they were found to be allowed."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Query, params
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from sqlalchemy.orm import Session as OrmSession
from starlette.requests import HTTPConnection

from twin2multicloud.app.api.limits import known
from twin2multicloud.app.auth.access import (
    OWN,
    On,
    Principal,
    Rule,
    Scope,
    check_twin,
    the_alert,
    the_run,
    the_workspace,
)
from twin2multicloud.app.auth.cookies import Cookies
from twin2multicloud.app.auth.hosts import own_origins
from twin2multicloud.app.auth.keys import key_principal
from twin2multicloud.app.auth.sessions import SAFE_METHODS, check_page, session_principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import ApiKey, Role
from twin2multicloud.app.db.tables.people import Session as BrowserSession
from twin2multicloud.app.errors import ForbiddenError, InvalidError, PreconditionRequiredError, UnauthenticatedError
from twin2multicloud.app.events.delivery import Delivery
from twin2multicloud.model.errors import Finding

_ETAG: Final = re.compile(r'"(\d{1,9})"')
KEY: Final = "key"
"""What OpenAPI calls asking with a key."""
_ID: Final = r"^[a-z]{3}_[0-9a-z]{1,28}$"


def backend_of(connection: HTTPConnection) -> Backend:
    """The app's backend."""
    found: Backend = connection.app.state.backend
    return found


def delivery_of(connection: HTTPConnection) -> Delivery:
    """The app's delivery of events."""
    found: Delivery = connection.app.state.delivery
    return found


async def _backend(connection: HTTPConnection) -> Backend:
    return backend_of(connection)


BackendDep = Annotated[Backend, Depends(_backend)]
TwinId = Annotated[str, Path(pattern=_ID, examples=["twn_4qz0m8k2v1x7c9b3n5d6"])]
RunId = Annotated[str, Path(pattern=_ID, examples=["run_7h3k9m2p5r8t1v4x6z0b"])]
AlertId = Annotated[str, Path(pattern=_ID, examples=["alr_2c5k8m1p4r7t0v3x6z9b"])]
WorkspaceId = Annotated[str, Path(pattern=_ID, examples=["wsp_1a2b3c4d5e6f7g8h9j0k"])]
UserId = Annotated[str, Path(pattern=_ID, examples=["usr_4qz0m8k2v1x7c9b3n5d6"])]
PersonPath = Annotated[
    str,
    Path(
        min_length=3,
        max_length=320,
        pattern=r"^[^\x00-\x20\x7f]+$",
        description="A person's id, e-mail address, or `@me` for oneself.",
    ),
]
WorkspaceQuery = Annotated[
    str | None, Query(alias="workspace", pattern=_ID, description="Needed by those who are in several workspaces.")
]


class Allow(SecurityBase):
    """A dependency that lets in whom a rule allows, and yields the `Principal`. Every endpoint has exactly one."""

    scheme_name = KEY
    model = HTTPBearer(description="An API key, which begins with `t2m_`.")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self, connection: HTTPConnection) -> Principal:
        """Whoever asks; `UnauthenticatedError`, `ForbiddenError` or `NotFoundError` if they may not."""
        backend = backend_of(connection)
        assert self.rule.scope is not None
        with backend.database.read() as session:
            principal, note_key = authenticate(session, connection, backend)
            known(connection.scope, principal.user_id)
            connection.state.principal = principal
            if not self._own_key(principal, connection):
                principal.check_scope(self.rule.scope)
            if self.rule.on is On.INSTALLATION:
                principal.check_admin()
            elif self.rule.role is not None:
                self._check_role(session, principal, self.rule.role, connection)
        if note_key is not None:
            with backend.database.write() as session:
                key = session.get(ApiKey, note_key)
                if key is not None:
                    key.last_used_at = backend.now()
        return principal

    def _own_key(self, principal: Principal, connection: HTTPConnection) -> bool:
        """Whether the key that asks is the one that is asked about."""
        asked = connection.path_params.get("key")
        return self.rule.on is On.OWN_KEY and principal.key_id is not None and asked in (OWN, principal.key_id)

    def _check_role(self, session: OrmSession, principal: Principal, role: Role, connection: HTTPConnection) -> None:
        given = {**connection.query_params, **connection.path_params}
        if self.rule.on is On.TWIN:
            check_twin(session, principal, given["twin"], role)
        elif self.rule.on is On.RUN:
            the_run(session, principal, given["run"], role)
        elif self.rule.on is On.ALERT:
            the_alert(session, principal, given["alert"], role)
        elif self.rule.on is On.WORKSPACE:
            the_workspace(session, principal, given.get("workspace"), role)


def allow(scope: Scope, role: Role | None = None, on: On = On.NOTHING) -> params.Depends:
    """The dependency for a rule."""
    found: params.Depends = Depends(Allow(Rule(scope, role, on)))
    return found


def authenticate(session: OrmSession, connection: HTTPConnection, backend: Backend) -> tuple[Principal, str | None]:
    """Whoever asks, and the key whose use is to be noted. `UnauthenticatedError` for nobody known, `ForbiddenError`
    where a browser's cookie came but no page of ours asks for the change.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        principal, note = key_principal(session, token.strip(), backend.now())
        return principal, principal.key_id if note else None
    if backend.settings.only is not None:
        # Without pages of ours no browser has anything to ask here.
        raise UnauthenticatedError("send an API key as `Authorization: Bearer t2m_…`")
    cookie = connection.cookies.get(Cookies.of(backend.settings.origin).session)
    if not cookie:
        raise UnauthenticatedError("sign in, or send an API key as `Authorization: Bearer t2m_…`")
    principal, row = session_principal(session, cookie, backend.now())
    _check_page(connection, backend, row)
    return principal, None


def _check_page(connection: HTTPConnection, backend: Backend, row: BrowserSession) -> None:
    origin, ours = connection.headers.get("origin"), own_origins(backend.settings)
    if connection.scope["type"] == "websocket":
        # A page can send no header of its own with a WebSocket; the Origin, which it cannot choose, has to do.
        if origin not in ours:
            raise ForbiddenError("this connection was asked for by a page of another site")
    elif connection.scope["method"] not in SAFE_METHODS:
        headers = connection.headers
        check_page(row, headers.get("x-csrf-token", ""), origin, headers.get("sec-fetch-site"), ours)


def etag(version: int) -> str:
    """A row's version as an ETag."""
    return f'"{version}"'


def _if_match(if_match: Annotated[str | None, Header(description="The ETag last seen.")] = None) -> int:
    if if_match is None:
        raise PreconditionRequiredError(
            "say which version this changes: send If-Match with the ETag that a GET of it told"
        )
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidError("If-Match is no ETag of ours", findings=[Finding("if-match", 'is as in "3"', if_match[:40])])
    return int(found[1])


IfMatch = Annotated[int, Depends(_if_match)]
