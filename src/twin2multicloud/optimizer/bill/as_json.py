"""Results as plain JSON values: dictionaries in a fixed order, numbers unrounded, slots in their usual spelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import PROVIDERS, SLOTS
from twin2multicloud.optimizer.bill.conflict import NoPlacementError
from twin2multicloud.optimizer.bill.invoice import BillLine, LinkCost
from twin2multicloud.optimizer.bill.market import Unavailable
from twin2multicloud.optimizer.bill.result import Alternative, BillResult, Proof

MODEL = "bill"

Json = dict[str, Any]


def compact_json(result: BillResult) -> Json:
    """What every result says, whatever the model: the shape of a batch's lines. Money in USD per month."""
    return {
        "model": MODEL,
        "price_book": {
            "version": result.price_book.version,
            "date": result.price_book.date,
            "hash": result.price_book.content_hash,
        },
        "placement": placement_json(result.placement),
        "usd_per_month": result.usd_per_month,
        "baselines": {
            provider.value: None if (ranked := result.baselines[provider]) is None else ranked.usd_per_month
            for provider in PROVIDERS
        },
        "slots": {
            slot.value: {provider.value: result.slots[slot][provider] for provider in PROVIDERS} for slot in SLOTS
        },
        "links": [link_json(link) for link in result.invoice.links],
        "warnings": list(result.warnings),
    }


def full_json(result: BillResult) -> Json:
    """`compact_json` and all that explains it: bill lines, alternatives, ranking, proof and every input."""
    return {
        **compact_json(result),
        "slot_usd": {slot.value: result.invoice.slots[slot] for slot in SLOTS},
        "transit_usd": result.invoice.transit_usd,
        "bill": [line_json(line) for line in result.invoice.lines],
        "alternatives": {
            slot.value: [alternative_json(alternative) for alternative in result.alternatives.get(slot, ())]
            for slot in SLOTS
        },
        "ranking": [
            {
                "usd_per_month": ranked.usd_per_month,
                "extra_usd": ranked.usd_per_month - result.usd_per_month,
                "placement": placement_json(ranked.placement),
            }
            for ranked in result.ranking
        ],
        "proof": proof_json(result.proof),
        "workload": result.workload.model_dump(mode="json"),
        "constraints": constraints_json(result.constraints),
        "assumptions": result.assumptions.model_dump(mode="json"),
        "regions": {provider.value: list(result.regions[provider]) for provider in PROVIDERS},
        "unavailable": unavailable_json(result.unavailable),
        "over_capacity": list(result.over_capacity),
    }


def placement_json(placement: Placement) -> Json:
    """Slot → provider, offer, region."""
    return {
        slot.value: {"provider": choice.provider.value, "offer": choice.offer, "region": choice.region}
        for slot, choice in placement.items()
    }


def link_json(link: LinkCost) -> Json:
    """A link between two places; `gb_per_month` counts 10⁹ bytes as they travel."""
    return {
        "from": link.source.value,
        "to": link.target.value,
        "gb_per_month": link.gb_per_month,
        "usd": link.usd,
        "id": link.id,
        "crosses": link.relation.value,
    }


def line_json(line: BillLine) -> Json:
    """A bill line; its `tariff` and its `portions` each sum to its `usd`."""
    return {
        "provider": line.provider.value,
        "region": line.region,
        "meter": line.meter,
        "service": line.service,
        "dimension": line.dimension,
        "unit": line.unit,
        "quantity": line.quantity,
        "billed_quantity": line.billed_quantity,
        "pooled_with": line.pooled_with,
        "usd": line.usd,
        "tariff": [
            {
                "from_quantity": part.from_quantity,
                "quantity": part.quantity,
                "usd_per_unit": part.usd_per_unit,
                "usd": part.usd,
            }
            for part in line.tariff
        ],
        "portions": [
            {"owner": part.owner, "component": part.component, "quantity": part.quantity, "usd": part.usd}
            for part in line.portions
        ],
        "source": line.source,
        "date": line.date,
        "confidence": line.confidence,
        "note": line.note,
    }


def alternative_json(alternative: Alternative) -> Json:
    """Another offer for a slot and what it adds, everything else chosen anew."""
    return {
        "provider": alternative.provider.value,
        "offer": alternative.offer,
        "region": alternative.region,
        "usd_per_month": alternative.usd_per_month,
        "extra_usd": alternative.extra_usd,
        "placement": placement_json(alternative.placement),
    }


def proof_json(proof: Proof) -> Json:
    """How optimality is known."""
    return {
        "method": proof.method,
        "proven": proof.proven,
        "lower_bound_usd": proof.lower_bound_usd,
        "options": proof.options,
        "placements": proof.placements,
        "vectors_expanded": proof.vectors_expanded,
        "subproblems_solved": proof.subproblems_solved,
        "rows_priced": proof.rows_priced,
    }


def constraints_json(constraints: Constraints) -> Json:
    """Constraints as a workload file spells them."""
    return constraints.model_dump(mode="json")


def unavailable_json(unavailable: Sequence[Unavailable]) -> list[Json]:
    """Offers that lack a price somewhere; the regions in which an offer lacks it for the same reason are one entry."""
    regions: dict[tuple[str, str], list[str]] = {}
    for item in unavailable:
        reason = item.reason.replace(f" in {item.region}:", ":")
        regions.setdefault((item.offer, reason), []).append(item.region)
    return [{"offer": offer, "regions": codes, "reason": reason} for (offer, reason), codes in regions.items()]


def conflict_json(error: NoPlacementError) -> Json:
    """Why nothing satisfies the constraints."""
    return dict(error.details)
