"""What clouds' own metrics tell of a twin's meters: which are asked for, and usage hour by hour from the answers.

A source says which metric of which kind of resource gives a meter's quantity (`data/metrics/*.toml`), or counts what
devices did (`MESSAGES`). Answers are of
full hours; what is told once a day (`days`) is a level that holds until the next is told. Answers that come late
replace what was thought before: whoever keeps usage asks again for the hours that may still change.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Used
from twin2multicloud.costing.selectors import DATA
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.workload import SECONDS_PER_MONTH

HOUR: Final = timedelta(hours=1)
HELD: Final = timedelta(days=4)
"""So long what is told once a day holds; S3 and Cloud Storage tell a day's size up to two days later."""
MESSAGES: Final = "messages"
"""What is counted of a workload: messages of devices."""
_HOUR_S: Final = 3_600.0
_LASTS: Final[Mapping[str, float]] = {"hour": 1.0, "month": _HOUR_S / SECONDS_PER_MONTH}


@dataclass(frozen=True)
class Source:
    """A metric that gives a meter's quantity; see `data/metrics/aws.toml` for what each field says."""

    meter: str
    of: str
    metric: str = ""
    namespace: str = ""
    statistic: str = ""
    suffix: str = ""
    only: str = ""
    by: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    times: str = ""
    per_unit: float = 1.0
    over: Literal["", "hour", "month"] = ""
    days: bool = False
    take: Literal["value", "count"] = "value"
    rounding: str = ""
    unconfirmed: str = ""


@dataclass(frozen=True)
class Sources:
    """How a cloud's meters are metered; `not_metered` says why others are not. `counts` tell what devices did: their
    `meter` is what is counted.
    """

    provider: Provider
    sources: tuple[Source, ...]
    not_metered: Mapping[str, str]
    counts: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Resource:
    """Something that is deployed, as Terraform's state tells it."""

    kind: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """What is asked of a cloud: a source's metric of one resource. `of` are dimensions or labels, `id` the resource's,
    `project` that of Google Cloud. A value of an answer times `factor` is in the meter's unit.
    """

    source: Source
    key: MeterKey
    of: Mapping[str, str]
    id: str
    project: str
    factor: float


@dataclass(frozen=True)
class Point:
    """What a metric told of the hour, or the day, that begins then."""

    at: datetime
    value: float


@cache
def sources_of(provider: Provider) -> Sources:
    """What the package knows of a cloud's metrics."""
    data = tomllib.loads((DATA / "metrics" / f"{provider.value}.toml").read_text("utf-8"))
    sources, counts = (tuple(Source(**each) for each in data[kind]) for kind in ("sources", "counts"))
    return Sources(provider, sources, data["not_metered"], counts)


def metered_meters(provider: Provider) -> frozenset[str]:
    """The meters of a cloud that its metrics tell."""
    return frozenset(source.meter for source in sources_of(provider).sources)


def stored_meters(provider: Provider) -> frozenset[str]:
    """The meters of a cloud whose metric tells how much is kept: less than its formula says until retention is over."""
    return frozenset(each.meter for each in sources_of(provider).sources if each.metric and each.over == "month")


def queries_of(provider: Provider, region: str, resources: Iterable[Resource]) -> list[Query]:
    """What is to be asked about resources at a site. Those that count by existing are among it, without a metric."""
    return _queries(sources_of(provider).sources, region, resources)


def counts_of(provider: Provider, region: str, resources: Iterable[Resource]) -> list[Query]:
    """What is to be asked to know what devices did; their `key` names what is counted instead of a meter."""
    return _queries(sources_of(provider).counts, region, resources)


def _queries(sources: Sequence[Source], region: str, resources: Iterable[Resource]) -> list[Query]:
    found = []
    for resource in resources:
        for source in sources:
            if source.of != resource.kind:
                continue
            if any(_attribute(resource, path) != wanted for path, wanted in source.where.items()):
                continue
            times = _number(_attribute(resource, source.times)) if source.times else 1.0
            of = {name: _text(resource, given) for name, given in source.by.items()}
            if times is None or not all(of.values()):
                continue  # it has none of this, such as the throughput of a serverless container
            found.append(
                Query(
                    source,
                    (source.meter, region),
                    of,
                    _text(resource, "id") + source.suffix,
                    _text(resource, "project"),
                    times / source.per_unit * _LASTS.get(source.over, 1.0),
                )
            )
    return found


def begins_to_ask(query: Query, begins: datetime) -> datetime:
    """From when a metric is asked for so that hours from `begins` on are known."""
    return (begins - HELD).replace(hour=0) if query.source.days else begins


def used_of(query: Query, points: Sequence[Point], begins: datetime, ends: datetime) -> list[Used]:
    """Usage of the full hours from `begins` until `ends`, in the meter's unit; hours without any are left out."""
    hours = [begins + HOUR * number for number in range(int((ends - begins) / HOUR))]
    if not query.source.metric:
        values = dict.fromkeys(hours, 1.0)
    elif query.source.days:
        told = sorted(points, key=lambda point: point.at)
        values = {}
        for hour in hours:
            last = max((point for point in told if point.at <= hour), key=lambda point: point.at, default=None)
            if last is not None and hour - last.at <= HELD:
                values[hour] = last.value
    else:
        values = dict.fromkeys(hours, 0.0)
        for point in points:
            if point.at in values:
                values[point.at] += point.value
    return [Used(hour, query.key, value * query.factor, _HOUR_S) for hour, value in values.items() if value > 0]


def added_up(parts: Iterable[Sequence[Used]], begins: datetime, ends: datetime, nothing: MeterKey) -> list[Used]:
    """Usage of several queries as one. Hours in which nothing was used are told as none of the meter `nothing`, so that
    they count as metered.
    """
    sums: dict[tuple[datetime, MeterKey], float] = {}
    for each in (each for part in parts for each in part):
        sums[each.at, each.key] = sums.get((each.at, each.key), 0.0) + each.quantity
    busy = {at for at, _ in sums}
    for number in range(int((ends - begins) / HOUR)):
        if (hour := begins + HOUR * number) not in busy:
            sums[hour, nothing] = 0.0
    return [Used(at, key, quantity, _HOUR_S) for (at, key), quantity in sums.items()]


def counted(told: Iterable[tuple[Query, Sequence[Point]]], begins: datetime, ends: datetime) -> list[Used]:
    """What devices did in the full hours from `begins` until `ends`, by what was counted and region. An hour in which
    they did nothing is one, too, if it was asked for.
    """
    sums: dict[tuple[datetime, MeterKey], float] = {}
    for query, points in told:
        for number in range(int((ends - begins) / HOUR)):
            sums.setdefault((begins + HOUR * number, query.key), 0.0)
        for each in used_of(query, points, begins, ends):
            sums[each.at, each.key] += each.quantity
    return [Used(at, key, quantity, _HOUR_S) for (at, key), quantity in sums.items()]


def _attribute(resource: Resource, path: str) -> Any:
    found: Any = resource.attributes
    for part in path.split("."):
        if isinstance(found, list):
            found = found[int(part)] if len(found) > int(part) else None
        elif isinstance(found, Mapping):
            found = found.get(part)
        else:
            return None
    return found


def _text(resource: Resource, given: str) -> str:
    if given.startswith("="):
        return given[1:]
    found = _attribute(resource, given)
    return found if isinstance(found, str) else ""


def _number(found: Any) -> float | None:
    try:
        return float(found)
    except (TypeError, ValueError):
        return None
