"""Places of slots, for tests without a sandbox."""

from __future__ import annotations

from tests.sandbox.twins import placement_of, ring, small_twin
from twin2multicloud.blueprint.plan import Place, blueprint_of
from twin2multicloud.model.slots import Slot


def places(clouds: dict[Slot, str] | str) -> dict[Slot, Place]:
    return dict(blueprint_of(small_twin(4)[1], placement_of(clouds)).places)


PLACES = places(ring(0, 1))
