"""What pages ask about a twin that runs nowhere: its definition tells, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import saved
from twin2multicloud.app.db.tables import TwinVersion
from twin2multicloud.app.specs import Specs
from twin2multicloud.model.spec import DeviceGroup, DeviceType, Retention, TwinSpec

LARGE = """\
name: tower
workload: {message_interval_s: 10, message_size_bytes: 150}
device_types:
  sensor: {fields: {temperature: {type: double, unit: "°C"}, open: {type: boolean, required: false}}}
  lamp: {fields: {power: {type: double, unit: W}}, commands: {dim: {fields: {to: {type: integer}}}}}
devices:
  - {type: sensor, count: 30, name: "sensor-{n}", within: "floor-*"}
  - {type: lamp, names: [entrance]}
graph:
  models:
    House: {properties: {area: {type: double, unit: m²}}}
    Floor: {}
  entities:
    - {id: house, model: House, properties: {area: 120.5}}
    - {id: "floor-{n}", count: 3, model: Floor, within: house}
rules:
  - {name: hot, on: sensor, when: temperature > 40, for: 60s, clear: temperature < 35, severity: critical,
     actions: [{alert: "{temperature} °C"}, {command: {name: dim, device: entrance, payload: {to: 10}}}]}
  - {name: each, on: lamp, when: power > 0, trigger: each, actions: [{webhook: {url: "https://x.example/h?token=abcdefghijklmnop1234"}}]}
"""


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def tower(owner: Person) -> str:
    found: str = owner.post("twins", {"source": LARGE}, 201)["id"]
    return found


def walked(owner: Person, path: str, **params: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        part = owner.get(path, params={**params, "limit": 7, **({} if cursor is None else {"cursor": cursor})})
        assert part["live"] is False
        found += part["items"]
        if (cursor := part["next"]) is None:
            return found


def test_devices_of_a_draft(owner: Person, tower: str) -> None:
    path = f"twins/{tower}/devices"
    part = owner.get(path)
    assert (part["live"], part["total"], part["problem"]) == (False, 31, "it is not deployed in a sandbox here")
    everything = walked(owner, path)
    assert [each["id"] for each in everything] == sorted(each["id"] for each in everything)
    assert everything[0] == {
        "id": "entrance", "type": "lamp", "last_seen": None, "age_s": None, "connected": None, "messages": None,
        "values": {},
    }  # fmt: skip
    assert walked(owner, path, sort="-name") == everything[::-1]
    assert walked(owner, path, sort="last_seen") == everything
    assert [each["id"] for each in walked(owner, path, search="R-1", type="sensor")][:2] == ["sensor-1", "sensor-10"]
    assert walked(owner, path, type="nothing") == []
    assert owner.get(path, params={"type": "lamp"})["total"] == 1
    assert "clouds" in owner.get(path, params={"target": "clouds"})["problem"]


def test_cursors_are_of_the_order_they_were_told_for(owner: Person, tower: str) -> None:
    path = f"twins/{tower}/devices"
    cursor = owner.get(path, params={"limit": 2})["next"]
    wrong = owner.get(path, 422, params={"limit": 2, "cursor": cursor, "sort": "last_seen"})
    assert wrong["errors"][0]["field"] == "cursor"
    for bad in ("nonsense", cursor[:-3], "bnVsbA"):
        owner.get(path, 422, params={"cursor": bad})
        owner.get(f"twins/{tower}/graph", 422, params={"cursor": bad})


def test_the_history_of_a_draft_is_empty(owner: Person, tower: str) -> None:
    found = owner.get(f"twins/{tower}/devices/sensor-3/history")
    assert (found["live"], found["type"], found["series"], found["last"]) == (False, "sensor", [], {})
    owner.get(f"twins/{tower}/devices/sensor-31/history", 404)
    when = {"since": "2026-11-26T08:00:00Z", "until": "2026-11-26T07:00:00Z"}
    assert owner.get(f"twins/{tower}/devices/sensor-3/history", 422, params=when)["errors"][0]["field"] == "until"


def test_rules_in_words(owner: Person, tower: str) -> None:
    hot, each = owner.get(f"twins/{tower}/rules")["rules"]
    assert (hot["when"], hot["for_s"], hot["clear"], hot["severity"]) == (
        "temperature > 40", 60, "temperature < 35", "critical",
    )  # fmt: skip
    assert hot["actions"] == ["raises an alert: {temperature} °C", "sends dim (to=10) to entrance"]
    assert (hot["fired"], hot["active"], hot["device_count"]) == (None, None, 0)
    assert each["trigger"] == "each"
    assert each["actions"][0].startswith("posts to https://x.example/h")
    assert "abcdefghijklmnop1234" not in str(each)


def test_rates_of_a_draft_are_none(owner: Person, tower: str) -> None:
    found = owner.get(f"twins/{tower}/rates")
    assert (found["live"], found["at"], found["clouds"], found["messages_per_s"]) == (False, [], {}, None)


def test_the_graph_of_a_draft_is_walked_from_its_roots(owner: Person, tower: str) -> None:
    path = f"twins/{tower}/graph"
    roots = walked(owner, path, roots=True)
    assert [each["id"] for each in roots] == ["entrance", "house"]
    house = roots[1]
    assert (house["type"], house["device"], house["properties"]) == (
        "House", False, {"area": {"value": 120.5, "unit": "m²", "at": None}},
    )  # fmt: skip
    floors = walked(owner, path, of="house")
    assert [each["id"] for each in floors] == ["floor-1", "floor-2", "floor-3"]
    assert [each["incoming"] for each in floors] == [[{"name": "contains", "twin": "house"}]] * 3
    assert sum(len(walked(owner, path, of=each["id"])) for each in floors) == 30
    assert {each["id"] for each in walked(owner, path, type="Floor")} == {each["id"] for each in floors}
    assert len(walked(owner, path, type="sensor", search="1")) == 12
    assert len(walked(owner, path)) == owner.get(path)["total"] == 35


def test_a_new_version_is_what_is_told(owner: Person, tower: str) -> None:
    assert owner.get(f"twins/{tower}/devices")["total"] == 31
    changed = LARGE.replace("count: 30", "count: 300")
    owner.call("PUT", f"twins/{tower}", code=200, json={"source": changed}, headers={"If-Match": '"1"'})
    assert owner.get(f"twins/{tower}/devices")["total"] == 301


def test_definitions_are_read_once_and_kept_while_there_is_room() -> None:
    specs, made = Specs(most_devices=100), []

    def spec(devices: int) -> TwinSpec:
        made.append(devices)
        kind = DeviceType("meter", "dtmi:x:meter;1", ())
        return TwinSpec("x", (kind,), (DeviceGroup("meter", prefix="m-", count=devices),), Retention(1, 2, 3))

    for _ in range(2):
        specs.of("a", 1, lambda: spec(40))
        specs.of("b", 1, lambda: spec(50))
    assert made == [40, 50]
    specs.of("a", 1, lambda: spec(40))
    assert specs.of("c", 1, lambda: spec(500)).devices.total() == 500  # larger than there is room: it stays alone
    specs.of("c", 1, lambda: spec(500))
    specs.of("a", 1, lambda: spec(40))
    assert made == [40, 50, 500, 40]


def test_dashboards_of_a_draft(owner: Person, tower: str) -> None:
    found = owner.get(f"twins/{tower}/dashboards")
    assert (found["live"], found["page_url"], found["grafana_url"]) == (False, None, None)
    assert [each["title"] for each in found["dashboards"]] == ["tower"]
    assert any(panel["type"] == "timeseries" for panel in found["dashboards"][0]["panels"])
    path = f"twins/{tower}/dashboards/query"
    owner.post(path, {"kind": "rates"}, 409)
    owner.post(path, {"kind": "drop"}, 422)
    owner.post(path, {"kind": "history", "limit": 10_001}, 422)


def test_a_grafana_in_a_cloud_is_where_its_stack_says(sqlite_site: Site, owner: Person, tower: str) -> None:
    saved(sqlite_site, tower, "clouds", "L5", 1, {"dashboards": {"url": "https://grafana.example", "token": "x"}})
    found = owner.get(f"twins/{tower}/dashboards", params={"target": "clouds"})
    assert (found["live"], found["grafana_url"]) == (False, "https://grafana.example")


def test_costs_of_a_draft(sqlite_site: Site, owner: Person, tower: str) -> None:
    found = owner.get(f"twins/{tower}/costs")
    assert (found["live"], found["usd_predicted"], found["month"], found["meters"]) == (False, None, None, [])
    assert (found["billed"], found["billed_problem"]) == (None, "no bill of it was read yet (costs import)")
    with sqlite_site.backend.database.write() as session:
        session.get_one(TwinVersion, (tower, 1)).usd_per_month = 12.5
    assert owner.get(f"twins/{tower}/costs", params={"target": "clouds"})["usd_predicted"] == 12.5
