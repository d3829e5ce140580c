"""The seven slots of a digital twin, the five layers they belong to, and the three providers."""

from __future__ import annotations

from enum import StrEnum


class Provider(StrEnum):
    """A cloud, in the one spelling used everywhere."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"

    @property
    def label(self) -> str:
        """The name a person reads."""
        return {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}[self.value]


class Slot(StrEnum):
    """One place of the twin's architecture that exactly one offer of one cloud fills."""

    ACQUISITION = "L1"
    PROCESSING = "L2"
    HOT = "L3.hot"
    COOL = "L3.cool"
    ARCHIVE = "L3.archive"
    MANAGEMENT = "L4"
    VISUALIZATION = "L5"

    @property
    def layer(self) -> str:
        """The layer's number, `L1` … `L5`."""
        return self.value.split(".")[0]

    @property
    def label(self) -> str:
        """The name a person reads."""
        return _LABELS[self]


_LABELS = {
    Slot.ACQUISITION: "Acquisition",
    Slot.PROCESSING: "Processing",
    Slot.HOT: "Storage · hot",
    Slot.COOL: "Storage · cool",
    Slot.ARCHIVE: "Storage · archive",
    Slot.MANAGEMENT: "Management",
    Slot.VISUALIZATION: "Visualization",
}

SLOTS: tuple[Slot, ...] = tuple(Slot)
PROVIDERS: tuple[Provider, ...] = tuple(Provider)
