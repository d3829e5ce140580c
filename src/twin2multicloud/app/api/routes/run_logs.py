"""All that a run told, as a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from twin2multicloud.app.api.deps import BackendDep, RunId, allow, delivery_of
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.archives import plain_name
from twin2multicloud.app.auth.access import On, Principal, Scope, the_run
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.events.delivery import Delivery
from twin2multicloud.app.events.selection import Selection
from twin2multicloud.app.schemas import events as shapes
from twin2multicloud.app.services import events, runs

router = Endpoints(prefix="/runs/{run}", tags=["runs"])
_RunViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.RUN)]
_Form = Annotated[
    Literal["text", "ndjson"],
    Query(
        description="text: a line for people to read of each event; ndjson: each as JSON, as lists of events tell it."
    ),
]
_TYPES: Final = {"text": "text/plain; charset=utf-8", "ndjson": "application/x-ndjson"}
_ENDINGS: Final = {"text": "log", "ndjson": "ndjson"}
_FORMATS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/plain": {}, "application/x-ndjson": {}},
        "description": "The events so far, the oldest first, as a file under a name of its own.",
    }
}


@router.get("/log", response_class=Response, responses=_FORMATS)
def save_run_log(
    connection: HTTPConnection,
    backend: BackendDep,
    principal: _RunViewer,
    run: RunId,
    form: _Form = "text",
    severity: Annotated[shapes.Severity, Query(description="The least.")] = "debug",
    stack: Annotated[shapes.StackName | None, Query()] = None,
) -> Response:
    """All that a run has told until now, however long that is."""
    with backend.database.read() as session:
        selection = events.selected(session, principal, run=run, severity=severity, stack=stack)
        found = the_run(session, principal, run, Role.VIEWER)
        name = f"{plain_name(runs.subject(session, found))}-run-{found.number}.{_ENDINGS[form]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    content = _content(delivery_of(connection), selection, form)
    return StreamingResponse(content, media_type=_TYPES[form], headers=headers)


async def _content(delivery: Delivery, selection: Selection, form: Literal["text", "ndjson"]) -> AsyncGenerator[bytes]:
    async with aclosing(delivery.past(selection, 0)) as past:
        async for batch in past:
            yield batch.log if form == "text" else batch.lines
