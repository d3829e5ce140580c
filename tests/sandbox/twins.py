"""The twins and placements of the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import (
    Batching,
    CommandType,
    DeviceGroup,
    DeviceType,
    Entity,
    Field,
    Relationship,
    Retention,
    Rule,
    TwinSpec,
)
from twin2multicloud.model.workload import Workload

REGIONS = {Provider.AWS: "eu-central-1", Provider.AZURE: "westeurope", Provider.GCP: "europe-west1"}
MONTH_S = 730 * 3600.0
_CLOUDS = ("aws", "azure", "gcp")


def placement_of(clouds: Mapping[Slot, str] | str, offers: Mapping[Slot, str] | None = None) -> Placement:
    """A placement by cloud; each slot has the named offer or its cloud's first."""
    choices = {}
    for slot in Slot:
        provider = Provider(clouds if isinstance(clouds, str) else clouds[slot])
        named = (offers or {}).get(slot)
        offer = next(o for o in OFFERS if o.slot is slot and o.provider is provider and named in (None, o.id))
        choices[slot] = SlotChoice(provider=provider, offer=offer.id, region=REGIONS[provider])
    return Placement(choices)


def ring(first: int, step: int) -> dict[Slot, str]:
    """Every edge leads from one cloud to another, `step` further in aws, azure, gcp: telemetry from `first`."""
    at = {
        Slot.ACQUISITION: 0,
        Slot.PROCESSING: 1,
        Slot.HOT: 2,
        Slot.COOL: 3,
        Slot.ARCHIVE: 4,
        Slot.MANAGEMENT: 2,
        Slot.VISUALIZATION: 3,
    }
    return {slot: _CLOUDS[(first + step * hops) % 3] for slot, hops in at.items()}


def covering() -> Iterator[tuple[str, dict[Slot, str] | str]]:
    """Placements that have every directed pair of clouds on every link, and each cloud alone."""
    for step in (1, 2):
        for first in range(3):
            clouds = ring(first, step)
            yield f"{clouds[Slot.ACQUISITION]}-{clouds[Slot.PROCESSING]}-{clouds[Slot.HOT]}", clouds
    for cloud in _CLOUDS:
        yield f"{cloud}-only", cloud


def small_twin(
    devices: int, *, retention: Retention | None = None, rules: tuple[Rule, ...] = (), runs_per_day: int = 24
) -> tuple[TwinSpec, Workload]:
    """Devices of two types with every kind of value, in rooms of a house; and a workload to go with them."""
    meter = DeviceType(
        "meter",
        "dtmi:t2m:test:meter;1",
        (
            Field("temperature", "double", "°C", -50, 150),
            Field("pressure", "double", "Pa", 1e-30, 1e300),
            Field("count", "integer", "", 0, 9_007_199_254_740_993),
            Field("open", "boolean"),
            Field("label", "string"),
            Field("note", "string", required=False),
            Field("nested", "object", required=False),
            Field("list", "array", required=False),
        ),
        (CommandType("reset", (Field("hard", "boolean", required=False),)),),
    )
    lamp = DeviceType(
        "lamp",
        "dtmi:t2m:test:lamp;1",
        (Field("power", "double", "W", 0, 1000), Field("mode", "string", allowed=("off", "dim", "voll 🔆"))),
    )
    lamps = devices // 4
    groups = (
        DeviceGroup("meter", prefix="meter-", width=3, count=devices - lamps),
        *((DeviceGroup("lamp", names=tuple(f"lamp-{n}" for n in range(lamps))),) if lamps else ()),
    )
    spec = TwinSpec(
        "test-house",
        (meter, lamp),
        groups,
        retention or Retention(MONTH_S, 3 * MONTH_S, 12 * MONTH_S),
        rules=rules,
        entities=(Entity("house", "dtmi:t2m:test:House;1"),),
        relationships=tuple(Relationship("house", "contains", name) for group in groups for name in group),
        batching=Batching(mover_runs_per_day=runs_per_day),
    )
    return spec, Workload(devices=devices, message_interval_s=1, message_size_bytes=300)
