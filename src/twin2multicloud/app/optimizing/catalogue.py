"""What there is to choose from, by one price book: offers, regions, meters; and whether a text is sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.meters import explained, figure_json, identity
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.schemas.catalogue import MeterQuery, MetersQuery, OffersQuery, RegionsQuery
from twin2multicloud.app.schemas.questions import BookInput, DefinitionInput
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.model.documents import decoded, document_of
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.formats import parse, sniff
from twin2multicloud.model.names import parse_provider, parse_slot, unknown
from twin2multicloud.model.sections import is_twin
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot
from twin2multicloud.model.twin.files import GivenFiles
from twin2multicloud.model.twin.reader import twin_of
from twin2multicloud.model.twin.summary import twin_summary
from twin2multicloud.model.twin.warnings import twin_warnings
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.pricing.book import read_book, texts_problems
from twin2multicloud.optimizer.pricing.meters import Region
from twin2multicloud.optimizer.pricing.places import counterparts, places

Json = dict[str, Any]


# ── Offers and regions ──────────────────────────────────────────────────────────────────────────────────────
def offers(solver: Solver, query: OffersQuery) -> bytes:
    """The offers that a query names."""
    slots, provider = _slots(query.slot), _provider(query.provider)
    if query.region is not None:
        place = _named("region", lambda: solver.book.region(query.region or ""))
        if provider is not None and place.provider is not provider:
            problem = f"is a region of {place.provider.label}, not of {provider.label}"
            raise InvalidInputError("request", [Finding("region", problem, query.region)])
        provider = place.provider
    features = sorted({feature for offer in OFFERS for feature in offer.features})
    if query.feature is not None and query.feature not in features:
        problem = unknown("feature", query.feature, features)
        raise InvalidInputError("request", [Finding("feature", problem, query.feature)])
    chosen = [
        offer
        for offer in sorted(OFFERS, key=lambda offer: SLOTS.index(offer.slot))
        if offer.slot in slots
        and provider in (None, offer.provider)
        and (query.feature is None or query.feature in offer.features)
        and query.deployable in (None, offer.deployable)
    ]
    return encoded({"items": [offer_json(solver.everywhere, offer, query.region) for offer in chosen]})


def offer_json(market: Market, offer: Offer, region: str | None) -> Json:
    """An offer; with `region` whether and why not it can be had there."""
    answer: Json = {
        "id": offer.id,
        "slot": offer.slot.value,
        "provider": offer.provider.value,
        "service": offer.service,
        "variant": offer.variant,
        "summary": offer.summary,
        "features": sorted(offer.features),
        "deployable": offer.deployable,
        "regions": offered_in(market, offer),
    }
    if region is not None:
        reason = why_not(market, offer, region)
        answer |= {"region": region, "available": reason is None, "reason": reason}
    return answer


def offered_in(market: Market, offer: Offer) -> list[str]:
    """The regions in which all of an offer's prices are known."""
    return [option.region.code for option in market.options if market.offers[option.offer].id == offer.id]


def why_not(market: Market, offer: Offer, region: str) -> str | None:
    """Why an offer cannot be had in a region; None if it can."""
    found = [item.reason for item in market.unavailable if item.offer == offer.id and item.region == region]
    return "; ".join(found) or None


def regions(solver: Solver, query: RegionsQuery) -> bytes:
    """The regions of the book."""
    provider = _provider(query.provider)
    complete = {region.code for region in solver.complete}
    items = [
        {
            **asdict(region),
            "provider": region.provider.value,
            "complete": region.code in complete,
            **_place(region, solver),
        }
        for region in solver.book.regions.values()
        if provider in (None, region.provider) and query.complete in (None, region.code in complete)
    ]
    return encoded({"items": items})


def _place(region: Region, solver: Solver) -> Json:
    """Where a region is, and what is nearest to it at the other clouds."""
    place = places().get((region.provider, region.code))
    nearest = counterparts(region, solver.book.regions.values())
    return {
        "city": None if place is None else place.city,
        "north": None if place is None else place.north,
        "east": None if place is None else place.east,
        "nearest": {provider.value: {"code": each.code, "km": round(each.km)} for provider, each in nearest.items()},
    }


# ── Prices ──────────────────────────────────────────────────────────────────────────────────────────────────
def prices(solver: Solver, _: RegionsQuery) -> bytes:
    """Which book it is and how much is in it, its age aside."""
    book = solver.book
    figures = list(book.figures())
    of = Counter(book.meter(figure.meter).provider for figure in figures)
    fetched = Counter(book.meter(figure.meter).provider for figure in figures if figure.sku)
    meters = Counter(meter.provider for meter in book.meters.values())
    oldest: dict[str, str] = {}
    for figure in figures:
        provider = book.meter(figure.meter).provider.value
        oldest[provider] = min(oldest.get(provider, figure.date), figure.date)
    return encoded(
        {
            **identity(book),
            "oldest": oldest,
            "providers": {
                provider.value: {
                    "regions": len(book.regions_of(provider)),
                    "meters": meters[provider],
                    "prices": of[provider],
                    "fetched": fetched[provider],
                }
                for provider in PROVIDERS
            },
            "confidences": dict(sorted(Counter(figure.confidence for figure in figures).items())),
        }
    )


def meters(solver: Solver, query: MetersQuery) -> bytes:
    """Part of the meters that a query names, in the book's order."""
    book, provider = solver.book, _provider(query.provider)
    if query.region is not None:
        place = _named("region", lambda: book.region(query.region or ""))
        provider = provider or place.provider
    service, part = (query.service or "").casefold(), (query.meter or "").casefold()
    chosen = [
        meter
        for meter in book.meters.values()
        if provider in (None, meter.provider) and service in meter.service.casefold() and part in meter.id
    ]
    start = _start(query.cursor, [meter.id for meter in chosen])
    priced = Counter(figure.meter for figure in book.figures("list"))
    here: dict[str, list[Json]] = {}
    for figure in book.figures() if query.region is not None else ():
        if figure.region == query.region:
            here.setdefault(figure.meter, []).append(figure_json(book, figure))
    items = []
    for meter in chosen[start : start + query.limit]:
        item = {**asdict(meter), "provider": meter.provider.value, "regions": priced[meter.id]}
        if query.region is not None:
            item["figures"] = here.get(meter.id, [])
        items.append(item)
    more = start + query.limit < len(chosen)
    return encoded({"price_book": identity(book), "items": items, "next": items[-1]["id"] if more else None})


def _start(cursor: str | None, ids: Sequence[str]) -> int:
    if cursor is None:
        return 0
    if cursor not in ids:
        raise InvalidInputError("request", [Finding("cursor", "is `next` of the part before, with the same filters")])
    return ids.index(cursor) + 1


def meter(solver: Solver, query: MeterQuery) -> bytes:
    """One meter, explained."""
    if query.quantity is not None and query.region is None:
        raise InvalidInputError("request", [Finding("quantity", "needs region, since prices differ by region")])
    _named("meter", lambda: solver.book.meter(query.meter))
    found = _named("region", lambda: explained(solver.book, query.meter, query.region, query.quantity, query.policy))
    return encoded(found.as_json())


# ── Soundness ───────────────────────────────────────────────────────────────────────────────────────────────
def check_book(_: Solver, given: BookInput) -> bytes:
    """Every fault of a price book."""
    findings = texts_problems(given.files)
    sound = None if findings else identity(read_book(given.files))
    return encoded({"ok": not findings, "findings": _plain(findings), "price_book": sound})


def check_definition(_: Solver, given: DefinitionInput) -> bytes:
    """Everything that is wrong with the text of a twin or a workload, and what it describes."""
    kind, warnings, summary, findings = "workload", list[Finding](), None, list[Finding]()
    try:
        text = decoded(given.source, "source")
        parsed = parse(text, given.format or sniff(text), "source")
        if isinstance(parsed.value, dict) and is_twin(parsed.value):
            kind = "twin"
            definition = twin_of(parsed, "source", GivenFiles(given.files))
            warnings = twin_warnings(definition)
            summary = twin_summary(definition, warnings)
        else:
            document = document_of(parsed, "source")
            summary = {
                name: None if part is None else part.model_dump(mode="json")
                for name, part in (
                    ("workload", document.workload),
                    ("constraints", document.constraints),
                    ("assumptions", document.assumptions),
                )
            }
    except InvalidInputError as error:
        findings = list(error.findings)
    return encoded(
        {
            "kind": kind,
            "ok": not findings,
            "findings": _plain(findings),
            "warnings": _plain(warnings),
            "summary": summary,
        }
    )


def _plain(findings: Iterable[Finding]) -> list[Any]:
    return [msgspec.to_builtins(finding) for finding in findings]


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────
def _slots(name: str | None) -> tuple[Slot, ...]:
    if name is None:
        return SLOTS
    layer = tuple(slot for slot in SLOTS if slot.layer.casefold() == name.strip().casefold())
    return layer or (_named("slot", lambda: parse_slot(name)),)


def _provider(name: str | None) -> Provider | None:
    return None if name is None else _named("provider", lambda: parse_provider(name))


def _named(field: str, find: Any) -> Any:
    """What a name stands for; `InvalidInputError` in its field otherwise."""
    try:
        return find()
    except (UsageError, ValueError) as error:
        raise InvalidInputError("request", [Finding(field, str(error))]) from error
