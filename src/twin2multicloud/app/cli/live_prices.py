"""What `prices refresh`, `findings`, `accept`, `reject`, `age` and `books` do, and `prices diff` between books taken
up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from twin2multicloud.app.cli import records, runs
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, dollars, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.report.figures import unit_price
from twin2multicloud.app.schemas.books import BookDetail
from twin2multicloud.app.schemas.price_findings import PriceFinding
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.fields import counted
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.pricing.fetching.findings import ABSENT

_MOST: Final = 1_000


@dataclass(frozen=True)
class RefreshRequest:
    """What was asked for."""

    providers: Sequence[str]
    regions: Sequence[str]
    source: Literal["lists", "book"] | None
    detach: bool
    json_output: bool


@dataclass(frozen=True)
class FindingsRequest:
    """Which findings were asked for."""

    provider: str | None
    region: str | None
    meter: str | None
    kinds: Sequence[str]
    all_findings: bool
    json_output: bool


def refresh(client: Client, request: RefreshRequest) -> int:
    """`prices refresh`."""
    records.known(request.providers, "--provider", [provider.value for provider in PROVIDERS])
    run = client.prices.refresh(source=request.source, providers=request.providers, regions=request.regions)
    if request.detach:
        return runs.asked_for(run, request.json_output)
    if not request.json_output:
        runs.say_begun(run)
        say(f"`twin2multicloud runs cancel {run.id}` calls it off")
    code = runs.watch(client, run.id, request.json_output)
    waiting = 0 if request.json_output else sum(1 for _ in client.prices.findings(decided=False, limit=_MOST))
    if waiting:
        found = counted(waiting, "finding waits", "findings wait")
        say(f"{found} for somebody to decide: `twin2multicloud prices findings`")
    return code


def findings(client: Client, request: FindingsRequest) -> int:
    """`prices findings`."""
    found = list(
        client.prices.findings(
            provider=request.provider,
            region=request.region,
            meter=request.meter,
            kind=request.kinds or None,
            decided=None if request.all_findings else False,
            gone=request.all_findings,
            limit=_MOST,
        )
    )
    if request.json_output:
        records.print_models(found)
    else:
        columns = ("finding", "what", "cloud", "region", "meter", "how", "decided")
        records.print_table(
            columns, (_row(each) for each in found), "nothing is odd about the prices that were fetched"
        )
    return 0


def _row(finding: PriceFinding) -> tuple[str, ...]:
    decided = finding.decision or (NONE if finding.decidable else "nothing to decide")
    where = finding.meter or finding.service or NONE
    return finding.id[:8], finding.kind, finding.provider.label, finding.region or NONE, where, finding.message, decided


def decide(
    client: Client, wanted: Sequence[str], decision: Literal["accept", "reject"], note: str, json_output: bool
) -> int:
    """`prices accept` and `prices reject`."""
    known = {finding.id for finding in client.prices.findings(gone=True, limit=_MOST)}
    decided = [client.prices.decide(each, decision, note) for each in [_one(known, given) for given in wanted]]
    if json_output:
        records.print_models(decided)
        return 0
    for finding in decided:
        say(f"{finding.id}: {decision}ed, {finding.meter or finding.service} in {finding.region or 'no region'}")
    if decision == "accept":
        gone = {finding.kind in ABSENT for finding in decided}
        what = "goes by it" if len(gone) > 1 else "takes it out of the book" if True in gone else "takes it"
        say(f"the next refresh {what}: `twin2multicloud prices refresh`")
    return 0


def _one(known: set[str], given: str) -> str:
    """The finding that begins so."""
    found = [each for each in known if given and each.startswith(given)]
    if len(found) != 1:
        problem = "several findings begin" if found else "no finding begins"
        raise UsageError(f"{problem} with '{given[:40]}'; `twin2multicloud prices findings --all` lists them")
    return found[0]


def age(client: Client, provider: str | None, region: str | None, json_output: bool) -> int:
    """`prices age`."""
    records.known([provider] if provider else [], "--provider", [each.value for each in PROVIDERS])
    found = client.prices.ages(provider=provider, region=region)
    if json_output:
        records.print_model(found)
        return 0
    rows = (
        (
            Provider(each.provider).label,
            each.region,
            each.service,
            str(each.prices),
            str(each.fetched),
            each.oldest,
            str(each.oldest_days),
            str(each.stale) if each.stale else "",
        )
        for each in found.items
    )
    columns = ("cloud", "region", "service", ">prices", ">fetched", "last seen", ">days ago", ">too old")
    records.print_table(columns, rows, "the book has no such prices")
    say(f"{found.stale} of {found.prices} prices were last seen more than {found.stale_after_days} days ago")
    return 0


def regions(client: Client, provider: str | None, listed: bool, json_output: bool) -> int:
    """`prices regions`."""
    records.known([provider] if provider else [], "--provider", [each.value for each in PROVIDERS])
    if listed:
        return _listed_regions(client, provider, json_output)
    found = list(client.catalogue.regions(provider=provider))
    if json_output:
        records.print_models(found)
        return 0
    rows = (
        (
            each.provider.label,
            each.code,
            each.name,
            each.city or NONE,
            ", ".join(f"{near.code} ({near.km:,.0f} km)" for near in each.nearest.values()) or NONE,
            "✓" if each.complete else "",
        )
        for each in found
    )
    columns = ("cloud", "region", "name", "city", "nearest of the other clouds", "every slot")
    records.print_table(columns, rows, "the book has no such regions")
    beside = [each for each in client.prices.listed_regions(provider) if not each.left_out]
    for cloud in PROVIDERS:
        codes = [each.code for each in beside if each.provider is cloud]
        if codes:
            say(f"listed by {cloud.label}, not in the book: {', '.join(codes)} (--listed tells where they are)")
    return 0


def _listed_regions(client: Client, provider: str | None, json_output: bool) -> int:
    found = client.prices.listed_regions(provider)
    if json_output:
        records.print_models(found)
        return 0
    rows = (
        (
            each.provider.label,
            each.code,
            each.name or NONE,
            each.city or NONE,
            NONE if each.north is None or each.east is None else f"{each.north:.2f}, {each.east:.2f}",
            each.left_out or "new: the book has no prices for it",
            moment(each.read_at),
        )
        for each in found
    )
    columns = ("cloud", "region", "name", "city", "north, east", "not in the book, since", "read (UTC)")
    records.print_table(columns, rows, "the lists have no regions beside the book's, or were never read as a whole")
    return 0


def books(client: Client, json_output: bool) -> int:
    """`prices books`."""
    found = list(client.prices.books(limit=_MOST))
    if json_output:
        records.print_models(found)
        return 0
    rows = (
        (str(each.number), each.date, moment(each.taken_at), str(each.changes.get("figures", 0)), each.hash[:12])
        for each in found
    )
    records.print_table((">book", "date", "taken up (UTC)", ">prices differ", "hash"), rows, "no book was taken up yet")
    return 0


def diff(client: Client, before: int, after: int, json_output: bool) -> int:
    """`prices diff` between two books that were taken up, with what it does to twins."""
    found = client.prices.book_detail(after, since=before)
    if json_output:
        records.print_model(found)
        return 0
    records.print_facts(f"book {after} instead of {before}", _counts(found))
    if changes := found.diff.get("figures", ()):
        units = {meter["id"]: meter["unit"] for meter in client.prices.meters()}
        records.print_table(
            ("meter", "regions", ">from", ">before", ">after", ">change"),
            (row for change in changes for row in _changed(change, units.get(change["meter"], "unit"))),
            "no price differs",
        )
    names = {twin.id: twin.name for twin in client.twins.list()}
    rows = (
        (
            names.get(each.twin, each.twin),
            dollars(each.before_usd),
            dollars(each.after_usd),
            dollars(each.optimum_before_usd),
            dollars(each.optimum_after_usd),
            each.problem or ", ".join(each.optimum_slots) or NONE,
        )
        for each in found.twins
    )
    columns = ("twin", ">bill before", ">after", ">cheapest before", ">after", "would be placed otherwise")
    records.print_table(columns, rows, "no bill changes")
    return 0


def _changed(change: Mapping[str, Any], unit: str) -> Iterator[tuple[str, ...]]:
    """A line for each tier that differs, priced for as many units as people read prices for."""
    regions = change["regions"]
    where = ", ".join(regions[:2]) + (f" +{len(regions) - 2}" if len(regions) > 2 else "")
    for tier in change["tiers"]:
        was, now = (NONE if usd is None else unit_price(usd, unit) for usd in (tier["before_usd"], tier["after_usd"]))
        share = NONE if tier["relative"] is None else f"{tier['relative']:+.1%}"
        yield change["meter"], where, f"{tier['start']:,.10g}", was, now, share


def _counts(book: BookDetail) -> list[tuple[str, str]]:
    named = {"figures": "prices differ", "meters_added": "meters are new", "regions_added": "regions are new"}
    return [(text, str(book.changes.get(name, 0))) for name, text in named.items()]
