"""Constraints as masks over the market's options, one named restriction at a time.

Keeping them apart lets an infeasible request say which of them conflict, and what dropping each would cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.model.constraints import Constraints, Pin
from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.names import unknown
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.pricing.tariffs import BoolArray

SCENES = "3d-scenes"


@dataclass(frozen=True)
class Restriction:
    """A constraint in the words it was given in, and the options (O,) that it allows.

    `slot` is set for pins. `max_providers` is set instead of a mask that excludes anything where the constraint
    concerns the placement as a whole.
    """

    name: str
    allows: BoolArray
    slot: Slot | None = None
    max_providers: int | None = None


def restrictions(market: Market, constraints: Constraints, needs_3d: bool) -> list[Restriction]:
    """The restrictions that `constraints` (and a workload with 3D scenes) put on the market's options.

    Raises `UsageError` for regions, offers and features that do not exist, `PriceError` for a pin without a price.
    """
    check_names(market, constraints)
    return list(_restrictions(market, constraints, needs_3d))


def _restrictions(market: Market, constraints: Constraints, needs_3d: bool) -> Iterator[Restriction]:
    options, offers = market.options, market.offers

    def mask(allowed: Iterator[bool]) -> BoolArray:
        return np.fromiter(allowed, dtype=np.bool_, count=len(options))

    if len(constraints.allowed_providers) < 3:
        providers = constraints.allowed_providers
        name = f"providers {', '.join(providers)}"
        yield Restriction(name, mask(option.region.provider in providers for option in options))
    for provider, codes in constraints.regions.items():
        yield Restriction(
            f"regions {provider}={','.join(codes)}",
            mask(option.region.provider is not provider or option.region.code in codes for option in options),
        )
    countries = constraints.countries
    if countries is not None:
        name = f"residency {', '.join(constraints.residency or ())}"
        yield Restriction(name, mask(option.region.country in countries for option in options))
    for slot, pin in constraints.pins.items():
        yield Restriction(f"pin {slot}={pin}", _pinned(market, slot, pin), slot=slot)
    for requirement in constraints.require:
        slots = [requirement.slot] if requirement.slot else _slots_with(market, requirement.feature)
        yield Restriction(
            f"require {requirement}",
            mask(
                offers[option.offer].slot not in slots or requirement.feature in offers[option.offer].features
                for option in options
            ),
        )
    if constraints.managed_only:
        yield Restriction("managed only", mask("managed" in offers[option.offer].features for option in options))
    if constraints.deployable_only:
        yield Restriction("deployable only", mask(offers[option.offer].deployable for option in options))
    if needs_3d:
        yield Restriction(
            "3D scenes (entities_3d > 0)",
            mask(
                offers[option.offer].slot is not Slot.MANAGEMENT or SCENES in offers[option.offer].features
                for option in options
            ),
        )
    if constraints.max_clouds < 3:
        everything = np.ones(len(options), dtype=np.bool_)
        yield Restriction(
            f"at most {constraints.max_clouds} cloud{'s' if constraints.max_clouds > 1 else ''}",
            everything,
            max_providers=constraints.max_clouds,
        )


def _pinned(market: Market, slot: Slot, pin: Pin) -> BoolArray:
    return np.array(
        [
            market.offers[option.offer].slot is not slot
            or pin.admits(option.region.provider, market.offers[option.offer].id, option.region.code)
            for option in market.options
        ],
        dtype=np.bool_,
    )


def _slots_with(market: Market, feature: str) -> list[Slot]:
    found = {offer.slot for offer in market.offers if feature in offer.features}
    return [slot for slot in SLOTS if slot in found]


def check_names(market: Market, constraints: Constraints) -> None:
    """Refuse constraints that name a region, an offer or a feature that does not exist, or a pin without a price."""
    for provider, codes in constraints.regions.items():
        for code in codes:
            _check_region(market, provider, code)
    for slot, pin in constraints.pins.items():
        if pin.offer is not None and (offer := offer_by_id(pin.offer)).slot is not slot:
            raise UsageError(f"pin {slot}={pin}: {offer.id} fills {offer.slot}, not {slot}")
        if pin.region is not None:
            _check_region(market, pin.provider, pin.region)
            _check_priced(market, slot, pin)
    features = sorted({feature for offer in market.offers for feature in offer.features})
    for requirement in constraints.require:
        if requirement.feature not in features:
            raise UsageError(unknown("feature", requirement.feature, features))


def _check_region(market: Market, provider: Provider, code: str) -> None:
    known = [region.code for region in market.book.regions_of(provider)]
    if code not in known:
        raise UsageError(unknown(f"region of {provider.label} in the price book", code, known))


def _check_priced(market: Market, slot: Slot, pin: Pin) -> None:
    """Refuse a pin to a place where the price book cannot price what it names, and say which prices are missing."""
    if not np.any(_pinned(market, slot, pin) & (market.slot == SLOTS.index(slot))):
        reasons = [
            str(u)
            for u in market.unavailable
            if u.region == pin.region and offer_by_id(u.offer).slot is slot and pin.offer in (None, u.offer)
        ]
        raise PriceError("\n  ".join([f"pin {slot}={pin} cannot be priced", *reasons]))


def combined(size: int, parts: Sequence[Restriction]) -> tuple[BoolArray, int | None]:
    """All of `parts` at once: the options allowed, and the most providers."""
    allowed = np.ones(size, dtype=np.bool_)
    most: int | None = None
    for part in parts:
        allowed &= part.allows
        if part.max_providers is not None:
            most = part.max_providers if most is None else min(most, part.max_providers)
    return allowed, most
