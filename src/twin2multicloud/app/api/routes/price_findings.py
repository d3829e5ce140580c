"""What is odd about fetched prices, what people decide about it, and how old the prices in use are."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import Path, Query

from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.db.tables.prices import PriceFindingRecord
from twin2multicloud.app.schemas import price_findings as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import price_checks, price_findings, prices
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.staleness import ages, stale_count
from twin2multicloud.optimizer.pricing.places import left_out, places

router = Endpoints(prefix="/prices", tags=["catalogue"])
_Reader = Annotated[Principal, allow(Scope.READ)]
_Admin = Annotated[Principal, allow(Scope.ADMIN, on=On.INSTALLATION)]
_FindingId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", examples=["8b0c7c1f9a3d5e60"])]


@router.get("/findings")
def list_price_findings(
    backend: BackendDep,
    principal: _Reader,
    provider: Annotated[Provider | None, Query(description="Only of this cloud.")] = None,
    region: Annotated[str | None, Query(max_length=60)] = None,
    meter: Annotated[str | None, Query(max_length=120, description="Part of the meter's name.")] = None,
    kind: Annotated[list[shapes.FindingKind] | None, Query(max_length=10)] = None,
    decided: Annotated[bool | None, Query(description="Whether somebody decided.")] = None,
    gone: Annotated[bool, Query(description="Also what the last refresh did not see any more.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.PriceFinding]:
    """What is odd about prices that were fetched, what was seen last first."""
    del principal
    wanted = price_findings.Wanted(provider, region, meter, kind, decided, None if gone else True)
    meters = prices.current(backend).prices.meters
    with backend.database.read() as session:
        return page(
            session,
            price_findings.listed(wanted),
            PriceFindingRecord.id,
            {"last_seen_at": PriceFindingRecord.last_seen_at},
            sort=None,
            cursor=cursor,
            limit=limit,
            default="-last_seen_at",
            items=each(partial(price_findings.shown, meters=meters)),
        )


@router.post("/findings/{finding}")
def decide_price_finding(
    backend: BackendDep, principal: _Admin, finding: _FindingId, given: shapes.DecideFinding
) -> shapes.PriceFinding:
    """Accept a price, or reject it. The next refresh goes by it, for as long as it sees the same price. To accept that
    a list has no price says that it is not sold there: the next refresh takes it out of the book.
    """
    meters = prices.current(backend).prices.meters
    with backend.database.write() as session:
        record = price_findings.decide(backend, session, principal, finding, given)
        session.flush()
        return price_findings.shown(record, meters)


@router.get("/ages")
def show_price_ages(
    backend: BackendDep,
    principal: _Reader,
    provider: Annotated[Provider | None, Query(description="Only of this cloud.")] = None,
    region: Annotated[str | None, Query(max_length=60)] = None,
) -> shapes.PriceAges:
    """How long ago the prices in use were last seen, service by service and region by region, the longest first."""
    del principal
    book = prices.current(backend).prices
    checks = price_checks.at(backend)
    limit_days = backend.settings.price_lists.stale_after_days
    found = [
        age
        for age in ages(book, backend.now().date(), limit_days, checks)
        if (provider is None or age.provider == provider.value) and region in (None, age.region)
    ]
    return shapes.PriceAges(
        date=book.date,
        stale_after_days=limit_days,
        prices=sum(age.prices for age in found),
        stale=stale_count(found),
        items=[shapes.PriceAge.model_validate(asdict(age)) for age in found],
    )


@router.get("/listed-regions")
def list_listed_regions(
    backend: BackendDep,
    principal: _Reader,
    provider: Annotated[Provider | None, Query(description="Only of this cloud.")] = None,
) -> shapes.ListedRegions:
    """The regions that clouds' lists have and the book has not, as a refresh of everything last read them."""
    del principal
    book = prices.current(backend).prices
    with backend.database.read() as session:
        found = price_checks.listed_regions(session)
    known = places()
    items = []
    for region, read_at in found:
        if region.code in book.regions or (provider is not None and region.provider is not provider):
            continue
        place = known.get((region.provider, region.code))
        where = {name: getattr(place, name, None) for name in ("city", "country", "north", "east")}
        why = left_out(region.provider, region.code)
        items.append(
            shapes.ListedRegion(
                provider=region.provider, code=region.code, name=region.name, left_out=why, read_at=read_at, **where
            )
        )
    return shapes.ListedRegions(items=items)
