"""The links of a sandbox: each simulated cloud is one place, whatever regions its slots have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from twin2multicloud.blueprint.plan import Blueprint, PlannedLink
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.runtime import wiring
from twin2multicloud.runtime.links import LinksDocument
from twin2multicloud.sandbox.layout import CloudConfig

Documents = dict[str, LinksDocument]


def ends(blueprint: Blueprint, link: PlannedLink) -> tuple[str, str]:
    """The clouds a link's POSTs go from and to. A query is posted by who asks: from the edge's target to its source."""
    source = blueprint.places[link.source].provider.value
    target = blueprint.places[link.target].provider.value
    return (source, target) if link.push else (target, source)


def wire(
    blueprint: Blueprint,
    clouds: Mapping[str, CloudConfig],
    now: float,
    known: Mapping[str, LinksDocument] | None = None,
    built: Collection[Slot] = SLOTS,
) -> Documents:
    """Every cloud's links document (see `runtime.wiring.wire`); a link is wired once both its ends are built."""
    return wiring.wire(clouds, _wires(blueprint, clouds, built), now, known)


def _wires(blueprint: Blueprint, clouds: Mapping[str, CloudConfig], built: Collection[Slot]) -> Iterator[wiring.Wire]:
    """Queries are wired even between neighbours, so that dashboards ask the same way wherever they are."""
    for link in blueprint.links:
        if (link.push and not link.apart) or link.source not in built or link.target not in built:
            continue
        sender, receiver = ends(blueprint, link)
        yield wiring.Wire(link.edge, sender, receiver, clouds[receiver].url)
