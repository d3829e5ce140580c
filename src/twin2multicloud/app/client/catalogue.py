"""What there is to choose from: workloads, offers, regions; and whether a text is sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.catalogue import (
    Checked,
    DefinitionField,
    Offer,
    Offers,
    Region,
    Regions,
    WorkloadDetail,
    WorkloadSummary,
)
from twin2multicloud.app.schemas.common import Page

if TYPE_CHECKING:
    from twin2multicloud.app.schemas.questions import DefinitionInput

_WORKLOADS: Final = "/api/v1/workloads"


class Catalogue:
    """`/api/v1/workloads`, `/definitions`, `/offers` and `/regions`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def workloads(self) -> Sequence[WorkloadSummary]:
        """The built-in workloads, smallest first."""
        return self._http.get(_WORKLOADS, Page[WorkloadSummary]).items

    def workload(self, name: str) -> WorkloadDetail:
        """One of them, and the files of a twin to start from."""
        return self._http.get(f"{_WORKLOADS}/{quote(name, safe='')}", WorkloadDetail)

    def fields(self) -> Sequence[DefinitionField]:
        """Every field of a twin's definition with its meaning, unit, default and range, for forms and hints."""
        return self._http.get("/api/v1/definitions/fields", Page[DefinitionField]).items

    def check(self, given: DefinitionInput) -> Checked:
        """Everything that is wrong with the text of a twin or a workload, with lines, and what it describes."""
        return self._http.send("POST", "/api/v1/definitions/check", Checked, body=given, harmless=True)

    def offers(
        self,
        *,
        slot: str | None = None,
        provider: str | None = None,
        feature: str | None = None,
        deployable: bool | None = None,
        region: str | None = None,
    ) -> Sequence[Offer]:
        """What each cloud has for each slot or layer, and where all its prices are known. With `region` each offer of
        that cloud tells whether it can be had there.
        """
        query = {"slot": slot, "provider": provider, "feature": feature, "deployable": deployable, "region": region}
        return self._http.get("/api/v1/offers", Offers, **query).items

    def regions(self, *, provider: str | None = None, complete: bool | None = None) -> Sequence[Region]:
        """The regions of the price book; `complete`: whether every slot can be filled there."""
        return self._http.get("/api/v1/regions", Regions, provider=provider, complete=complete).items
