"""Questions to the optimizer, of which nothing is kept."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial

from fastapi import Response
from fastapi.responses import HTMLResponse

from twin2multicloud.app.api.asking import REPORT, BookDep, DeskDep, TodayDep, answers, raw
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.optimizing import answers as questions
from twin2multicloud.app.optimizing import uncertainty as uncertain
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.optimizing.frontiers import frontier
from twin2multicloud.app.optimizing.reading import read
from twin2multicloud.app.schemas import answers as shapes
from twin2multicloud.app.schemas.frontiers import FrontierInput, FrontierResult
from twin2multicloud.app.schemas.questions import (
    BatchInput,
    CompareInput,
    OptimizeInput,
    OverrideInput,
    ReportInput,
    SensitivityInput,
)
from twin2multicloud.app.schemas.uncertainty import (
    BreakevenInput,
    BreakevenResult,
    UncertaintyInput,
    UncertaintyResult,
)
from twin2multicloud.model.errors import PriceError

router = Endpoints(tags=["optimizer"])
_A_PART = 1_000
"""Samples below which another process is not worth its start."""


@router.post("/optimize", response_model=None, responses=answers(shapes.OptimizeResult))
async def optimize(desk: DeskDep, book: BookDep, today: TodayDep, given: OptimizeInput) -> Response:
    """The cheapest placement of a workload, proven, with its bill and what every alternative would add."""
    if given.max_price_age is not None and given.model == "bill":
        await asyncio.to_thread(_check_age, desk, book, today, given, given.max_price_age)
    return raw(await desk.ask(book, questions.optimize, given))


def _check_age(desk: Desk, book: Book, today: date, given: OptimizeInput, most: int) -> None:
    """`PriceError` where the prices of a cloud that is allowed were last seen longer ago: any of them, or in the
    regions of it that are named.
    """
    allowed = read(given).constraints
    regions = {code for codes in allowed.regions.values() for code in codes}
    for provider, seen in desk.last_seen(book, regions).items():
        age = (today - date.fromisoformat(seen)).days
        if provider in allowed.allowed_providers and age > most:
            raise PriceError(
                f"the prices of {provider.label} in the book {book.prices.version} were last seen on {seen}, {age} "
                f"days ago; max_price_age allows {most}. Refresh the prices, or allow more days"
            )


@router.post("/optimize/batch", response_model=None, responses=answers(shapes.BatchResult))
async def optimize_batch(desk: DeskDep, book: BookDep, given: BatchInput) -> Response:
    """The cheapest placement of each of many workloads, in short; one that has none does not stop the others."""
    size = -(-len(given.items) // desk.pool.size)
    parts = [given.model_copy(update={"items": given.items[n : n + size]}) for n in range(0, len(given.items), size)]
    found = await asyncio.gather(*(desk.ask(book, questions.batch, part) for part in parts))
    return raw(b'{"items":[' + b",".join(part[1:-1] for part in found) + b"]}")


@router.post("/optimize/frontier", response_model=None, responses=answers(FrontierResult))
async def optimize_frontier(desk: DeskDep, book: BookDep, given: FrontierInput) -> Response:
    """All placements of which no other costs less and emits less, or is quicker: cost against carbon or latency."""
    return raw(await desk.ask(book, frontier, given))


@router.post("/optimize/uncertainty", response_model=None, responses=answers(UncertaintyResult))
async def study_uncertainty(desk: DeskDep, book: BookDep, given: UncertaintyInput) -> Response:
    """What a twin costs when its workload is uncertain: thousands of workloads drawn, each optimized exactly."""
    count = min(desk.pool.size, -(-given.samples // _A_PART))
    asked = [partial(uncertain.part, given=given, number=number, of=count) for number in range(count)]
    parts = await asyncio.gather(*(desk.pool.ask(book, one) for one in asked))
    return raw(await desk.pool.ask(book, partial(uncertain.uncertainty, given=given, parts=parts)))


@router.post("/optimize/breakeven", response_model=None, responses=answers(BreakevenResult))
async def find_breakeven(desk: DeskDep, book: BookDep, given: BreakevenInput) -> Response:
    """Where the cheapest placement changes as one number of the workload grows."""
    return raw(await desk.ask(book, uncertain.breakeven, given))


@router.post("/compare", response_model=None, responses=answers(shapes.CompareResult))
async def compare_cases(desk: DeskDep, book: BookDep, given: CompareInput) -> Response:
    """One workload placed in several ways, side by side: per slot, per link and per meter."""
    return raw(await desk.ask(book, questions.compare, given))


@router.post("/override", response_model=None, responses=answers(shapes.OverrideResult))
async def price_override(desk: DeskDep, book: BookDep, given: OverrideInput) -> Response:
    """What it costs to fill some slots otherwise, and why."""
    return raw(await desk.ask(book, questions.override, given))


@router.post("/sensitivity", response_model=None, responses=answers(shapes.SensitivityResult))
async def show_sensitivity(desk: DeskDep, book: BookDep, given: SensitivityInput) -> Response:
    """The cheapest placement as the workload grows or shrinks."""
    return raw(await desk.ask(book, questions.sensitivity, given))


@router.post("/report", response_class=HTMLResponse)
async def write_report(desk: DeskDep, book: BookDep, today: TodayDep, given: ReportInput) -> HTMLResponse:
    """The report of the cheapest placement: one HTML file that needs no other."""
    page = await desk.pool.ask(book, partial(questions.report, given=given, today=today))
    return HTMLResponse(page, headers=REPORT)
