"""Placements that use every offer with all edges' ends together, in two regions, and in two clouds."""

from __future__ import annotations

from collections.abc import Iterator

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot

REGIONS = {
    Provider.AWS: ("eu-central-1", "us-east-1"),
    Provider.AZURE: ("westeurope", "eastus"),
    Provider.GCP: ("europe-west1", "us-central1"),
}
HERE = (Slot.PROCESSING, Slot.COOL, Slot.VISUALIZATION)
"""No edge has both ends among these slots, nor among the others."""

_MOST_OFFERS = 6  # of one cloud for one slot


def covering(relation: Relation) -> Iterator[Placement]:
    """Every offer at least once, all edges in this relation."""
    for turn in range(_MOST_OFFERS):
        for number, provider in enumerate(PROVIDERS):
            other = PROVIDERS[(number + 1) % len(PROVIDERS)]
            yield Placement({slot: _choice(slot, relation, provider, other, turn) for slot in SLOTS})


def _choice(slot: Slot, relation: Relation, provider: Provider, other: Provider, turn: int) -> SlotChoice:
    here = slot in HERE
    cloud = other if relation is Relation.CLOUD and not here else provider
    region = REGIONS[cloud][1 if relation is Relation.REGION and not here else 0]
    offers = [offer.id for offer in OFFERS if offer.provider is cloud and offer.slot is slot]
    return SlotChoice(provider=cloud, offer=offers[turn % len(offers)], region=region)
