"""A twin's placement: proposals, decisions, and what it costs."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from fastapi import Path, Query, Response
from fastapi.concurrency import run_in_threadpool

from twin2multicloud.app.api.asking import BookDep, answers, raw
from twin2multicloud.app.api.deps import BackendDep, IfMatch, TwinId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import Optimization
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.kept import Change, Changed, Kept, Proposal
from twin2multicloud.app.schemas import placements as shapes
from twin2multicloud.app.schemas.advice import Advice
from twin2multicloud.app.schemas.answers import BillResult
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import advice, placements, twins

router = Endpoints(prefix="/twins/{twin}", tags=["twins"])
deciding = Endpoints(prefix="/twins/{twin}", tags=["twins"])
"""What a deployment rests on; the rest is the optimizer's."""
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Editor = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.TWIN)]
_SlotName = Annotated[str, Query(max_length=20, description="One of the seven.", examples=["L3.hot"])]
_OptimizationId = Annotated[str, Path(pattern=r"^[a-z]{3}_[0-9a-z]{1,28}$", examples=["opt_4qz0m8k2v1x7c9b3n5d6"])]


@router.post("/optimize", status_code=201, response_model=None, responses=answers(shapes.Optimization, 201))
async def propose_placement(
    backend: BackendDep, principal: _Editor, book: BookDep, twin: TwinId, given: shapes.ProposalInput | None = None
) -> Response:
    """Find the cheapest placement of a twin and keep it as a proposal. The twin itself stays as it is."""
    from twin2multicloud.app.optimizing import twins as questions  # the optimizer, for whoever asks it

    wanted = given or shapes.ProposalInput()
    kept, number = await run_in_threadpool(_read, backend, principal, twin)
    question = partial(
        questions.propose,
        kept=kept,
        options=wanted.constraints,
        drop=wanted.drop,
        top=wanted.top,
        alternatives=wanted.alternatives,
    )
    proposal = await backend.optimizer.ask(book, question)
    saved = await run_in_threadpool(_save, backend, principal, twin, number, book, proposal)
    location = f"/api/v1/twins/{twin}/optimizations/{saved.id}"
    return raw(_whole(saved, msgspec.Raw(proposal.result)), 201, Location=location)


def _read(backend: Backend, principal: Principal, twin: str) -> tuple[Kept, int]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return placements.kept(session, found), found.number


def _save(
    backend: Backend, principal: Principal, twin: str, number: int, book: Book, proposal: Proposal
) -> shapes.OptimizationSummary:
    result = msgspec.json.decode(proposal.result)
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        saved = placements.save_proposal(backend, session, principal, found, number, book, proposal, result)
        return placements.summary(saved)


def _whole(summary: shapes.OptimizationSummary, result: object) -> bytes:
    return msgspec.json.encode({**summary.model_dump(mode="json"), "result": result})


@router.get("/optimizations")
def list_optimizations(
    backend: BackendDep,
    principal: _Viewer,
    twin: TwinId,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.OptimizationSummary]:
    """All proposals for a twin, the newest first."""
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return page(
            session,
            placements.optimizations(found),
            Optimization.id,
            {"created_at": Optimization.created_at, "usd_per_month": Optimization.usd_per_month},
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-created_at",
            items=each(placements.summary),
        )


@router.get("/optimizations/{optimization}", response_model=None, responses=answers(shapes.Optimization))
def show_optimization(backend: BackendDep, principal: _Viewer, twin: TwinId, optimization: _OptimizationId) -> Response:
    """One proposal, whole."""
    with backend.database.read() as session:
        found = placements.the_optimization(session, the_twin(session, principal, twin, Role.VIEWER), optimization)
        return raw(_whole(placements.summary(found), found.result))


@deciding.put("/placement")
async def place_twin(
    backend: BackendDep,
    principal: _Editor,
    book: BookDep,
    twin: TwinId,
    given: shapes.PlacementInput,
    seen: IfMatch,
    response: Response,
) -> shapes.PlacementAnswer:
    """Decide where a twin's slots go. A decision that is not the cheapest is kept all the same, and said to be so."""
    from twin2multicloud.app.optimizing import twins as questions  # as above

    kept, wanted = await run_in_threadpool(_wanted, backend, principal, twin, given, seen)
    changed = await backend.optimizer.ask(book, partial(questions.change, kept=kept, wanted=wanted))
    answer = await run_in_threadpool(_place, backend, principal, twin, seen, given, changed, book)
    response.headers["ETag"] = etag(answer.twin.version)
    return answer


def _wanted(
    backend: Backend, principal: Principal, twin: str, given: shapes.PlacementInput, seen: int
) -> tuple[Kept, Change]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        twins.check_unchanged(found, seen)
        return placements.wanted(session, found, given)


def _place(
    backend: Backend,
    principal: Principal,
    twin: str,
    seen: int,
    given: shapes.PlacementInput,
    changed: Changed,
    book: Book,
) -> shapes.PlacementAnswer:
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        placements.place(backend, session, principal, found, seen, given, changed, book)
        session.flush()
        shown = twins.whole(session, principal, found, backend.now())
    return shapes.PlacementAnswer.model_validate({**changed.decision, "overrides": changed.overrides, "twin": shown})


@router.get("/bill", response_model=None, responses=answers(BillResult))
async def show_bill(backend: BackendDep, principal: _Viewer, book: BookDep, twin: TwinId) -> Response:
    """What the twin's placement costs at the prices of now: every line with its formula and where its price is from."""
    from twin2multicloud.app.optimizing import twins as questions  # as above

    kept, _ = await run_in_threadpool(_read, backend, principal, twin)
    return raw(await backend.optimizer.ask(book, partial(questions.bill, kept=kept)))


@router.get("/standing", response_model=None, responses=answers(shapes.Standing))
async def show_standing(backend: BackendDep, principal: _Viewer, book: BookDep, twin: TwinId) -> Response:
    """How the twin's placement stands at the prices of now: against the cheapest one, and what its overrides cost."""
    from twin2multicloud.app.optimizing import standing as questions  # as above

    kept, _ = await run_in_threadpool(_read, backend, principal, twin)
    return raw(await backend.optimizer.ask(book, partial(questions.standing, kept=kept)))


@router.get("/advice", response_model=None, responses=answers(Advice))
async def show_advice(
    backend: BackendDep,
    principal: _Viewer,
    book: BookDep,
    twin: TwinId,
    target: Target | None = None,
    horizon_months: Annotated[float | None, Query(gt=0, le=120)] = None,
    messages: Annotated[
        float | None, Query(gt=0, le=1e6, description="As if so many came for each one that the definition says.")
    ] = None,
) -> Response:
    """Which moves of a deployed twin pay at the prices of now, what they cost, and after how many months it is back."""
    question = await run_in_threadpool(_advice, backend, principal, twin, target, horizon_months, messages)
    return raw(await backend.optimizer.ask(book, question))


def _advice(
    backend: Backend,
    principal: Principal,
    twin: str,
    target: Target | None,
    horizon_months: float | None,
    messages: float | None,
) -> partial[bytes]:
    with backend.database.read() as session:
        asked = advice.asked(session, the_twin(session, principal, twin, Role.VIEWER), target)
    return advice.question(backend, asked, horizon_months=horizon_months, factor=messages)


@router.get("/choices", response_model=None, responses=answers(shapes.SlotChoiceList))
async def list_slot_choices(
    backend: BackendDep, principal: _Viewer, book: BookDep, twin: TwinId, slot: _SlotName
) -> Response:
    """Every offer in every region that could fill a slot while the others stay as they are, and what that changes."""
    from twin2multicloud.app.optimizing import standing as questions  # as above

    kept, _ = await run_in_threadpool(_read, backend, principal, twin)
    return raw(await backend.optimizer.ask(book, partial(questions.choices, kept=kept, name=slot)))


@router.post("/preview", response_model=None, responses=answers(shapes.PlacementPreview))
async def preview_placement(
    backend: BackendDep, principal: _Viewer, book: BookDep, twin: TwinId, given: shapes.PlacementInput
) -> Response:
    """What would come of deciding so where the slots go, with its bill. Nothing is kept."""
    from twin2multicloud.app.optimizing import standing as questions  # as above

    kept, wanted = await run_in_threadpool(_considered, backend, principal, twin, given)
    return raw(await backend.optimizer.ask(book, partial(questions.preview, kept=kept, wanted=wanted)))


def _considered(backend: Backend, principal: Principal, twin: str, given: shapes.PlacementInput) -> tuple[Kept, Change]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return placements.wanted(session, found, given)
