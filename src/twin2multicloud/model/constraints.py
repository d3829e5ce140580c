"""Constraints: which placements a person would accept.

They only narrow the choice. Whether anything is left, and whether a named offer, feature or region exists, is the
optimizer's to say, since it knows the catalogue and the prices; here form and names of slots, providers and
countries are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_serializer,
    model_validator,
)

from twin2multicloud.model.geography import countries_of, parse_geography
from twin2multicloud.model.names import (
    FEATURE_PATTERN,
    OFFER_PATTERN,
    parse_provider,
    parse_region,
    parse_slot,
    shown,
)
from twin2multicloud.model.slots import PROVIDERS, Provider, Slot
from twin2multicloud.model.workload import Whole

EgressPolicy = Literal["list", "eu-data-act"]

ProviderName = Annotated[Provider, BeforeValidator(parse_provider)]
SlotName = Annotated[Slot, BeforeValidator(parse_slot)]
RegionName = Annotated[str, BeforeValidator(parse_region)]
GeographyCode = Annotated[str, BeforeValidator(parse_geography)]


class Pin(BaseModel):
    """What a slot must be filled with: a provider, one of its offers, a region, or offer and region.

    Written as text: `aws`, `aws@eu-central-1`, `aws.dynamodb`, `aws.dynamodb@eu-central-1`. An offer's identifier
    begins with its provider, so the provider is always known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName
    offer: str | None = None
    region: RegionName | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, Pin | Mapping):
            return value
        if not isinstance(value, str):
            raise ValueError("a pin is text: write provider, provider.offer or provider.offer@region")
        what, at, region = value.strip().partition("@")
        provider, dot, name = what.partition(".")
        if (at and not region) or (dot and not OFFER_PATTERN.fullmatch(name.casefold())):
            raise ValueError(f"{shown(value)} is not a pin: write provider, provider.offer or provider.offer@region")
        return {
            # Checked here, so that the finding names the pin and not a field nobody wrote.
            "provider": parse_provider(provider),
            "offer": what.casefold() if dot else None,
            "region": parse_region(region) if at else None,
        }

    @model_validator(mode="after")
    def _offer_is_the_providers(self) -> Self:
        if self.offer is not None and not self.offer.startswith(f"{self.provider.value}."):
            raise ValueError(f"{shown(self.offer)} is not an offer of {self.provider.value}")
        return self

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        what = self.offer or self.provider.value
        return f"{what}@{self.region}" if self.region else what

    def admits(self, provider: Provider, offer: str, region: str) -> bool:
        """Whether filling the slot with `offer` of `provider` in `region` obeys the pin."""
        return provider == self.provider and self.offer in (None, offer) and self.region in (None, region)


class Requirement(BaseModel):
    """A feature that the offer of a slot must have.

    Written as text: `L1:mqtt` for one slot, or `managed` for every slot in which some offer has that feature (so
    `3d-scenes` concerns management only).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str
    slot: SlotName | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, Requirement | Mapping):
            return value
        if not isinstance(value, str):
            raise ValueError("a feature is text: write feature or slot:feature, such as L1:mqtt")
        slot, colon, feature = value.rpartition(":")
        return {"feature": feature.strip().casefold(), "slot": parse_slot(slot) if colon else None}

    @field_validator("feature")
    @classmethod
    def _well_formed(cls, value: str) -> str:
        if not FEATURE_PATTERN.fullmatch(value):
            raise ValueError(f"{shown(value)} is not a feature: write feature or slot:feature, such as L1:mqtt")
        return value

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.slot.value}:{self.feature}" if self.slot else self.feature


def _listed(value: Any) -> Any:
    """One name stands for a list of one."""
    return (value,) if isinstance(value, str | Provider) else value


def _unique_keys(value: Any) -> Any:
    """Refuse a mapping in which two keys are the same name in different letter case."""
    if isinstance(value, Mapping):
        seen: set[str] = set()
        for key in value:
            folded = str(key).strip().casefold()
            if folded in seen:
                raise ValueError(f"{shown(str(key))} is given twice")
            seen.add(folded)
    return value


class Constraints(BaseModel):
    """What a placement must obey. Immutable; the default allows everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    providers: Annotated[tuple[ProviderName, ...], BeforeValidator(_listed)] = Field(
        default=PROVIDERS, description="Providers that may be used."
    )
    deny_providers: Annotated[tuple[ProviderName, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Providers that may not be used, even if `providers` lists them."
    )
    regions: Annotated[
        Mapping[ProviderName, Annotated[tuple[RegionName, ...], BeforeValidator(_listed), Field(min_length=1)]],
        BeforeValidator(_unique_keys),
    ] = Field(default_factory=dict, description="Regions that may be used; a provider not named may use all.")
    residency: Annotated[tuple[GeographyCode, ...] | None, BeforeValidator(_listed)] = Field(
        default=None,
        description="Countries (ISO 3166 codes) or groups (EU, EEA) that regions must lie in; null = all.",
    )
    pins: Annotated[Mapping[SlotName, Pin], BeforeValidator(_unique_keys)] = Field(
        default_factory=dict, description="What a slot must be filled with."
    )
    require: Annotated[tuple[Requirement, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Features that offers must have: feature, or slot:feature."
    )
    managed_only: bool = Field(default=False, strict=True, description="Only services that the provider operates.")
    deployable_only: bool = Field(default=False, strict=True, description="Only offers that we can also deploy.")
    max_clouds: Whole = Field(default=3, ge=1, le=3, strict=True, description="At most so many providers at once.")
    egress_policy: EgressPolicy = Field(
        default="list",
        description="Prices of traffic that leaves a cloud: list prices, or what the EU Data Act grants.",
    )

    @field_validator("providers", "deny_providers")
    @classmethod
    def _in_order(cls, value: tuple[Provider, ...]) -> tuple[Provider, ...]:
        return tuple(provider for provider in PROVIDERS if provider in value)

    @field_validator("residency", "require")
    @classmethod
    def _distinct(cls, value: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        return None if value is None else tuple(dict.fromkeys(value))

    @field_validator("residency")
    @classmethod
    def _somewhere(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value == ():
            raise ValueError("an empty list allows no region; leave it out to allow all")
        return value

    @model_validator(mode="after")
    def _someone_is_left(self) -> Self:
        if not self.allowed_providers:
            raise ValueError(f"no provider is left; allow at least one of {', '.join(PROVIDERS)}")
        return self

    @property
    def allowed_providers(self) -> tuple[Provider, ...]:
        """The providers listed and not denied, in the usual order."""
        return tuple(p for p in self.providers if p not in self.deny_providers)

    @property
    def countries(self) -> frozenset[str] | None:
        """The countries that `residency` allows, groups spelled out; None = all."""
        if self.residency is None:
            return None
        return frozenset().union(*(countries_of(code) for code in self.residency))

    def allows_location(self, provider: Provider, region: str, country: str) -> bool:
        """Whether `region` of `provider`, which lies in `country`, may be used at all (pins aside)."""
        listed = self.regions.get(provider)
        countries = self.countries
        return (
            provider in self.allowed_providers
            and (listed is None or region in listed)
            and (countries is None or country in countries)
        )
