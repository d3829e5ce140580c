"""Events: listed, and told as they happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from twin2multicloud.app.api.deps import BackendDep, RunId, TwinId, WorkspaceQuery, allow, authenticate, delivery_of
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, each, page
from twin2multicloud.app.api.sockets import tell_socket
from twin2multicloud.app.api.streams import EventStream, Wanted
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.events.selection import Selection
from twin2multicloud.app.schemas import events as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import events
from twin2multicloud.model.errors import Finding

router = Endpoints(tags=["events"])
_Reader = Annotated[Principal, allow(Scope.READ)]
_TwinViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_RunViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.RUN)]
_TwinQuery = Annotated[shapes.Reference | None, Query(alias="twin")]
_RunQuery = Annotated[shapes.Reference | None, Query(alias="run")]
_Order = Annotated[bool, Query(description="The newest first.")]
_After = Annotated[shapes.EventId | None, Query(description="Only events with a greater id.")]
_Before = Annotated[shapes.EventId | None, Query(description="Only events with a smaller id.")]
_Follow = Annotated[bool, Query(description="Whether to go on with what happens, once all there is was told.")]
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Server-sent events."}
}

Select = Callable[..., Selection]


def _filter(
    kind: Annotated[shapes.Kind, Query(description="How the kind begins.")] = "",
    severity: Annotated[shapes.Severity, Query(description="The least.")] = "debug",
    stack: Annotated[shapes.StackName | None, Query()] = None,
) -> Select:
    """What is common to all lists and streams; called with a session, whoever asks, and what the path is about."""

    def select_(session: Session, principal: Principal, **about: str | None) -> Selection:
        return events.selected(session, principal, kind=kind, severity=severity, stack=stack, **about)

    return select_


_Filter = Annotated[Select, Depends(_filter)]


def _resume(
    after: Annotated[
        shapes.EventId | None,
        Query(description="The last event seen; 0 for all there are. Without it only what happens from now on."),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="What a browser that comes again sends; it goes before `after`.")
    ] = None,
) -> int | None:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit() and int(last_event_id[:20]) < 2**63):
        raise InvalidError(
            "Last-Event-ID is no id of an event",
            findings=[Finding("last-event-id", "is the id of the last event seen", last_event_id[:40])],
        )
    return int(last_event_id)


_Resume = Annotated[int | None, Depends(_resume)]


def _list(
    backend: Backend,
    selection: Selection,
    after: int | None,
    before: int | None,
    newest: bool,
    cursor: str | None,
    limit: int,
) -> Page[shapes.Event]:
    query = select(Event).where(*selection.where())
    if after is not None:
        query = query.where(Event.id > after)
    if before is not None:
        query = query.where(Event.id < before)
    with backend.database.read() as session:
        return page(
            session,
            query,
            Event.id,
            {"id": Event.id},
            sort=None,
            cursor=cursor,
            limit=limit,
            default="-id" if newest else "id",
            items=each(events.shape),
        )


def _stream(
    connection: HTTPConnection,
    backend: Backend,
    principal: Principal,
    chosen: Select,
    after: int | None,
    follow: bool,
    **about: str | None,
) -> Response:
    def check() -> Selection:
        with backend.database.read() as session:
            found, _ = authenticate(session, connection, backend)
            found.check_scope(Scope.READ)
            return chosen(session, found, **about)

    with backend.database.read() as session:
        selection = chosen(session, principal, **about)
    wanted = Wanted(selection, after, follow, principal.user_id, check)
    return EventStream(delivery_of(connection), wanted)


@router.get("/events")
def list_events(
    backend: BackendDep,
    principal: _Reader,
    chosen: _Filter,
    workspace: WorkspaceQuery = None,
    twin: _TwinQuery = None,
    run: _RunQuery = None,
    after: _After = None,
    before: _Before = None,
    newest: _Order = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Event]:
    """All events that you may see, the oldest first."""
    with backend.database.read() as session:
        selection = chosen(session, principal, workspace=workspace, twin=twin, run=run)
    return _list(backend, selection, after, before, newest, cursor, limit)


@router.get("/events/stream", response_class=Response, responses=_STREAM)
def stream_events(
    connection: HTTPConnection,
    backend: BackendDep,
    principal: _Reader,
    chosen: _Filter,
    after: _Resume,
    workspace: WorkspaceQuery = None,
    twin: _TwinQuery = None,
    run: _RunQuery = None,
    follow: _Follow = True,
) -> Response:
    """Events that you may see, as they happen."""
    return _stream(connection, backend, principal, chosen, after, follow, workspace=workspace, twin=twin, run=run)


@router.websocket("/events/socket")
async def tell_events(socket: WebSocket, backend: BackendDep, principal: _Reader) -> None:
    """Events as they happen; the first message is a `Subscription`."""

    def resolve(asked: shapes.Subscription) -> Wanted:
        def check() -> Selection:
            with backend.database.read() as session:
                found, _ = authenticate(session, socket, backend)
                found.check_scope(Scope.READ)
                return events.selected(session, found, **asked.model_dump(exclude={"after", "follow"}))

        return Wanted(check(), asked.after, asked.follow, principal.user_id, check)

    await tell_socket(socket, delivery_of(socket), resolve)


@router.get("/twins/{twin}/events")
def list_twin_events(
    backend: BackendDep,
    principal: _TwinViewer,
    chosen: _Filter,
    twin: TwinId,
    run: _RunQuery = None,
    after: _After = None,
    before: _Before = None,
    newest: _Order = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Event]:
    """A twin's events."""
    with backend.database.read() as session:
        selection = chosen(session, principal, twin=twin, run=run)
    return _list(backend, selection, after, before, newest, cursor, limit)


@router.get("/twins/{twin}/events/stream", response_class=Response, responses=_STREAM)
def stream_twin_events(
    connection: HTTPConnection,
    backend: BackendDep,
    principal: _TwinViewer,
    chosen: _Filter,
    after: _Resume,
    twin: TwinId,
    follow: _Follow = True,
) -> Response:
    """A twin's events, as they happen."""
    return _stream(connection, backend, principal, chosen, after, follow, twin=twin)


@router.get("/runs/{run}/events")
def list_run_events(
    backend: BackendDep,
    principal: _RunViewer,
    chosen: _Filter,
    run: RunId,
    after: _After = None,
    before: _Before = None,
    newest: _Order = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Event]:
    """A run's events."""
    with backend.database.read() as session:
        selection = chosen(session, principal, run=run)
    return _list(backend, selection, after, before, newest, cursor, limit)


@router.get("/runs/{run}/events/stream", response_class=Response, responses=_STREAM)
def stream_run_events(
    connection: HTTPConnection,
    backend: BackendDep,
    principal: _RunViewer,
    chosen: _Filter,
    after: _Resume,
    run: RunId,
    follow: _Follow = True,
) -> Response:
    """A run's events, as they happen."""
    return _stream(connection, backend, principal, chosen, after, follow, run=run)
