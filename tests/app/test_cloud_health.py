"""Checks of twins in clouds: from a fault to the alert that is pushed, and what is said where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Site, site
from tests.app.cloud_rig import Clouds
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.monitoring.clouds.examining import CloudExaminer
from twin2multicloud.app.monitoring.clouds.gauges import Ran, Readings, Waits
from twin2multicloud.app.monitoring.clouds.watched import Watched
from twin2multicloud.app.monitoring.examining import Checker
from twin2multicloud.app.monitoring.glancing import CloudLooker, Glancer
from twin2multicloud.deployer.deployment import Site as Place
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.envelope import PROBE_DEVICE, TELEMETRY, Event, event_id
from twin2multicloud.runtime.handlers.handover import into_hot
from twin2multicloud.runtime.ports import DeadLetter, EntityState
from twin2multicloud.runtime.times import to_time

EVERY_S = 300.0


@dataclass
class FakeGauges:
    """What the clouds' services tell, by the names of functions and queues; what is not named is well."""

    functions: dict[str, Ran | str] = field(default_factory=dict)
    queues: dict[str, Waits | str] = field(default_factory=dict)
    aside: dict[str, int | str] = field(default_factory=dict)
    looked: int = 0

    def read(self, watched: Watched, _now: datetime) -> Readings:
        self.looked += 1
        return Readings(
            {each: self.functions.get(each.name, Ran(100, 0)) for each in watched.functions},
            {each: self.queues.get(each.name, Waits(0, 0.0)) for each in watched.queues},
            {each: self.aside.get(each.name, 0) for each in watched.aside},
        )

    @contextmanager
    def open(self, _site: Place, _environ: Mapping[str, str]) -> Iterator[FakeGauges]:
        yield self


class Rig:
    """A twin in clouds that is checked; time passes only by `pass_by`."""

    def __init__(self, here: Site, clouds: Clouds) -> None:
        self.here, self.clouds = here, clouds
        self.owner = here.person("olga")
        self.twin: str = self.owner.create_twin()["id"]
        clouds.deploy(here, self.twin)
        self.gauges = FakeGauges()
        self.dashboard = 200
        self.works = True
        self.devices = clouds.deployment.spec.device_names
        self.checker = self.started()
        self.check()  # the first time nothing is due

    def started(self) -> Checker:
        examiner = CloudExaminer(self.here.backend, self.clouds.open, self.gauges.open, lambda _url: self.dashboard)
        return Checker(self.here.backend, {"clouds": examiner})

    def check(self) -> None:
        self.checker.attend(self.twin, "clouds")

    def pass_by(self, seconds: float = EVERY_S, *, sends: bool = True) -> None:
        """Let time pass until it is looked again; devices send meanwhile."""
        self.here.clock.pass_by(seconds)
        if sends:
            self.record(*self.devices)
        if self.works:
            self.handle()
        self.check()

    def handle(self) -> None:
        """What the twin's functions do with probes that wait in its queues."""
        for queues in self.clouds.slot_queues.values():
            events = [item for _, item in queues.taken if isinstance(item, Event)]
            queues.taken.clear()
            into_hot(self.clouds.slot(Slot.HOT).hot, "persist-receiver")(events)

    def record(self, *devices: str, graph: bool = True) -> None:
        at = to_time(self.here.clock.now() - 1)
        events = [Event(event_id(each, at, b""), "/x", TELEMETRY, each, at, {"temperature": 1.0}) for each in devices]
        self.clouds.slot(Slot.HOT).hot.put(events)
        if graph:
            states = [EntityState(each, "m", {"temperature": 1.0}, {"temperature": at}) for each in devices]
            self.clouds.slot(Slot.MANAGEMENT).graph.delete_entities(devices)
            self.clouds.slot(Slot.MANAGEMENT).graph.put_entities(states)

    def found(self) -> dict[str, Any]:
        told = self.owner.get(f"twins/{self.twin}/health/history?target=clouds")
        return {each["subject"]: each for each in told["checks"]}

    def pushed(self) -> list[Any]:
        """What was told of alerts as it came: to the front end, and to what watches events."""
        return [each for each in self.owner.get("events")["items"] if each["kind"] == "alert"]

    def alerts(self) -> dict[str, Any]:
        """Those that are not over, by the check that they are of."""
        items = self.owner.get("alerts")["items"]
        return {each["data"]["check"]: each for each in items if not each["over"]}


@pytest.fixture
def rig(sqlite_site: Site, tmp_path: Path) -> Iterator[Rig]:
    clouds = Clouds(tmp_path / "clouds")
    yield Rig(sqlite_site, clouds)
    clouds.close()


def test_a_twin_that_is_well_raises_nothing(rig: Rig) -> None:
    rig.pass_by()
    found = rig.found()
    assert {each["health"] for name, each in found.items() if not name.startswith("layer/")} == {"ok"}
    kinds = {each["kind"] for each in found.values()}
    assert kinds >= {"layer", "link", "function", "queue", "letters", "store", "graph", "devices", "dashboard"}
    assert {"function/aws/telemetry-sender", "function/azure/process", "queue/azure/intake"} <= set(found)
    assert found["layer/L2"]["health"] == "ok"
    assert found["layer/L3.archive"]["health"] == "unknown", "nothing is looked at there"
    assert rig.alerts() == {}


def test_functions_that_fail(rig: Rig) -> None:
    rig.gauges.functions["process"] = Ran(200, 150)
    rig.pass_by()
    alert = rig.alerts()["function/azure/process"]
    assert (alert["kind"], alert["severity"]) == ("check-function", "error")
    assert "150 of 200 invocations failed" in alert["message"]
    assert rig.found()["layer/L2"]["health"] == "down"
    assert [each["severity"] for each in rig.pushed()] == ["error"]
    rig.gauges.functions["process"] = Ran(200, 1)
    rig.pass_by()
    assert rig.alerts() == {}


def test_a_queue_that_nobody_works_off_and_the_link_it_belongs_to(rig: Rig) -> None:
    rig.gauges.queues["telemetry-outbox"] = Waits(1_200, 900.0)
    rig.pass_by()
    alert = rig.alerts()["queue/aws/telemetry-outbox"]
    assert (alert["severity"], alert["message"]) == ("warning", "1,200 messages wait, the oldest for 900 s")
    assert rig.found()["link/telemetry"]["health"] == "degraded"


@pytest.mark.parametrize("given_up", [False, True])
def test_messages_that_are_set_aside(rig: Rig, given_up: bool) -> None:
    if given_up:
        rig.gauges.aside["telemetry-outbox"] = 3
    else:
        azure = next(ports for site, ports in rig.clouds.shared_ports.items() if site.provider is Provider.AZURE)
        azure.dead_letters.put([DeadLetter("a", "intake", "not JSON", b"{", to_time(1.0))])
    rig.pass_by()
    ((subject, alert),) = rig.alerts().items()
    assert subject == ("letters/aws/eu-central-1/telemetry-outbox" if given_up else "letters/azure/westeurope")
    assert ("3 messages of telemetry-outbox were given up by AWS" if given_up else "1 message wait") in alert["message"]


def test_a_store_that_nothing_comes_to_and_devices_that_are_silent(rig: Rig) -> None:
    rig.works = False
    rig.pass_by()
    rig.pass_by(900, sends=False)
    alerts = rig.alerts()
    assert "the newest record of the devices that were looked at is 901 s old" in alerts["store/hot"]["message"]
    assert alerts["devices"]["message"].startswith("silent: ")
    rig.works = True
    rig.pass_by()
    assert set(rig.alerts()) == {"probe"}, "it came, though late"


def test_one_silent_device_is_told_and_the_store_is_well(rig: Rig) -> None:
    rig.pass_by()
    rig.here.clock.pass_by(900)
    rig.record(*rig.devices[1:])
    rig.check()
    assert rig.alerts()["devices"]["message"] == f"silent: {rig.devices[0]}"
    assert rig.found()["store/hot"]["health"] == "ok"


def test_a_graph_that_no_value_comes_to(rig: Rig) -> None:
    rig.pass_by()
    for _ in range(2):
        rig.here.clock.pass_by(EVERY_S)
        rig.record(*rig.devices, graph=False)
        rig.here.clock.pass_by(EVERY_S + 1)
        rig.check()
    assert "has been missing in it for" in rig.alerts()["graph"]["message"]


def test_dashboards_that_do_not_answer(rig: Rig) -> None:
    rig.dashboard = 503
    rig.pass_by()
    alert = rig.alerts()["dashboard"]
    assert (alert["severity"], alert["layer"], alert["message"]) == ("error", "L5", "it answers 503")


def test_a_probe_goes_the_twins_way_and_is_gone_afterwards(rig: Rig) -> None:
    rig.pass_by(900)
    ((topic, probe),) = rig.clouds.slot_queues[Slot.ACQUISITION].taken
    assert (topic, isinstance(probe, Event) and probe.subject) == ("telemetry-outbox", PROBE_DEVICE)
    rig.pass_by(20)
    found = rig.found()["probe"]
    assert (found["health"], found["value"], found["limit"]) == ("ok", 20.0, 60.0)
    assert rig.clouds.slot(Slot.HOT).hot.last(PROBE_DEVICE) is None
    assert rig.alerts() == {}


def test_a_probe_that_does_not_come(rig: Rig) -> None:
    rig.works = False
    rig.pass_by(900)
    rig.pass_by(61)
    alert = rig.alerts()["probe"]
    assert (alert["severity"], alert["message"]) == ("error", "a probe has not come to the hot store for 61 s")
    rig.works = True
    rig.pass_by(10)
    assert rig.found()["probe"]["health"] == "degraded", "it took longer than it should"


def test_what_may_not_be_read_is_unknown_and_says_which_right_it_takes(rig: Rig) -> None:
    rig.gauges.functions["process"] = "it cannot be read: AccessDenied; whoever signs in there needs monitoring.x"
    rig.clouds.slot_ports[Slot.HOT].away = "AccessDeniedException"
    for queues in rig.clouds.slot_queues.values():
        queues.away = "AccessDenied"
    rig.works = False
    rig.pass_by(900, sends=False)
    found = rig.found()
    for subject in ("function/azure/process", "store/hot", "probe"):
        assert found[subject]["health"] == "unknown"
        assert "needs" in found[subject]["problem"]
    assert rig.alerts() == {}


def test_where_nobody_can_sign_in_no_layer_is_known(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def refuse(twin_id: str) -> Iterator[Any]:
        if twin_id:
            raise UnavailableError("its clouds cannot be reached: the credentials have expired")
        yield

    monkeypatch.setattr(rig.clouds, "open", refuse)
    rig.checker = rig.started()
    rig.check()
    rig.pass_by(sends=False)
    found = rig.found()
    assert {each["health"] for each in found.values()} == {"unknown"}
    assert "credentials have expired" in found["layer/L1"]["problem"]


def test_a_twin_that_is_there_in_part_is_opened_no_more_often(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    del rig.clouds.outputs["L3-hot"]
    opened: list[str] = []
    before = rig.clouds.open

    def counted(twin_id: str) -> Any:
        opened.append(twin_id)
        return before(twin_id)

    monkeypatch.setattr(rig.clouds, "open", counted)
    rig.checker = rig.started()
    rig.check()
    for _ in range(12):
        rig.pass_by(100, sends=False)
    assert len(opened) == 4, "for looks alone: no probe can pass"
    assert "probe" not in rig.found()


def test_it_is_looked_as_often_as_the_settings_say(tmp_path: Path, sqlite_file: str) -> None:
    checks = {"cloud_every_s": 600, "cloud_probe_every_s": 0}
    with site(tmp_path / "site", sqlite_file, checks=checks) as here:
        clouds = Clouds(tmp_path / "clouds")
        rig = Rig(here, clouds)
        for _ in range(18):
            rig.pass_by(100, sends=False)
        assert rig.gauges.looked == 3 * len(clouds.deployment.sites)
        assert all(not queues.taken for queues in clouds.slot_queues.values()), "probes are off"
        clouds.close()


def test_lists_and_status_tell_what_was_found(rig: Rig) -> None:
    rig.gauges.functions["process"] = Ran(200, 150)
    rig.pass_by()
    Glancer(rig.here.backend, {"clouds": CloudLooker(rig.here.backend)}).attend(rig.twin, "clouds")
    (shown,) = rig.owner.get("twins")["items"]
    assert shown["health"]["clouds"]["health"] == "down"
    status = rig.owner.get(f"twins/{rig.twin}/status?target=clouds")
    layer = next(each for each in status["layers"] if each["slot"] == "L2")
    assert (layer["health"], "functions" in layer["checked"]) == ("down", True)
    assert "150 of 200" in layer["problems"][0]


def test_what_was_moved_away_is_over(rig: Rig) -> None:
    rig.gauges.functions["process"] = Ran(200, 150)
    rig.pass_by()
    assert "function/azure/process" in rig.alerts()
    rig.clouds.resources = [each for each in rig.clouds.resources if each.type != "azurerm_linux_function_app"]
    rig.pass_by()
    assert rig.alerts() == {}
    assert "function/azure/process" not in rig.found()


def test_availability_counts_the_time_between_looks(rig: Rig) -> None:
    for _ in range(5):
        rig.pass_by()
    observed = rig.found()["function/azure/process"]["availability"]["day"]
    assert (observed["percent"], observed["observed_s"]) == (100.0, 4 * EVERY_S)


def test_devices_are_looked_at_in_turn(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin2multicloud.app.monitoring.clouds.examining.MOST_LOOKED_AT", 2)
    rig.record(*rig.devices)
    rig.pass_by(sends=False)
    rig.here.clock.pass_by(700)
    rig.record(*rig.devices[:2])
    seen = set()
    for _ in range(4):
        rig.pass_by(sends=False)
        rig.record(*rig.devices[:2])
        seen |= {name for name in rig.devices if name in rig.found()["devices"]["problem"]}
    assert set(rig.devices[2:]) <= seen
