"""Every offer of every cloud, and how to find one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from twin2multicloud.blueprint.aws import AWS
from twin2multicloud.blueprint.azure import AZURE
from twin2multicloud.blueprint.gcp import GCP
from twin2multicloud.blueprint.parts import Cloud, Offer
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

CLOUDS: Mapping[Provider, Cloud] = MappingProxyType({cloud.provider: cloud for cloud in (AWS, AZURE, GCP)})
OFFERS: tuple[Offer, ...] = tuple(offer for cloud in CLOUDS.values() for offer in cloud.offers)
_BY_ID: Mapping[str, Offer] = MappingProxyType({offer.id: offer for offer in OFFERS})


def offer_by_id(offer_id: str) -> Offer:
    """The offer of that id; an unknown id is a `UsageError` that names the nearest one."""
    if offer_id in _BY_ID:
        return _BY_ID[offer_id]
    near = difflib.get_close_matches(offer_id, _BY_ID, n=1)
    hint = f": did you mean '{near[0]}'?" if near else "; `twin2multicloud offers` lists them all"
    raise UsageError(f"unknown offer '{offer_id}'{hint}")
