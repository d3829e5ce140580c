"""Devices a part at a time: every one once, in every order, whatever is searched for and whoever is silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.base import at, record
from twin2multicloud.model.spec import DeviceGroup, DeviceType, Field, Retention, TwinSpec
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.sandbox.watching.devices import DeviceList, DevicesRequest, Order, Place

_TYPES = (
    DeviceType("meter", "dtmi:x:meter;1", (Field("temperature", "double", "°C"),)),
    DeviceType("lamp", "dtmi:x:lamp;1", (Field("power", "double", "W"),)),
)


def twin(meters: int, lamps: tuple[str, ...] = ("b-lamp", "Z-lamp")) -> TwinSpec:
    groups = (DeviceGroup("meter", prefix="meter-", count=meters), DeviceGroup("lamp", names=lamps))
    return TwinSpec("x", _TYPES, groups, Retention(1, 2, 3))


@pytest.fixture
def hot(tmp_path: Path) -> Iterator[LocalHotStore]:
    store = LocalHotStore(tmp_path / "hot.db", index_every=4)
    yield store
    store.close()


def walked(devices: DeviceList, order: Order, part: int = 3, search: str = "", type_: str = "") -> list[str]:
    """All parts, one after the other."""
    found: list[str] = []
    after: Place | None = None
    while True:
        told = devices.part(DevicesRequest(search, type_, order, part, after))
        assert len(told["devices"]) <= part
        found += [each["id"] for each in told["devices"]]
        if (after := told["next"]) is None:
            return found


def test_every_device_comes_once_in_every_order(hot: LocalHotStore) -> None:
    spec = twin(10)
    hot.put([record(f"meter-{number}", at(20 - number), data={"temperature": 1.0}) for number in (1, 2, 3, 10, 4)])
    hot.put([record("gone", at(15))])  # it is not in the definition any more
    devices = DeviceList(spec, hot)
    names = sorted(spec.device_names)
    assert walked(devices, "name") == names
    assert walked(devices, "-name") == names[::-1]
    silent = [name for name in names if name not in {f"meter-{number}" for number in (1, 2, 3, 4, 10)}]
    latest_first = ["meter-1", "meter-2", "meter-3", "meter-4", "meter-10"]
    assert walked(devices, "-last_seen") == [*latest_first, *silent]
    assert walked(devices, "last_seen") == [*silent, *latest_first[::-1]]
    hot.put([record("Z-lamp", at(30))])
    assert walked(devices, "-last_seen")[0] == "Z-lamp"
    assert "Z-lamp" not in walked(devices, "last_seen")[:2]


@pytest.mark.parametrize("order", ["name", "-name", "last_seen", "-last_seen"])
def test_what_is_searched_for_is_found_whatever_its_case(hot: LocalHotStore, order: Order) -> None:
    devices = DeviceList(twin(12), hot)
    hot.put([record("meter-11", at(1)), record("b-lamp", at(2))])
    assert sorted(walked(devices, order, search="METER-1")) == ["meter-1", "meter-10", "meter-11", "meter-12"]
    assert sorted(walked(devices, order, type_="lamp")) == ["Z-lamp", "b-lamp"]
    assert walked(devices, order, search="z-", type_="lamp") == ["Z-lamp"]
    assert walked(devices, order, search="z-", type_="meter") == []


def test_devices_tell_their_latest_record_and_its_units(hot: LocalHotStore) -> None:
    spec = twin(2)
    hot.put([record("meter-1", at(2), data={"temperature": 2.0}), record("meter-1", at(1), data={"temperature": 1.0})])
    told = DeviceList(spec, hot).part(DevicesRequest(type="meter"))
    first, second = told["devices"]
    assert (first["seen"], first["records"], first["data"]) == (at(2), 2, {"temperature": 2.0})
    assert (second["seen"], second["records"], second["data"]) == (None, 0, None)
    assert (told["total"], told["units"]) == (2, {"meter": {"temperature": "°C"}})


def test_a_part_looks_at_few_of_many_devices(hot: LocalHotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = DeviceList(twin(20_000), hot)
    hot.put([record(f"meter-{number}", at(number % 60), id=str(number)) for number in range(1, 5_001)])
    assert len(walked(devices, "last_seen", part=500)) == 20_002  # who was never seen is known from here on
    looked: list[int] = []
    sightings = hot.sightings
    monkeypatch.setattr(hot, "sightings", lambda names: looked.append(len(names)) or sightings(names))  # type: ignore[func-returns-value]
    for order in ("name", "last_seen", "-last_seen"):
        looked.clear()
        devices.part(DevicesRequest(order=order, limit=50))
        assert sum(looked) <= 1_050, order
