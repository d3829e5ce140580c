"""Dead letters of twins in clouds: looked at, put back where they got stuck, thrown away; none is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.cloud_rig import Clouds
from twin2multicloud.app.services import cloud_letters
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.envelope import TELEMETRY, Event, RawMessage, encode
from twin2multicloud.runtime.ports import DeadLetter

AT = "2026-11-26T08:00:00.000000Z"
RAW = RawMessage("sensor-1", b'{"temperature": "warm"}', 1_000.0)
EVENT = Event("e1", "/x", TELEMETRY, "sensor-2", AT, {"temperature": 21.0})


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    made = Clouds(tmp_path / "clouds")
    monkeypatch.setattr(cloud_letters, "opener", lambda _backend: made.open)
    yield made
    made.close()


@pytest.fixture
def twin(sqlite_site: Site, owner: Person, clouds: Clouds) -> str:
    found: str = owner.create_twin()["id"]
    clouds.deploy(sqlite_site, found)
    keep(clouds, Provider.AWS, letter("aa11", "telemetry-outbox", encode(RAW)))
    keep(clouds, Provider.AZURE, letter("bb22", "intake", encode(RAW)), letter("bb33", "persist-outbox", encode(EVENT)))
    keep(clouds, Provider.AZURE, letter("cc44", "intake", b"\xff\xfe"))
    return found


def letter(id: str, topic: str, body: bytes) -> DeadLetter:
    return DeadLetter(id, topic, "not a number", body, AT, "sensor-1", "trace", "process")


def store(clouds: Clouds, provider: Provider) -> Any:
    return next(ports for site, ports in clouds.shared_ports.items() if site.provider is provider).dead_letters


def keep(clouds: Clouds, provider: Provider, *letters: DeadLetter) -> None:
    store(clouds, provider).put(letters)


def listed(owner: Person, twin: str, query: str = "") -> list[str]:
    return [each["id"] for each in owner.get(f"twins/{twin}/dead-letters?target=clouds{query}")]


def test_they_are_told_site_by_site(owner: Person, twin: str) -> None:
    assert listed(owner, twin) == ["aa11", "bb22", "bb33", "cc44"]
    assert listed(owner, twin, "&limit=2") == ["aa11", "bb22"]
    assert listed(owner, twin, "&cloud=azure") == ["bb22", "bb33", "cc44"]
    whole = owner.get(f"twins/{twin}/dead-letters/bb2?target=clouds")
    assert (whole["id"], whole["topic"], whole["cloud"]) == ("bb22", "intake", "azure")
    assert whole["body"] == '{"temperature": "warm"}'
    assert "2 dead letters begin so" in owner.get(f"twins/{twin}/dead-letters/bb?target=clouds", 422)["detail"]


def test_each_goes_back_to_its_queue_and_what_nobody_can_read_stays(owner: Person, twin: str, clouds: Clouds) -> None:
    done = owner.post(f"twins/{twin}/dead-letters/replay?target=clouds", {"all": True})
    assert sorted(done["done"]) == ["aa11", "bb22", "bb33"]
    assert [(each["id"], "drop it" in each["problem"]) for each in done["kept"]] == [("cc44", True)]
    assert clouds.slot_queues[Slot.ACQUISITION].taken == [("telemetry-outbox", RAW)]
    assert clouds.slot_queues[Slot.PROCESSING].taken == [("intake", RAW), ("persist-outbox", EVENT)]
    assert listed(owner, twin) == ["cc44"]
    assert owner.post(f"twins/{twin}/dead-letters/drop?target=clouds", {"ids": ["cc"]})["done"] == ["cc44"]
    assert listed(owner, twin) == []
    told = [each["kind"] for each in owner.get("events")["items"] if each["kind"].startswith("letters.")]
    assert sorted(told) == ["letters.dropped", "letters.replayed"]


def test_what_a_queue_does_not_take_stays_as_it_was(owner: Person, twin: str, clouds: Clouds) -> None:
    clouds.slot_queues[Slot.PROCESSING].away = "AccessDenied"
    done = owner.post(f"twins/{twin}/dead-letters/replay?target=clouds", {"ids": ["bb22"]})
    assert done["done"] == []
    assert "cannot go back to intake: AccessDenied" in done["kept"][0]["problem"]
    assert listed(owner, twin, "&cloud=azure") == ["bb22", "bb33", "cc44"]


def test_one_that_fails_again_at_once_is_kept_again(owner: Person, twin: str, clouds: Clouds) -> None:
    azure = store(clouds, Provider.AZURE)
    queues = clouds.slot_queues[Slot.PROCESSING]

    def fail_again(topic: str, messages: Any) -> None:
        azure.put([letter("bb22", topic, encode(messages[0]))])

    queues.publish_raw = fail_again  # type: ignore[method-assign]  # processing is faster than whoever replays
    owner.post(f"twins/{twin}/dead-letters/replay?target=clouds", {"ids": ["bb22"]})
    assert listed(owner, twin, "&cloud=azure") == ["bb22", "bb33", "cc44"]


def test_a_cloud_that_is_away_is_named_and_hides_no_other(owner: Person, twin: str, clouds: Clouds) -> None:
    next(ports for site, ports in clouds.shared_ports.items() if site.provider is Provider.AWS).away = "no route"
    assert "aws/eu-central-1" in owner.get(f"twins/{twin}/dead-letters?target=clouds", 503)["detail"]
    assert listed(owner, twin, "&cloud=azure") == ["bb22", "bb33", "cc44"]


def test_a_twin_that_is_not_there(sqlite_site: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    assert "not deployed in clouds" in owner.get(f"twins/{twin}/dead-letters?target=clouds", 409)["detail"]
