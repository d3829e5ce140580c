"""What of a twin can be taken along."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Annotated, Any, Final

from fastapi import Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from twin2multicloud.app.api.asking import REPORT, BookDep, TodayDep
from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.schemas.twins import ExportKind
from twin2multicloud.app.services import exports, placements, twins

router = Endpoints(prefix="/twins/{twin}", tags=["twins"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Kind = Annotated[
    ExportKind,
    Query(
        description="terraform: its infrastructure code with scripts and a README (zip), for operators; definition: "
        "its newest version with all files (zip); report: its placement explained (HTML); bill: every line (CSV)."
    ),
]
_ZIP: Final = "application/zip"
_FORMATS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_ZIP: {}, "text/html": {}, "text/csv": {}}, "description": "The file, under a name of its own."}
}
_PART: Final = 1 << 16
_IN_MEMORY: Final = 1 << 20


@router.get("/export", response_class=Response, responses=_FORMATS)
async def export_twin(
    backend: BackendDep, principal: _Viewer, book: BookDep, today: TodayDep, twin: TwinId, kind: _Kind
) -> Response:
    """A twin as a file: to keep, to pass on, or to go on with elsewhere."""
    if kind in ("terraform", "definition"):
        write = _definition if kind == "definition" else _terraform
        name, content = await run_in_threadpool(write, backend, principal, twin)
        size = content.seek(0, 2)
        headers = {"Content-Length": str(size), **_saved_as(exports.file_name(name, kind))}
        return StreamingResponse(_parts(content), media_type=_ZIP, headers=headers)
    from twin2multicloud.app.optimizing import twins as questions  # the optimizer, for whoever asks it

    name, kept = await run_in_threadpool(_kept, backend, principal, twin)
    file = exports.file_name(name, kind)
    if kind == "bill":
        lines = await backend.optimizer.ask(book, partial(questions.bill_csv, kept=kept))
        return Response(lines, media_type="text/csv", headers=_saved_as(file))
    page = await backend.optimizer.ask(book, partial(questions.report, kept=kept, title=name, today=today))
    return Response(page, media_type="text/html", headers={**REPORT, **_saved_as(file, "inline")})


def _definition(backend: Backend, principal: Principal, twin: str) -> tuple[str, IO[bytes]]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        name, version = found.name, twins.current(session, found)
        session.expunge(version)
    return name, _written(partial(exports.write_definition, version, name))


def _terraform(backend: Backend, principal: Principal, twin: str) -> tuple[str, IO[bytes]]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        name, wanted = found.name, exports.infrastructure(session, principal, found)
        session.expunge(wanted.version)
    return name, _written(partial(exports.write_terraform, backend, wanted, name))


def _kept(backend: Backend, principal: Principal, twin: str) -> tuple[str, Kept]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return found.name, placements.kept(session, found)


def _written(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    """What is written, in memory where it is small, and in a file that has no name otherwise."""
    content: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  it is closed once it was sent
    try:
        write(content)
    except BaseException:
        content.close()
        raise
    return content


def _parts(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        content.seek(0)
        while part := content.read(_PART):
            yield part


def _saved_as(name: str, how: str = "attachment") -> dict[str, str]:
    return {"Content-Disposition": f'{how}; filename="{name}"', "Cache-Control": "no-store"}
