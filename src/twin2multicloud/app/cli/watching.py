"""What `twins devices`, `history`, `rules`, `graph` and `costs` do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, dollars, moment, print_model, print_table
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.costs import CostMeter
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import (
    DeviceOrder,
    DevicePage,
    DeviceValue,
    GraphPage,
    GraphProperty,
    HistorySeries,
    TwinRule,
    Watched,
)

_PART: Final = 200
_MOST_VALUES: Final = 4
PageT = TypeVar("PageT", DevicePage, GraphPage)


@dataclass(frozen=True)
class Chosen:
    """Which devices or twins are listed: at most `limit`."""

    search: str
    type: str
    limit: int
    target: Target
    json_output: bool


def _gathered(ask: Callable[[str | None, int], PageT], limit: int) -> PageT:
    """So many of what comes in parts, in the last part's answer; `ask` takes where to go on, and how many at most."""
    part = ask(None, min(limit, _PART))
    found = list(part.items)
    while part.next is not None and len(found) < limit:
        part = ask(part.next, min(limit - len(found), _PART))
        found += part.items
    return part.model_copy(update={"items": found})


def devices(client: Client, wanted: str, chosen: Chosen, sort: DeviceOrder) -> int:
    """`twins devices`."""
    twin = client.twins.find(wanted)
    part = _gathered(
        lambda cursor, limit: client.watching.devices(
            twin,
            target=chosen.target,
            search=chosen.search,
            type=chosen.type,
            sort=sort,
            cursor=cursor,
            limit=limit,
        ),
        chosen.limit,
    )
    if chosen.json_output:
        print_model(part)
        return 0
    print_table(
        ("device", "type", "last seen", ">age", "connected", ">messages", "values"),
        (
            (
                each.id,
                each.type,
                moment(each.last_seen),
                _age(each.age_s),
                {True: "yes", False: "no", None: NONE}[each.connected],
                NONE if each.messages is None else f"{each.messages:,}",
                _values(each.values),
            )
            for each in part.items
        ),
        "no devices",
    )
    _more(part)
    return 0


def history(
    client: Client, wanted: str, device: str, fields: Sequence[str], seconds: float, points: int, json_output: bool
) -> int:
    """`twins history`: a line for each point, with every field's mean, or last value where it is no number."""
    twin = client.twins.find(wanted)
    found = client.watching.history(twin, device, fields=fields, seconds=seconds, points=points)
    if json_output:
        print_model(found)
        return 0
    rows: dict[datetime, dict[str, str]] = {}
    for series in found.series:
        for point in series.points:
            rows.setdefault(point.at, {})[series.field] = _number(point.mean, point.last)
    print_table(
        ("time (UTC)", *(f">{_heading(series)}" for series in found.series)),
        ((moment(at), *(row.get(series.field, NONE) for series in found.series)) for at, row in sorted(rows.items())),
        "nothing was measured then",
    )
    _told(found)
    if not found.complete:
        say(f"of more than 50,000 records {found.records:,} were read, spread evenly; ask for less time to see all")
    return 0


def rules(client: Client, wanted: str, json_output: bool) -> int:
    """`twins rules`."""
    found = client.watching.rules(client.twins.find(wanted))
    if json_output:
        print_model(found)
        return 0
    print_table(
        ("rule", "on", "when", "severity", "does", ">fired", "last", "now"),
        (_rule(each) for each in found.rules),
        "no rules",
    )
    _told(found)
    return 0


def graph(client: Client, wanted: str, chosen: Chosen, of: str, roots: bool) -> int:
    """`twins graph`."""
    twin = client.twins.find(wanted)
    part = _gathered(
        lambda cursor, limit: client.watching.graph(
            twin,
            target=chosen.target,
            search=chosen.search,
            type=chosen.type,
            of=of,
            roots=roots,
            cursor=cursor,
            limit=limit,
        ),
        chosen.limit,
    )
    if chosen.json_output:
        print_model(part)
        return 0
    print_table(
        ("twin", "type", "from", ">leads to", "properties"),
        (
            (
                each.id,
                each.type,
                ", ".join(f"{edge.twin} ({edge.name})" for edge in each.incoming[:2]) or NONE,
                f"{each.outgoing_count:,}",
                _values(each.properties),
            )
            for each in part.items
        ),
        "no twins",
    )
    _more(part)
    return 0


def costs(client: Client, wanted: str, target: Target, json_output: bool) -> int:
    """`twins costs`."""
    found = client.watching.costs(client.twins.find(wanted), target)
    if json_output:
        print_model(found)
        return 0
    print_table(
        ("cloud", "meter", "region", ">quantity", "unit", ">USD / unit", ">predicted", ">metered", ">to date",
         ">by its end", "verdict"),
        (_meter(each) for each in found.meters if each.usd_predicted or each.usd_metered),
        "no meters",
    )  # fmt: skip
    apart = [each for each in found.meters if each.metered is None and each.usd_predicted]
    if apart:
        say("predicted, but not metered, and in no sum of what was metered:")
        for each in sorted(apart, key=lambda each: -each.usd_predicted):
            say(f"  {each.meter} ({each.region}), {dollars(each.usd_predicted)} / month: {each.note}")
    say(f"predicted {dollars(found.usd_predicted)} / month; metered {dollars(found.usd_metered)} / month so far")
    if found.month is not None:
        to_date, in_all = dollars(found.month.usd_to_date), dollars(found.month.usd_forecast)
        say(f"{found.month.begins:%B %Y}: {to_date} to date, {in_all} by its end (estimate)")
    if found.billed is not None:
        beside = f", of it {dollars(found.billed_unmapped)} that no meter is for" if found.billed_unmapped else ""
        say(f"billed: {dollars(found.billed)} in {found.billed_period}{beside}")
    else:
        say(f"billed: {found.billed_problem}")
    _told(found)
    return 0


def cost_history(client: Client, wanted: str, target: Target, period: str | None, json_output: bool) -> int:
    """`costs history`."""
    found = client.watching.cost_history(client.twins.find(wanted), target, period)
    if json_output:
        print_model(found)
        return 0
    print_table(
        ("day (UTC)", ">metered", ">hours metered", ">billed"),
        (
            (
                f"{each.day:%Y-%m-%d}",
                dollars(each.usd_metered),
                f"{each.metered_s / 3600:.1f}",
                dollars(each.usd_billed),
            )
            for each in found.days
        ),
        f"nothing is known of {found.period}",
    )
    metered = sum(each.usd_metered or 0.0 for each in found.days)
    say(f"{found.period}: {dollars(metered)} metered")
    _told(found)
    return 0


def _meter(each: CostMeter) -> tuple[str, ...]:
    usd = (each.usd_predicted, each.usd_metered, each.usd_to_date, each.usd_forecast)
    unit = NONE if each.usd_per_unit is None else f"{each.usd_per_unit:.4g}"
    quantity = NONE if each.to_date is None else f"{each.to_date:,.4g}"
    amounts = (NONE if amount is None else dollars(amount) for amount in usd)
    return (each.cloud, each.meter, each.region, quantity, each.unit, unit, *amounts, each.verdict)


def _rule(rule: TwinRule) -> tuple[str, ...]:
    held = f" for {rule.for_s:g} s" if rule.for_s else ""
    now = NONE if rule.active is None else f"holds for {rule.active_count:,}" if rule.active else "quiet"
    fired = NONE if rule.fired is None else f"{rule.fired:,}"
    does = "; ".join(rule.actions)
    on = rule.device_type if not rule.device_count else f"{rule.device_count:,} of {rule.device_type}"
    return (rule.name, on, f"{rule.when}{held}", rule.severity, does, fired, moment(rule.last_fired_at), now)


def _values(values: Mapping[str, DeviceValue] | Mapping[str, GraphProperty]) -> str:
    told = [f"{name} {_number(None, each.value)} {each.unit}".rstrip() for name, each in values.items()]
    return ", ".join(told[:_MOST_VALUES]) + (" …" if len(told) > _MOST_VALUES else "") or NONE


def _number(mean: float | None, last: Any) -> str:
    shown = last if mean is None or isinstance(last, bool) else mean
    return f"{shown:g}" if isinstance(shown, float) else str(shown)[:60]


def _heading(series: HistorySeries) -> str:
    return f"{series.field} ({series.unit})" if series.unit else series.field


def _age(seconds: float | None) -> str:
    return NONE if seconds is None else f"{seconds:,.0f} s"


def _more(part: DevicePage | GraphPage) -> None:
    if part.next is not None:
        say(f"these are the first {len(part.items):,}; there are more (--limit)")
    _told(part)


def _told(found: Watched) -> None:
    if found.problem:
        say(f"as defined, without live values: {found.problem}" if not found.live else found.problem)


def fields_of(given: Iterable[str]) -> list[str]:
    """Fields that were given one by one or with commas."""
    return [field for each in given for field in each.split(",") if field]
