"""What running twins use, taken down hour by hour: from counters that only grow, and begin anew now and then."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import UsageReading, UsageSample
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.services.metering import Snapshots
from twin2multicloud.app.services.prices import current
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Month, Used, spread
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.workload import SECONDS_PER_MONTH
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.compare import compare
from twin2multicloud.sandbox.metering.window import LEVELS, Window

KEPT: Final = timedelta(days=400)
"""Of the twin's time: a year and a month, so that months can be compared with those of a year ago."""


@dataclass(frozen=True)
class Reading:
    """What a twin's counters say, and the plan that they are of."""

    window: Window
    blueprint: Blueprint
    slots: Sequence[Slot]


def read(client: SandboxClient, snapshots: Snapshots | None = None) -> Reading:
    """Read a sandbox's counters, or `snapshots` of them. Raises what the client raises."""
    snapshots = client.meters() if snapshots is None else snapshots
    return Reading(Window.until_now(snapshots), client.blueprint, client.built)


def since(reading: Reading, at: datetime, before: UsageReading | None, prices: PriceBook) -> list[Used]:
    """What was used since the reading before until one `at` a moment of the twin's time, in the meters' units; since
    the counters began where there was none, or where they have begun anew since.

    Raises `PriceError` where the book lacks a price.
    """
    window = reading.window
    earlier = None if before is None else _window(before)
    if earlier is not None and not _anew(window, earlier):
        window = window.since(earlier)
    if window.elapsed_s <= 0:
        return []
    month = compare(reading.blueprint, window.book, window.elapsed_s, prices, slots=reading.slots)
    quantities: dict[MeterKey, float] = defaultdict(float)
    for row in month.rows:
        quantities[row.meter, row.region] += row.usage.metered * window.elapsed_s / SECONDS_PER_MONTH
    return spread(at, window.elapsed_s, {key: each for key, each in quantities.items() if each > 0})


def take_down(backend: Backend, twin_id: str, target: str, reading: Reading, at: datetime) -> None:
    """Keep what was used since the reading before, and the reading, which is of a moment `at` of the twin's time. Of a
    twin that is no longer there: nothing.
    """
    prices = current(backend).prices
    with backend.database.write() as session:
        backend.database.take_turns(session, f"usage/{twin_id}")
        there = select(Stack.twin_id).where(Stack.twin_id == twin_id, Stack.target == target).limit(1)
        if session.scalar(there) is None:
            return
        row = session.get(UsageReading, (twin_id, target))
        if row is not None and at < row.at and not _anew(reading.window, _window(row)):
            return  # another one was faster
        for each in since(reading, at, row, prices):
            _add(session, twin_id, target, each)
        if row is None:
            row = UsageReading(twin_id=twin_id, target=target)
            session.add(row)
        row.at, row.elapsed_s = at, reading.window.elapsed_s
        row.counters = json.loads(reading.window.book.snapshot())
        session.execute(
            delete(UsageSample).where(
                UsageSample.twin_id == twin_id, UsageSample.target == target, UsageSample.hour < at - KEPT
            )
        )


def kept(session: Session, twin_id: str, target: str, month: Month) -> list[Used]:
    """What was taken down of a month, hour by hour."""
    rows = session.scalars(
        select(UsageSample)
        .where(
            UsageSample.twin_id == twin_id,
            UsageSample.target == target,
            UsageSample.hour >= month.begins,
            UsageSample.hour < month.ends,
        )
        .order_by(UsageSample.hour)
    )
    return [Used(row.hour, (row.meter, row.region), row.quantity, row.seconds) for row in rows]


def reading_of(session: Session, twin_id: str, target: str) -> UsageReading | None:
    """The reading that was taken down last."""
    return session.get(UsageReading, (twin_id, target))


def together(*parts: Sequence[Used]) -> list[Used]:
    """Parts of usage as one: those of the same hour and meter added up."""
    sums: dict[tuple[datetime, MeterKey], Used] = {}
    for each in (each for part in parts for each in part):
        key = (each.at, each.key)
        old = sums.get(key)
        sums[key] = (
            each if old is None else Used(each.at, each.key, old.quantity + each.quantity, old.seconds + each.seconds)
        )
    return list(sums.values())


def _add(session: Session, twin_id: str, target: str, each: Used) -> None:
    key = (twin_id, target, each.at, *each.key)
    row = session.get(UsageSample, key)
    if row is None:
        session.add(
            UsageSample(
                twin_id=twin_id,
                target=target,
                hour=each.at,
                meter=each.key[0],
                region=each.key[1],
                quantity=each.quantity,
                seconds=each.seconds,
            )
        )
        return
    row.quantity += each.quantity
    row.seconds += each.seconds


def _window(row: UsageReading) -> Window:
    book = MeterBook()
    book.restore(json.dumps(row.counters))
    return Window(book, row.elapsed_s)


def _anew(window: Window, earlier: Window) -> bool:
    """Whether counters have begun anew: one that only grows has become less."""
    if window.elapsed_s < earlier.elapsed_s:
        return True
    now: Mapping[Any, float] = window.book.amounts()
    return any(
        now.get(key, 0.0) < amount - 1e-6 * abs(amount)
        for key, amount in earlier.book.amounts().items()
        if key[0] not in LEVELS
    )
