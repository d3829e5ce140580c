"""What twins in clouds use is kept hour by hour, replaced when it comes late, and told where it cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import HOLDER, state, store
from tests.app.runners import place
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Told
from twin2multicloud.app.db.tables.costs import UsageReading, UsageSample
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.monitoring.cloud_metering import CloudUsageTaker
from twin2multicloud.app.services import cloud_costs, cloud_usage
from twin2multicloud.costing.clouds import HOUR, Point, Query
from twin2multicloud.deployer.deployment import Site as Place
from twin2multicloud.deployer.state.records import LockRequest

HOURS_S = 3_600.0
PLACE = "aws/eu-central-1"
STACK = "foundation-aws-eu-central-1"
FUNCTION = {"function_name": "t-k3x9f-process", "memory_size": 512, "architectures": ["arm64"]}


@dataclass
class Cloud:
    """Metrics of a cloud: a value for each full hour, by metric, and why it tells nothing."""

    values: dict[str, float] = field(default_factory=dict)
    away: str = ""
    lacks: tuple[str, ...] = ()
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def ask(self, queries: Sequence[Query], begins: datetime, ends: datetime) -> Told:
        if self.away:
            raise SourceError(self.away)
        self.asked.append((begins, ends))
        hours = [begins + HOUR * number for number in range(int((ends - begins) / HOUR))]
        told = Told()
        for number, query in enumerate(queries):
            if query.source.metric in self.lacks:
                told.gaps[number] = "no such metric"
            else:
                told.points[number] = [Point(hour, self.values.get(query.source.metric, 0.0)) for hour in hours]
        return told

    @contextmanager
    def __call__(self, _site: Place) -> Iterator[Cloud]:
        yield self


@pytest.fixture
def twin(sqlite_site: Site, person: Person) -> str:
    """A twin with a function and a stream on AWS."""
    found: str = person.create_twin()["id"]
    row = Stack(
        twin_id=found, target="clouds", name=STACK, slot="", site=PLACE, fingerprint="x", whole=True,
        applied_at=sqlite_site.backend.now(),
    )  # fmt: skip
    with sqlite_site.backend.database.write() as session:
        session.add(row)
    resources = [
        {"mode": "managed", "type": kind, "name": "this", "instances": [{"attributes": attributes}]}
        for kind, attributes in (
            ("aws_lambda_function", FUNCTION),
            ("aws_kinesis_stream", {"name": "t-intake"}),
            ("aws_iot_topic_rule", {"name": "t_telemetry", "description": "Twin2MultiCloud: telemetry of devices"}),
            ("aws_iot_topic_rule", {"name": "t_lost", "description": "Twin2MultiCloud: lost of devices"}),
        )
    ]
    states = store(sqlite_site, found, "clouds")
    states.lock(STACK, LockRequest("saving"), HOLDER)
    content = json.dumps({**json.loads(state(1)), "resources": resources}).encode()
    states.write(STACK, content, lock_id="saving", holder=HOLDER)
    states.unlock(STACK, "saving")
    return found


@pytest.fixture
def person(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


def kept(site: Site, meter: str) -> dict[datetime, float]:
    with site.backend.database.read() as session:
        rows = session.query(UsageSample).filter_by(meter=meter).order_by(UsageSample.hour).all()
        return {row.hour: row.quantity for row in rows}


def alert(person: Person) -> Any:
    return {each["kind"]: each for each in person.get("alerts")["items"]}.get("metering")


def test_full_hours_once_each_and_late_ones_anew(sqlite_site: Site, person: Person, twin: str) -> None:
    begins = sqlite_site.backend.now()
    cloud = Cloud({"Invocations": 100.0, "Duration": 4_000.0})
    sqlite_site.clock.pass_by(3 * HOURS_S + 900)
    for _ in range(2):
        cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    hours = [begins + HOUR * number for number in range(3)]
    assert kept(sqlite_site, "aws.lambda.requests") == dict.fromkeys(hours, 100.0)
    assert kept(sqlite_site, "aws.lambda.duration-arm64") == dict.fromkeys(hours, 2.0)
    assert kept(sqlite_site, "aws.kinesis.stream-hours") == dict.fromkeys(hours, 1.0)
    cloud.values["Invocations"] = 130.0
    sqlite_site.clock.pass_by(HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    assert kept(sqlite_site, "aws.lambda.requests") == dict.fromkeys([*hours, begins + 3 * HOUR], 130.0)
    costs = person.get(f"twins/{twin}/costs?target=clouds")
    assert costs["month"]["counted_s"] == 4 * HOURS_S
    assert costs["month"]["usd_to_date"] > 0
    assert alert(person) is None


def test_an_hour_is_read_some_minutes_after_its_end(sqlite_site: Site, twin: str) -> None:
    now = sqlite_site.backend.now()
    assert cloud_usage.last_hour(now.replace(minute=9)) == now - HOUR
    assert cloud_usage.last_hour(now.replace(minute=10)) == now


def test_after_an_outage_it_is_read_from_where_that_was(sqlite_site: Site, person: Person, twin: str) -> None:
    begins, cloud = sqlite_site.backend.now(), Cloud({"Invocations": 5.0})
    sqlite_site.clock.pass_by(3 * HOURS_S + 900)
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    cloud.away = "CloudWatch refuses: AccessDenied"
    sqlite_site.clock.pass_by(80 * HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    assert "AccessDenied" in alert(person)["message"]
    assert len(kept(sqlite_site, "aws.lambda.requests")) == 3
    cloud.away = ""
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    assert len(kept(sqlite_site, "aws.lambda.requests")) == 83
    assert cloud.asked[-1] == (begins, begins + 83 * HOUR)
    assert alert(person)["over"]
    sqlite_site.clock.pass_by(HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    assert cloud.asked[-1][1] - cloud.asked[-1][0] == cloud_usage.AGAIN + HOUR, "two days again"


def test_what_a_cloud_does_not_tell_is_told_and_the_rest_kept(sqlite_site: Site, person: Person, twin: str) -> None:
    cloud = Cloud({"Invocations": 5.0}, lacks=("Duration",))
    sqlite_site.clock.pass_by(2 * HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, cloud)
    assert "aws.lambda.duration-arm64 (Duration: no such metric)" in alert(person)["message"]
    assert kept(sqlite_site, "aws.lambda.requests")


def test_a_metric_that_fails_later_leaves_what_was_read_of_it(sqlite_site: Site, person: Person, twin: str) -> None:
    sqlite_site.clock.pass_by(2 * HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, Cloud({"Invocations": 5.0, "Duration": 4_000.0}))
    before = kept(sqlite_site, "aws.lambda.duration-arm64")
    sqlite_site.clock.pass_by(HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, Cloud({"Invocations": 5.0}, lacks=("Duration",)))
    assert before
    assert kept(sqlite_site, "aws.lambda.duration-arm64") == before
    assert len(kept(sqlite_site, "aws.lambda.requests")) == len(before) + 1


def test_an_hour_is_asked_for_once(sqlite_site: Site, twin: str) -> None:
    cloud = Cloud()
    taker = CloudUsageTaker(sqlite_site.backend, lambda backend, each: cloud_usage.take_down(backend, each, cloud))
    sqlite_site.clock.pass_by(2 * HOURS_S)
    assert not taker.is_due(twin, "sandbox")
    assert taker.is_due(twin, "clouds")
    taker.attend(twin, "clouds")
    assert not taker.is_due(twin, "clouds")
    for _ in range(4):
        sqlite_site.clock.pass_by(900)
        assert taker.is_due(twin, "clouds")
        taker.attend(twin, "clouds")
    assert [(ends - begins) / HOUR for begins, ends in cloud.asked] == [1, 2]


def test_without_a_connection_it_is_told_once(sqlite_site: Site, person: Person, twin: str) -> None:
    sqlite_site.clock.pass_by(2 * HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin)
    assert "connection" in alert(person)["message"]
    with sqlite_site.backend.database.read() as session:
        assert session.get(UsageReading, (twin, "clouds")) is None


def test_validation_has_what_was_metered(sqlite_site: Site, person: Person, twin: str) -> None:
    place(sqlite_site, twin)
    sqlite_site.clock.pass_by(5 * HOURS_S)
    assert sqlite_site.backend.now().tzinfo is UTC
    cloud_usage.take_down(sqlite_site.backend, twin, Cloud({"Invocations": 1_000.0}))
    found = person.get(f"twins/{twin}/validation?target=clouds")
    told = {each["meter"]: each for each in found["meters"]}
    assert float(told["aws.lambda.requests"]["metered"]) == pytest.approx(730_000.0)
    assert found["metered_s"] == timedelta(hours=4).total_seconds()


def test_costs_are_told_meter_by_meter_and_what_nothing_meters_apart(
    sqlite_site: Site, person: Person, twin: str
) -> None:
    place(sqlite_site, twin)
    unread = person.get(f"twins/{twin}/costs?target=clouds")
    assert unread["usd_metered"] is None
    assert "not read from its clouds yet" in unread["problem"]
    assert {each["verdict"] for each in unread["meters"]} == {"not metered"}
    sqlite_site.clock.pass_by(5 * HOURS_S)
    cloud_usage.take_down(sqlite_site.backend, twin, Cloud({"Invocations": 1_000_000.0}))
    costs = person.get(f"twins/{twin}/costs?target=clouds")
    meters = {each["meter"]: each for each in costs["meters"]}
    requests = meters["aws.lambda.requests"]
    assert (requests["to_date"], requests["metered"]) == (pytest.approx(4e6), pytest.approx(730e6))
    # Three millions of the four are not free, at 0.20 USD a million.
    assert requests["usd_to_date"] == pytest.approx(0.6)
    assert requests["usd_per_unit"] == pytest.approx(requests["usd_metered"] / 730e6)
    assert requests["usd_forecast"] > requests["usd_to_date"]
    assert requests["verdict"] == "deviates"
    minutes = meters["aws.iot-core.connectivity"]
    assert (minutes["metered"], minutes["usd_to_date"], minutes["verdict"]) == (None, None, "not metered")
    assert minutes["note"] == "not metered by AWS: IoT Core tells minutes of connections for the whole account"
    assert minutes["usd_predicted"] > 0
    # What is metered adds up without what is not, and what is not stands beside it.
    known = [each for each in costs["meters"] if each["metered"] is not None]
    assert costs["usd_metered"] == pytest.approx(sum(each["usd_metered"] for each in known))
    assert costs["month"]["usd_to_date"] == pytest.approx(sum(each["usd_to_date"] for each in known))
    assert costs["month"]["usd_forecast"] == pytest.approx(sum(each["usd_forecast"] for each in known))
    apart = sum(each["usd_predicted"] for each in costs["meters"] if each["metered"] is None)
    assert costs["usd_not_metered"] == pytest.approx(apart)
    assert costs["usd_predicted"] == pytest.approx(sum(each["usd_predicted"] for each in costs["meters"]))
    assert costs["metered_until"] == "2026-11-26T12:00:00Z"


def test_validation_tells_the_workload_that_was_from_formulas(sqlite_site: Site, person: Person, twin: str) -> None:
    place(sqlite_site, twin)
    with sqlite_site.backend.database.read() as session:
        plan = cloud_costs.planned(session, session.get_one(Twin, twin))
    assert plan is not None
    hourly = plan.by_edge["telemetry"].messages / 730
    sqlite_site.clock.pass_by(5 * HOURS_S)
    # Twice as many messages as were planned; and both rules matched each, while formulas know of one.
    cloud_usage.take_down(sqlite_site.backend, twin, Cloud({"TopicMatch": 2 * hourly}))
    found = person.get(f"twins/{twin}/validation?target=clouds")
    told = {each["meter"]: each for each in found["meters"]}
    rules = told["aws.iot-core.rules-triggered"]
    predicted, metered = float(rules["usd_predicted"]), float(rules["usd_metered"])
    assert metered == pytest.approx(4 * predicted, rel=1e-3)
    effects = {cause: float(amount) for cause, amount in rules["effects"].items()}
    assert sum(effects.values()) == pytest.approx(3 * predicted, rel=1e-3)
    # Of two doublings each has the mean over both orders: (1 + 2) / 2.
    assert effects == pytest.approx({"workload": 1.5 * predicted, "formula": 1.5 * predicted}, rel=1e-3)
    assert "formula" not in told["aws.dynamodb.write-units"]["effects"], "there was no occasion for it"
    assert not any("not observed" in each for each in found["problems"])


def test_without_counts_no_formula_is_blamed(sqlite_site: Site, person: Person, twin: str) -> None:
    place(sqlite_site, twin)
    sqlite_site.clock.pass_by(5 * HOURS_S)
    cloud_usage.take_down(
        sqlite_site.backend, twin, Cloud({"Invocations": 9e6, "Duration": 9e9}, lacks=("TopicMatch",))
    )
    assert "messages (TopicMatch: no such metric)" in alert(person)["message"]
    found = person.get(f"twins/{twin}/validation?target=clouds")
    assert any(each.startswith("workload not observed (AWS told of no messages yet)") for each in found["problems"])
    assert set(found["effects"]) == {"quantity"}
