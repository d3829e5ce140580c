"""What there is to choose from: workloads, offers, regions, prices; and whether a text is sound."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from fastapi import Header, Path, Query, Response

from twin2multicloud import __version__
from twin2multicloud.app.api.asking import BookDep, DeskDep, TodayDep, answers, raw
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.optimizing import catalogue as questions
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.schemas import catalogue as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.questions import BookInput, DefinitionInput
from twin2multicloud.model.names import unknown
from twin2multicloud.model.scenarios import SCENARIOS, scenario, scenario_json, scenario_names
from twin2multicloud.model.template import twin_template
from twin2multicloud.optimizer.pricing.rowcheck import nearest

router = Endpoints(tags=["catalogue"])
_Known = Annotated[str | None, Header(description="The ETag of the book that one has: 304 if that is in use still.")]
_Quantity = Annotated[float | None, Query(ge=0, le=1e18, allow_inf_nan=False, description="Units a month.")]


@router.get("/workloads")
async def list_workloads() -> Page[shapes.WorkloadSummary]:
    """The built-in workloads, smallest first."""
    return Page(items=[shapes.WorkloadSummary(**scenario_json(each)) for each in SCENARIOS])


@router.get("/workloads/{name}")
def show_workload(name: Annotated[str, Path(max_length=100)]) -> shapes.WorkloadDetail:
    """A built-in workload, and the files of a twin to start from."""
    if name not in scenario_names():
        raise NotFoundError(unknown("built-in workload", name, scenario_names()))
    return _workload(name)


@lru_cache(maxsize=8)
def _workload(name: str) -> shapes.WorkloadDetail:
    found = scenario(name)
    return shapes.WorkloadDetail(**scenario_json(found), files=twin_template(found))


@router.get("/definitions/fields")
async def list_definition_fields() -> Page[shapes.DefinitionField]:
    """Every field of a twin's definition with its meaning, unit, default and range, for forms and hints."""
    return _definition_fields()


@lru_cache(maxsize=1)
def _definition_fields() -> Page[shapes.DefinitionField]:
    from twin2multicloud.model.twin.fields import twin_fields  # all that a definition may hold

    return Page(items=[shapes.DefinitionField.model_validate(asdict(each)) for each in twin_fields()])


@router.post("/definitions/check", response_model=None, responses=answers(shapes.Checked))
async def check_definition(desk: DeskDep, book: BookDep, given: DefinitionInput) -> Response:
    """Everything that is wrong with the text of a twin or a workload, with lines, and what it describes."""
    return raw(await desk.ask(book, questions.check_definition, given))


@router.get("/offers", response_model=None, responses=answers(shapes.Offers))
async def list_offers(desk: DeskDep, book: BookDep, query: Annotated[shapes.OffersQuery, Query()]) -> Response:
    """What each cloud has for each slot, and where all its prices are known."""
    return raw(await desk.ask(book, questions.offers, query))


@router.get("/regions", response_model=None, responses=answers(shapes.Regions))
async def list_regions(desk: DeskDep, book: BookDep, query: Annotated[shapes.RegionsQuery, Query()]) -> Response:
    """The regions of the price book."""
    return raw(await desk.ask(book, questions.regions, query))


@router.get("/prices", response_model=None, responses=answers(shapes.PricesInUse))
async def show_prices(desk: DeskDep, book: BookDep, today: TodayDep) -> Response:
    """Which price book is in use, and how old it is."""
    found = msgspec.json.decode(await desk.ask(book, questions.prices, shapes.RegionsQuery()))
    seen = await asyncio.to_thread(desk.last_seen, book)
    age = (today - date.fromisoformat(min(seen.values()))).days
    return raw(msgspec.json.encode({**found, "seen": seen, "age_days": age}))


@router.get(
    "/prices/book",
    response_model=None,
    responses={**answers(shapes.WholeBook), 304: {"description": "The book is the one that If-None-Match names."}},
)
async def fetch_book(book: BookDep, if_none_match: _Known = None) -> Response:
    """The price book in use, whole: to calculate by it elsewhere. Its ETag is its hash."""
    tag = f'W/"{book.hash}"'  # weak: comments and layout are not in the hash
    if any(each.strip() in (tag, tag.removeprefix("W/"), "*") for each in (if_none_match or "").split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    whole = {**identity(book.prices), "program": __version__, "files": dict(book.texts)}
    return raw(msgspec.json.encode(whole), ETag=tag)


@router.get("/prices/meters", response_model=None, responses=answers(shapes.MeterList))
async def list_meters(desk: DeskDep, book: BookDep, query: Annotated[shapes.MetersQuery, Query()]) -> Response:
    """What the clouds count, and with `region` what that costs there."""
    return raw(await desk.ask(book, questions.meters, query))


@router.get("/prices/meters/{meter}", response_model=None, responses=answers(shapes.MeterDetail))
async def show_meter(
    desk: DeskDep,
    book: BookDep,
    meter: Annotated[str, Path(max_length=120)],
    region: Annotated[str | None, Query(max_length=60)] = None,
    quantity: _Quantity = None,
    policy: Literal["list", "eu-data-act"] = "list",
) -> Response:
    """What a meter counts, its prices with their sources, and what a quantity costs, tier by tier."""
    if meter not in book.prices.meters:
        raise NotFoundError(f"there is no meter {meter[:80]!r}{nearest(meter, book.prices.meters)}")
    query = shapes.MeterQuery(meter=meter, region=region, quantity=quantity, policy=policy)
    return raw(await desk.ask(book, questions.meter, query))


@router.post("/prices/validate", response_model=None, responses=answers(shapes.BookCheck))
async def validate_prices(desk: DeskDep, book: BookDep, given: BookInput) -> Response:
    """Every fault of a price book of your own. Nothing of it is kept."""
    return raw(await desk.ask(book, questions.check_book, given))
