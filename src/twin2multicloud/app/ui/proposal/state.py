"""What the screen of a proposal shows: how the twin stands at the prices of now, and what is considered instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.answers import BillResult, Choice, Link
from twin2multicloud.app.schemas.catalogue import Offer, PricesInUse, Region
from twin2multicloud.app.schemas.placements import PlacementInput, PlacementPreview, Proposed, Standing
from twin2multicloud.app.schemas.twins import Twin
from twin2multicloud.app.schemas.uncertainty import UncertaintyResult
from twin2multicloud.app.ui.proposal.lines import Line, lines_of
from twin2multicloud.app.ui.proposal.look import Look, places_of
from twin2multicloud.model.slots import SLOTS, Provider, Slot

HALF_A_CENT: Final = 0.005
Placement = Mapping[str, Choice]


@dataclass(frozen=True)
class Names:
    """What offers and regions are called."""

    offers: Mapping[str, Offer]
    regions: Mapping[tuple[str, str], Region]

    @classmethod
    def of(cls, offers: Sequence[Offer], regions: Sequence[Region]) -> Names:
        """From what there is."""
        return cls(
            {offer.id: offer for offer in offers}, {(region.provider.value, region.code): region for region in regions}
        )

    def service(self, offer: str) -> str:
        """The service of an offer; its own name if the catalogue does not know it (any more)."""
        return self.offers[offer].service if offer in self.offers else offer

    def variant(self, offer: str) -> str:
        """Which kind of the service it is; empty where there is only one."""
        return self.offers[offer].variant if offer in self.offers else ""

    def title(self, offer: str) -> str:
        """Service and variant."""
        variant = self.variant(offer)
        return f"{self.service(offer)} · {variant}" if variant else self.service(offer)

    def place(self, provider: str, region: str) -> str:
        """Where a region is."""
        found = self.regions.get((str(provider), region))
        return region if found is None else found.name

    def country(self, provider: str, region: str) -> str:
        """The country, or group of them, that a region is in."""
        found = self.regions.get((str(provider), region))
        return "" if found is None else found.country


@dataclass(frozen=True)
class Shown:
    """A placement with its bill, USD per month."""

    placement: Placement
    usd_per_month: float
    slot_usd: Mapping[str, float]
    links: Sequence[Link]
    transit_usd: float
    unverified_usd: float
    lines: Sequence[Line]

    @classmethod
    def of(cls, bill: BillResult | Proposed) -> Shown:
        """From an answer."""
        return cls(
            bill.placement,
            bill.usd_per_month,
            bill.slot_usd or {},
            bill.links,
            bill.transit_usd or 0.0,
            bill.unverified_usd,
            lines_of(bill.bill or []),
        )

    def link(self, source: Slot, target: Slot) -> Link | None:
        """The traffic between two slots, if they lie at different places."""
        return next((each for each in self.links if (each.source, each.target) == (source.value, target.value)), None)


@dataclass(frozen=True)
class Loaded:
    """All that is known of the twin. `seconds` is how long the optimizer took to answer, with the way there. `studies`
    is what was found of an uncertain workload, by what was asked: whoever considers a placement of it comes back to it.
    """

    twin: Twin
    standing: Standing
    names: Names
    prices: PricesInUse
    seconds: float
    studies: dict[str, UncertaintyResult] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def placed(self) -> Shown | None:
        """What is placed."""
        return None if self.standing.placed is None else Shown.of(self.standing.placed)

    @cached_property
    def proposed(self) -> Shown | None:
        """What optimizing would find."""
        return None if self.standing.proposal is None else Shown.of(self.standing.proposal)

    @property
    def shown(self) -> Shown | None:
        """What there is to look at where nothing else is considered."""
        return self.placed or self.proposed

    @property
    def may_decide(self) -> bool:
        """Whether whoever looks may place the twin."""
        return self.twin.role in ("operator", "owner", "admin")

    @property
    def deployed(self) -> bool:
        """Whether there is anything of it anywhere: what exists is moved, not placed."""
        return any(life != "draft" for life in self.twin.life.values())

    @property
    def overrides(self) -> Mapping[str, str]:
        """Slot → what somebody decided for it."""
        return {each.slot: each.choice for each in self.standing.overrides}

    @property
    def cheaper_usd(self) -> float:
        """What choosing undecided slots anew would save, USD per month; 0 if nothing."""
        placed, proposal = self.standing.placed, self.standing.proposal
        if placed is None or proposal is None:
            return 0.0
        saved = placed.usd_per_month - proposal.usd_per_month
        return saved if saved > HALF_A_CENT else 0.0


def load(
    api: Client, twin: str, studies: dict[str, UncertaintyResult], clock: Callable[[], float] = perf_counter
) -> Loaded:
    """Everything at once, with the `studies` that there are already."""
    found = api.twins.get(twin)
    names = Names.of(api.catalogue.offers(), api.catalogue.regions())
    begun = clock()
    standing = api.twins.standing(twin)
    seconds = clock() - begun
    return Loaded(found, standing, names, api.prices.identity(), seconds, studies)


def considered(look: Look, loaded: Loaded) -> PlacementInput | None:
    """The change that is considered; None if there is none."""
    unplaced = loaded.twin.current.placement is None
    if look.offer:
        return PlacementInput(overrides={look.slot: look.offer}, anew=look.anew or unplaced)
    if look.drop:
        return PlacementInput(drop=[look.drop], anew=True)
    if look.proposal:
        return PlacementInput(optimization=look.proposal)
    if look.at:
        return PlacementInput(placement=_spelled_out(look.at))
    if look.rank == 1:
        return PlacementInput(anew=True)
    proposal = loaded.standing.proposal
    if look.rank and proposal is not None and proposal.ranking and look.rank <= len(proposal.ranking):
        return PlacementInput(placement=proposal.ranking[look.rank - 1]["placement"])
    return None


def _spelled_out(at: str) -> dict[str, dict[str, str]]:
    return {
        slot: {"provider": offer.partition(".")[0], "offer": offer, "region": region}
        for slot, (offer, region) in (places_of(at) or {}).items()
    }


@dataclass(frozen=True)
class Difference:
    """A slot that is filled otherwise."""

    slot: Slot
    before: Choice
    after: Choice


def differences(before: Placement, after: Placement) -> list[Difference]:
    """The slots in which two placements differ."""
    return [
        Difference(slot, before[slot.value], after[slot.value])
        for slot in SLOTS
        if before[slot.value] != after[slot.value]
    ]


def pin(choice: Choice) -> str:
    """A choice as an override names it."""
    return f"{choice.offer}@{choice.region}"


def pins(placement: Placement) -> str:
    """A whole placement as an address names it."""
    return ",".join(pin(placement[slot.value]) for slot in SLOTS)


@dataclass(frozen=True)
class Baseline:
    """What the twin costs on one cloud alone, USD per month; None if it cannot be had there."""

    provider: Provider
    usd_per_month: float | None


def baselines(standing: Standing) -> list[Baseline]:
    """All three."""
    return [Baseline(provider, (standing.baselines or {}).get(provider)) for provider in Provider]


def best_baseline(standing: Standing) -> Baseline | None:
    """The cheapest single cloud, if any can run the twin alone."""
    found = [each for each in baselines(standing) if each.usd_per_month is not None]
    return min(found, key=lambda each: each.usd_per_month or 0.0, default=None)


__all__ = [
    "HALF_A_CENT",
    "Loaded",
    "Names",
    "PlacementPreview",
    "Shown",
    "considered",
    "differences",
    "load",
    "pin",
    "pins",
]
