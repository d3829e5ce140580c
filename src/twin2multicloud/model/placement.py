"""A placement: for each of the seven slots the offer that fills it and where."""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel, model_validator

from twin2multicloud.model.names import parse_provider, parse_region, parse_slot, shown
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot


class SlotChoice(BaseModel):
    """One offer in one region. `offer` is the offer's identifier, `<provider>.<name>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Annotated[Provider, BeforeValidator(parse_provider)]
    offer: str
    region: Annotated[str, BeforeValidator(parse_region)]

    @model_validator(mode="after")
    def _offer_is_the_providers(self) -> Self:
        prefix, dot, name = self.offer.partition(".")
        if prefix != self.provider.value or not dot or not name:
            raise ValueError(
                f"offer {shown(self.offer)} is not one of {self.provider.value}: an offer is "
                f"'{self.provider.value}.<name>'"
            )
        return self

    def __str__(self) -> str:
        return f"{self.offer}@{self.region}"


class Placement(RootModel[dict[Annotated[Slot, BeforeValidator(parse_slot)], SlotChoice]]):
    """Slot → choice for all seven slots, in the slots' order. Immutable, comparable, hashable.

    Its JSON form is `{slot: {provider, offer, region}}`.
    """

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [slot.value for slot in SLOTS if slot not in self.root]
        if missing:
            raise ValueError(f"a placement fills all seven slots; missing: {', '.join(missing)}")
        ordered = {slot: self.root[slot] for slot in SLOTS}
        self.root.clear()
        self.root.update(ordered)
        return self

    def __getitem__(self, slot: Slot) -> SlotChoice:
        return self.root[slot]

    def __hash__(self) -> int:
        return hash(tuple(self.root.values()))

    def items(self) -> ItemsView[Slot, SlotChoice]:
        """(slot, choice) pairs in the slots' order."""
        return self.root.items()

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers in use, in the usual order."""
        used = {choice.provider for choice in self.root.values()}
        return tuple(provider for provider in PROVIDERS if provider in used)

    def differing(self, other: Placement) -> tuple[Slot, ...]:
        """The slots that another placement fills otherwise: elsewhere, or by another offer at the same place."""
        return tuple(slot for slot, choice in self.root.items() if choice != other[slot])

    def with_choice(self, slot: Slot, choice: SlotChoice) -> Placement:
        """The same placement with one slot filled differently."""
        return Placement({**self.root, slot: choice})
