"""Checks: what they find, and what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import START, Person, Site, site
from tests.app.runners import FakeTarget, place, work_off
from tests.patience import PATIENCE_S
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.app.db.tables import HealthHour, Stack
from twin2multicloud.app.monitoring import checks
from twin2multicloud.app.monitoring.examining import Checker, SandboxExaminer
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.services.housekeeping import tidy
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.app.settings import CheckLimits
from twin2multicloud.sandbox.status import (
    ClockStatus,
    CloudStatus,
    FunctionStatus,
    GatewayStatus,
    GraphStatus,
    QueueStatus,
    StoreStatus,
)

LIMITS = CheckLimits()


def cloud(**more: Any) -> CloudStatus:
    return CloudStatus("aws", "up", 1_000.0, clock=ClockStatus(10_000.0), **more)


# ── What is found ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_queue_is_late_when_its_oldest_waits_too_long() -> None:
    there = cloud(queues=(QueueStatus("intake", 7, 61.0), QueueStatus("alerts", 3, 2.0)))
    found = {each.subject: each for each in checks.queues(there, LIMITS)}
    late, fine = found["queue/aws/intake"], found["queue/aws/alerts"]
    assert (late.health, late.value, late.limit, late.unit) == ("degraded", 61.0, 60.0, "s")
    assert "7 messages wait" in late.problem
    assert (fine.health, fine.problem) == ("ok", "")


@pytest.mark.parametrize(
    ("ran", "failed", "health"),
    [(100, 0, "ok"), (100, 5, "ok"), (100, 6, "degraded"), (100, 51, "down"), (4, 0, "ok"), (2, 2, "degraded")],
)
def test_functions_are_measured_since_the_last_time(ran: int, failed: int, health: str) -> None:
    there = cloud(functions=(FunctionStatus("process", "process", "L2", 1_000 + ran, 40 + failed),))
    (found,) = checks.functions(there, {"aws/process": (1_000, 40)}, LIMITS)
    assert found.health == health
    assert list(checks.functions(there, {}, LIMITS)) == [], "there is nothing to compare with"
    assert list(checks.functions(there, {"aws/process": (5_000, 0)}, LIMITS)) == [], "it counts anew"


@pytest.mark.parametrize(
    ("newest", "per_s", "health"),
    [(9_990.0, 1.0, "ok"), (9_000.0, 1.0, "degraded"), (9_000.0, 0.0, "ok"), (None, 1.0, "unknown")],
)  # fmt: skip
def test_a_store_is_stale_while_devices_send(newest: float | None, per_s: float, health: str) -> None:
    there = cloud(stores=(StoreStatus("hot", "hot", newest=newest),), gateway=GatewayStatus(messages_per_s=per_s))
    (found,) = checks.store({"aws": there}, 10.0, LIMITS)
    assert found.health == health


def test_a_graph_lags_behind_the_store() -> None:
    hot = cloud(stores=(StoreStatus("hot", "hot", newest=9_990.0),))
    for last, health in ((9_980.0, "ok"), (9_900.0, "degraded"), (None, "unknown")):
        (found,) = checks.graph({"aws": hot, "gcp": cloud(graph=GraphStatus(last_update=last))}, LIMITS)
        assert found.health == health
    assert list(checks.graph({"aws": hot}, LIMITS)) == []


def test_silent_devices_are_named() -> None:
    quiet = checks.devices({"meter-1": 400.0, "meter-2": 20.0}, 10.0, LIMITS, seen=True)
    assert (quiet.health, quiet.problem, quiet.value) == ("degraded", "silent: meter-1", 400.0)
    assert checks.devices({"meter-1": 400.0}, 100.0, LIMITS, seen=True).health == "ok", "it sends seldom"
    assert checks.devices({}, 10.0, LIMITS, seen=False).health == "unknown"


# ── What is kept ────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Eye:
    """Finds what it is told to find."""

    health: Any = "ok"
    asked: int = 0
    more: list[CheckResult] = field(default_factory=list)

    def examine(self, twin_id: str) -> Sequence[CheckResult]:
        self.asked += 1
        problem = "" if self.health == "ok" else "it does not come"
        return [CheckResult("probe", "probe", self.health, problem, 0.4, 10.0, "s"), *self.more]


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    place(here, found)
    owner.post(f"twins/{found}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(here, FakeTarget(here))
    return found


def passes(here: Site, checker: Checker, twin: str, minutes: float) -> None:
    """Let time pass, with a check every ten seconds."""
    for _ in range(int(minutes * 6)):
        here.clock.pass_by(10)
        if checker.is_due(twin, "sandbox"):
            checker.attend(twin, "sandbox")


def told(owner: Person, twin: str, query: str = "") -> Any:
    return owner.get(f"twins/{twin}/health/history{query}")


def test_history_says_since_when_and_for_what_part(here: Site, owner: Person, twin: str) -> None:
    eye = Eye()
    checker = Checker(here.backend, {"sandbox": eye})
    passes(here, checker, twin, 90)
    eye.health = "down"
    passes(here, checker, twin, 10)
    eye.health = "ok"
    passes(here, checker, twin, 20)
    found = told(owner, twin)
    (check,) = found["checks"]
    assert (check["subject"], check["health"], check["value"], check["unit"]) == ("probe", "ok", 0.4, "s")
    assert datetime.fromisoformat(check["since"]) == START + timedelta(minutes=100, seconds=10)
    day = check["availability"]["day"]
    assert day["observed_s"] == pytest.approx(120 * 60, abs=61)
    assert day["percent"] == pytest.approx(100 * 110 / 120, abs=0.2)
    assert check["availability"]["month"] == day
    assert [(each["before"], each["health"], each["problem"]) for each in found["changes"]] == [
        ("down", "ok", ""), ("ok", "down", "it does not come"),
    ]  # fmt: skip
    assert told(owner, twin, "?subject=layer/")["checks"] == []


def test_times_in_which_nobody_looked_count_neither_way(here: Site, owner: Person, twin: str) -> None:
    checker = Checker(here.backend, {"sandbox": Eye()})
    passes(here, checker, twin, 10)
    here.clock.pass_by(6 * 3_600)
    passes(here, checker, twin, 10)
    day = told(owner, twin)["checks"][0]["availability"]["day"]
    assert day["observed_s"] < 23 * 60
    assert day["percent"] == 100.0


def test_what_does_not_change_is_written_once_a_minute(here: Site, owner: Person, twin: str) -> None:
    eye = Eye()
    checker = Checker(here.backend, {"sandbox": eye})
    moments = set()
    for _ in range(60):
        passes(here, checker, twin, 1 / 6)
        moments.add(told(owner, twin)["checks"][0]["checked_at"])
    assert eye.asked == 60
    assert len(moments) <= 11


def test_a_probe_that_does_not_come_is_an_alert_until_it_does(here: Site, owner: Person, twin: str) -> None:
    eye = Eye(more=[CheckResult("queue", "queue/aws/intake", "degraded", "late")])
    checker = Checker(here.backend, {"sandbox": eye})
    passes(here, checker, twin, 1)
    assert owner.get("alerts")["items"] == []
    eye.health = "down"
    passes(here, checker, twin, 2)
    (alert,) = owner.get("alerts")["items"]
    assert (alert["kind"], alert["message"], alert["over"], alert["count"]) == (
        "check-probe", "it does not come", False, 1,
    )  # fmt: skip
    eye.health = "ok"
    passes(here, checker, twin, 1)
    assert owner.get("alerts")["items"][0]["over"]


def test_checks_that_nobody_makes_any_more_are_not_told(here: Site, owner: Person, twin: str) -> None:
    eye = Eye(more=[CheckResult("queue", "queue/aws/intake", "ok")])
    checker = Checker(here.backend, {"sandbox": eye})
    passes(here, checker, twin, 2)
    eye.more = []  # as after a move
    passes(here, checker, twin, 30)
    assert len(told(owner, twin)["checks"]) == 2
    passes(here, checker, twin, 40)
    assert [each["subject"] for each in told(owner, twin)["checks"]] == ["probe"]


def test_it_is_bounded(here: Site, owner: Person, twin: str) -> None:
    checker = Checker(here.backend, {"sandbox": Eye()})
    passes(here, checker, twin, 2)
    here.clock.pass_by(40 * 86_400)
    passes(here, checker, twin, 2)
    tidy(here.backend)
    with here.backend.database.read() as session:
        hours = [row.hour for row in session.query(HealthHour)]
    assert len(hours) == 1
    assert hours[0] > START + timedelta(days=39)


def test_nobody_checks_what_is_gone(here: Site, owner: Person, twin: str) -> None:
    with here.backend.database.write() as session:
        session.query(Stack).delete()
    Checker(here.backend, {"sandbox": Eye()}).attend(twin, "sandbox")
    assert told(owner, twin)["checks"] == []


# ── A sandbox ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def quick(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    limits = {"probe_every_s": 0.2, "dashboard_every_s": 0.2, "devices_every_s": 0.2, "probe_s": 3.0}
    with site(tmp_path / "data", sqlite_file, checks=limits) as made:
        yield made


@pytest.mark.slow
def test_a_sandbox_is_checked_end_to_end(quick: Site) -> None:
    owner = quick.person("olga")
    twin = owner.create_twin()["id"]
    rig = Rig(sandbox_layout(quick.backend, twin).directory, *small_twin(4), placement_of("aws"))
    client = rig.up()
    examiner = SandboxExaminer(quick.backend)

    def until(subject: str, health: str) -> CheckResult:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for each in examiner.examine(twin):
                if each.subject == subject and each.health == health:
                    return each
            assert time.monotonic() < deadline, f"{subject} is not {health}"
            time.sleep(0.1)

    try:
        probe = until("probe", "ok")
        assert probe.value is not None
        assert 0 < probe.value < 3
        assert until("dashboard", "ok").value is not None
        assert until("devices", "unknown").problem == "none was seen yet"
        assert until("store/hot", "unknown").problem == "no record has come yet", "a probe is no record"
        rig.run(messages=1)
        assert until("devices", "ok").value is not None
        assert until("layer/L3.hot", "ok").problem == ""
        owner.post(f"twins/{twin}/faults", {"kind": "refuse-writes", "target": "hot"})
        assert "has not come" in until("probe", "down").problem
        assert until("layer/L3.hot", "degraded").problem
        client.clear_faults()
        until("probe", "ok")
        owner.post(f"twins/{twin}/faults", {"kind": "outage"})
        assert "no probe is taken" in until("probe", "down").problem
    finally:
        rig.down()
