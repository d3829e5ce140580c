"""What a twin used is taken down once, whatever happens to its counters, and priced as the month's sums are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.metering.month import MONTH_S
from tests.metering.placements import covering
from tests.metering.test_compare import lived
from twin2multicloud.app.db.tables.costs import UsageReading, UsageSample
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.services import usage
from twin2multicloud.app.services.prices import current
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.costing.months import month_of
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.workload import Workload
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.compare import compare
from twin2multicloud.sandbox.metering.window import Window

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def planned() -> Blueprint:
    return blueprint_of(
        Workload(devices=7, message_interval_s=700.0, message_size_bytes=1200), next(iter(covering(Relation.SAME)))
    )


@pytest.fixture(scope="module")
def book(planned: Blueprint) -> MeterBook:
    return lived(planned)


@pytest.fixture
def twin(sqlite_site: Site) -> tuple[Person, str]:
    """A twin of which there is something in a sandbox."""
    owner = sqlite_site.person("olga")
    found = owner.create_twin()["id"]
    stack = Stack(
        twin_id=found,
        target="sandbox",
        name="sandbox",
        slot="L2",
        site="aws",
        fingerprint="f",
        whole=True,
        applied_at=AT,
    )
    with sqlite_site.backend.database.write() as session:
        session.add(stack)
    return owner, found


def part(planned: Blueprint, book: MeterBook, share: float) -> usage.Reading:
    """A reading after a share of the month that was lived: counters grow evenly."""
    some = MeterBook()
    some.merge({key: amount * share for key, amount in book.amounts().items()})
    return usage.Reading(Window(some, MONTH_S * share), planned, SLOTS)


def sums(site: Site, twin: str) -> dict[str, float]:
    found: dict[str, float] = {}
    with site.backend.database.read() as session:
        for row in session.query(UsageSample).where(UsageSample.twin_id == twin):
            found[row.meter] = found.get(row.meter, 0.0) + row.quantity
    return found


def test_parts_add_up_to_the_whole(
    sqlite_site: Site, twin: tuple[Person, str], planned: Blueprint, book: MeterBook
) -> None:
    backend, (_, name) = sqlite_site.backend, twin
    for share in (0.1, 0.25, 0.5):
        at = AT + timedelta(seconds=MONTH_S * share)
        usage.take_down(backend, name, "sandbox", part(planned, book, share), at)
        usage.take_down(backend, name, "sandbox", part(planned, book, share), at)  # nothing is counted twice
    whole = compare(planned, book, MONTH_S, current(backend).prices)
    counted = {row.meter: row.usage.metered for row in whole.rows if row.meter.endswith("requests")}
    found = sums(sqlite_site, name)
    assert counted
    assert {meter: found[meter] for meter in counted} == pytest.approx({m: each / 2 for m, each in counted.items()})


def test_counters_that_begin_anew_lose_nothing(
    sqlite_site: Site, twin: tuple[Person, str], planned: Blueprint, book: MeterBook
) -> None:
    backend, (_, name) = sqlite_site.backend, twin
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.2), AT)
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.1), AT + timedelta(days=3))
    requests = next(
        row
        for row in compare(planned, book, MONTH_S, current(backend).prices).rows
        if row.meter == "aws.lambda.requests"
    )
    assert sums(sqlite_site, name)["aws.lambda.requests"] == pytest.approx(requests.usage.metered * 0.3)


def test_an_older_reading_changes_nothing(
    sqlite_site: Site, twin: tuple[Person, str], planned: Blueprint, book: MeterBook
) -> None:
    backend, (_, name) = sqlite_site.backend, twin
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.2), AT)
    before = sums(sqlite_site, name)
    with backend.database.read() as session:
        reading = session.get_one(UsageReading, (name, "sandbox"))
        assert reading.at == AT
        kept = json.dumps(reading.counters)
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.2), AT - timedelta(hours=1))
    assert sums(sqlite_site, name) == before
    with backend.database.read() as session:
        assert json.dumps(session.get_one(UsageReading, (name, "sandbox")).counters) == kept


def test_what_is_older_than_a_year_and_a_month_is_forgotten(
    sqlite_site: Site, twin: tuple[Person, str], planned: Blueprint, book: MeterBook
) -> None:
    backend, (owner, name) = sqlite_site.backend, twin
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.1), AT)
    month = month_of(AT)
    with backend.database.read() as session:
        assert usage.kept(session, name, "sandbox", month)
    later = AT + timedelta(days=460)
    usage.take_down(backend, name, "sandbox", part(planned, book, 0.11), later)
    with backend.database.read() as session:
        assert not usage.kept(session, name, "sandbox", month)
    told: Any = owner.get(f"twins/{name}/costs/history", params={"period": f"{later:%Y-%m}"})
    assert [day["day"][:10] for day in told["days"]]
    assert all(day["usd_billed"] is None for day in told["days"])


def test_of_a_twin_that_is_gone_nothing_is_kept(sqlite_site: Site, planned: Blueprint, book: MeterBook) -> None:
    name = sqlite_site.person("olga").create_twin()["id"]
    usage.take_down(sqlite_site.backend, name, "sandbox", part(planned, book, 0.1), AT)
    assert not sums(sqlite_site, name)
