"""Solving workloads with the published model, one or thousands at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

import numpy as np

from twin2multicloud.model.errors import InfeasibleError
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.edt25.formulas import Costs, costs
from twin2multicloud.optimizer.edt25.prices import DATE, PRICES, VERSION, PaperPrices, content_hash
from twin2multicloud.optimizer.edt25.search import (
    CLOUDS,
    NO_LIMITS,
    IndexArray,
    Limits,
    artifact_rule,
    cheapest,
    total_of,
    transfers_of,
)
from twin2multicloud.optimizer.edt25.workload import UNUSED_FIELDS, BoolArray, FloatArray, PaperWorkloads

MODEL: Final = "edt25"

OFFERS: Final[Mapping[Slot, tuple[str, str]]] = {
    Slot.ACQUISITION: ("aws.iot-core", "azure.iot-hub"),
    Slot.PROCESSING: ("aws.lambda", "azure.functions"),
    Slot.HOT: ("aws.dynamodb", "azure.cosmos-db"),
    Slot.COOL: ("aws.s3-standard-ia", "azure.blob-cool"),
    Slot.ARCHIVE: ("aws.s3-glacier-deep-archive", "azure.blob-archive"),
    Slot.MANAGEMENT: ("aws.iot-twinmaker", "azure.digital-twins"),
    Slot.VISUALIZATION: ("aws.managed-grafana", "azure.managed-grafana"),
}
"""The one offer that each cloud has for a slot, (AWS, Azure)."""

REGIONS: Final = ("us-east-1", "eastus")
"""The artifact names no region; its prices are those of AWS's and Azure's first region in the eastern US."""

LINKS: Final = ((Slot.ACQUISITION, Slot.HOT), (Slot.HOT, Slot.COOL), (Slot.COOL, Slot.ARCHIVE))
"""The transfers that the model knows."""

HALF_A_CENT: Final = 0.005


@dataclass(frozen=True)
class Choice:
    """What fills a slot."""

    provider: Provider
    offer: str
    region: str


@dataclass(frozen=True)
class Transfer:
    """Data that moves from one slot to the next: GB (1024² KB) and USD per month, both on the chosen path."""

    source: Slot
    target: Slot
    gb_per_month: float
    usd: float


@dataclass(frozen=True)
class ArtifactChoice:
    """What the artifact's greedy rule chooses without any constraint, and its true cost in USD per month."""

    placement: Mapping[Slot, Choice]
    usd_per_month: float


@dataclass(frozen=True)
class EdtResult:
    """The cheapest placement of one workload under the published model. All money in USD per month, unrounded.

    `baselines` has the cost of each cloud alone: the paper's Azure-only total includes Azure Digital Twins even
    where 3D is needed, and GCP is None, since the model has no GCP. `slots` has every price, also of what was not
    chosen.
    """

    placement: Mapping[Slot, Choice]
    usd_per_month: float
    baselines: Mapping[Provider, float | None]
    slots: Mapping[Slot, Mapping[Provider, float]]
    links: tuple[Transfer, ...]
    artifact: ArtifactChoice
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EdtBatch:
    """The results of W workloads as arrays; `result` and `document` make one of them readable.

    `clouds` and `artifact_clouds` have shape (7, W) (0 AWS, 1 Azure), `feasible` (W,) is false where no placement
    obeys the limits. `unlimited_usd` is the optimum without limits.
    """

    needs_3d: BoolArray
    costs: Costs
    feasible: BoolArray
    clouds: IndexArray
    usd_per_month: FloatArray
    artifact_clouds: IndexArray
    artifact_usd_per_month: FloatArray
    unlimited_usd: FloatArray
    baselines: FloatArray
    unused_fields: Sequence[frozenset[str]]
    price_hash: str

    def __len__(self) -> int:
        return len(self.usd_per_month)

    def result(self, index: int) -> EdtResult:
        """One result. Raises `InfeasibleError` if no placement of that workload obeys the limits."""
        self._demand(index)
        rows = self._rows
        return EdtResult(
            placement=_choices(rows.clouds[index]),
            usd_per_month=rows.usd[index],
            baselines={
                Provider.AWS: rows.baselines[index][0],
                Provider.AZURE: rows.baselines[index][1],
                Provider.GCP: None,
            },
            slots={
                slot: dict(zip(CLOUDS, prices, strict=True))
                for slot, prices in zip(SLOTS, rows.slots[index], strict=True)
            },
            links=tuple(
                Transfer(source, target, rows.gigabytes[index], usd)
                for (source, target), usd in zip(LINKS, rows.transfers[index], strict=True)
            ),
            artifact=ArtifactChoice(_choices(rows.artifact_clouds[index]), rows.artifact_usd[index]),
            warnings=self._warnings(index),
        )

    def document(self, index: int) -> dict[str, Any]:
        """One result as plain JSON values, in the shape of `optimize --json`; it shares nothing with others.

        Raises `InfeasibleError` as `result` does.
        """
        self._demand(index)
        rows = self._rows
        aws, azure = rows.baselines[index]
        gigabytes = rows.gigabytes[index]
        return {
            "model": MODEL,
            "price_book": {"version": VERSION, "date": DATE, "hash": self.price_hash},
            "placement": _placement_document(rows.clouds[index]),
            "usd_per_month": rows.usd[index],
            "baselines": {"aws": aws, "azure": azure, "gcp": None},
            "slots": {
                name: {"aws": on_aws, "azure": on_azure}
                for name, (on_aws, on_azure) in zip(_SLOT_NAMES, rows.slots[index], strict=True)
            },
            "links": [
                {"from": source, "to": target, "gb_per_month": gigabytes, "usd": usd}
                for (source, target), usd in zip(_LINK_NAMES, rows.transfers[index], strict=True)
            ],
            "warnings": list(self._warnings(index)),
            "artifact": {
                "placement": _placement_document(rows.artifact_clouds[index]),
                "usd_per_month": rows.artifact_usd[index],
            },
        }

    def json_line(self, index: int) -> str:
        """`document` as JSON text on one line, several times faster than building and dumping the dictionary.

        Raises `InfeasibleError` as `result` does.
        """
        self._demand(index)
        rows = self._rows
        aws, azure = rows.baselines[index]
        gigabytes, moved, priced = rows.gigabytes[index], rows.transfers[index], rows.slots[index]
        slots = ", ".join(
            [
                f'"{name}": {{"aws": {prices[0]!r}, "azure": {prices[1]!r}}}'
                for name, prices in zip(_SLOT_NAMES, priced, strict=True)
            ]
        )
        links = ", ".join(
            [
                f'{{"from": "{source}", "to": "{target}", "gb_per_month": {gigabytes!r}, "usd": {usd!r}}}'
                for (source, target), usd in zip(_LINK_NAMES, moved, strict=True)
            ]
        )
        return (
            f'{{"model": "{MODEL}", '
            f'"price_book": {{"version": "{VERSION}", "date": "{DATE}", "hash": "{self.price_hash}"}}, '
            f'"placement": {_placement_json(tuple(rows.clouds[index]))}, "usd_per_month": {rows.usd[index]!r}, '
            f'"baselines": {{"aws": {aws!r}, "azure": {azure!r}, "gcp": null}}, '
            f'"slots": {{{slots}}}, "links": [{links}], "warnings": {_warnings_json(self._warnings(index))}, '
            f'"artifact": {{"placement": {_placement_json(tuple(rows.artifact_clouds[index]))}, '
            f'"usd_per_month": {rows.artifact_usd[index]!r}}}}}'
        )

    def documents(self) -> Iterator[dict[str, Any]]:
        """Every result as plain JSON values, in order. Raises `InfeasibleError` at the first that has none."""
        return (self.document(index) for index in range(len(self)))

    def _demand(self, index: int) -> None:
        if not self.feasible[index]:
            rule = " and 3D needs IoT TwinMaker, so L4 must be on aws" if self.needs_3d[index] else ""
            raise InfeasibleError(
                "no placement of the published model satisfies the constraints: it knows only aws and azure, and "
                f"L2 is always on the cloud of L3.hot{rule}"
            )

    def _warnings(self, index: int) -> tuple[str, ...]:
        found: list[str] = []
        rows = self._rows
        extra = rows.usd[index] - rows.unlimited_usd[index]
        if extra > HALF_A_CENT:
            found.append(
                f"the constraints add ${extra:,.2f} / month to the optimum of "
                f"${rows.unlimited_usd[index]:,.2f}; the artifact's placement ignores them"
            )
        if rows.needs_3d[index]:
            found.append(
                "the Azure-only total includes Azure Digital Twins, as the paper's does, although 3D needs "
                "IoT TwinMaker: it is a comparison, not a placement to choose"
            )
        if self.unused_fields[index]:
            names = ", ".join(sorted(self.unused_fields[index]))
            found.append(f"the published model does not know {names}")
        return tuple(found)

    @cached_property
    def _rows(self) -> _Rows:
        return _Rows(
            needs_3d=self.needs_3d.tolist(),
            clouds=self.clouds.T.tolist(),
            usd=self.usd_per_month.tolist(),
            unlimited_usd=self.unlimited_usd.tolist(),
            baselines=self.baselines.T.tolist(),
            slots=np.moveaxis(self.costs.slots, 2, 0).tolist(),
            gigabytes=self.costs.volumes.gigabytes.tolist(),
            transfers=transfers_of(self.costs, self.clouds).T.tolist(),
            artifact_clouds=self.artifact_clouds.T.tolist(),
            artifact_usd=self.artifact_usd_per_month.tolist(),
        )


@dataclass(frozen=True, eq=False)
class _Rows:
    """The batch as Python lists, one entry per workload: reading single values out of arrays is slow."""

    needs_3d: list[bool]
    clouds: list[list[int]]
    usd: list[float]
    unlimited_usd: list[float]
    baselines: list[list[float]]
    slots: list[list[list[float]]]
    gigabytes: list[float]
    transfers: list[list[float]]
    artifact_clouds: list[list[int]]
    artifact_usd: list[float]


def solve(
    workloads: Sequence[Workload] | PaperWorkloads, limits: Limits = NO_LIMITS, prices: PaperPrices = PRICES
) -> EdtBatch:
    """Solve all `workloads` at once, exactly.

    A workload for which nothing obeys `limits` does not stop the others: ask `EdtBatch.feasible`. Needs about
    2 KB of memory per workload while it runs, so very long batches are better solved in pieces.
    """
    if isinstance(workloads, PaperWorkloads):
        paper = workloads
        unused: Sequence[frozenset[str]] = [frozenset()] * len(paper)
    else:
        paper = PaperWorkloads.from_workloads(workloads)
        unused = [UNUSED_FIELDS & workload.model_fields_set for workload in workloads]
    priced = costs(paper, prices)
    best, _ = cheapest(priced, paper.needs_3d)
    unlimited = total_of(priced, best)
    if limits.binding:
        clouds, feasible = cheapest(priced, paper.needs_3d, limits)
        usd = total_of(priced, clouds)
    else:
        clouds, feasible, usd = best, np.ones(len(paper), dtype=np.bool_), unlimited
    greedy = artifact_rule(priced, paper.needs_3d)
    alone = [np.full((len(SLOTS), len(paper)), cloud, dtype=np.intp) for cloud in range(len(CLOUDS))]
    return EdtBatch(
        needs_3d=paper.needs_3d,
        costs=priced,
        feasible=feasible,
        clouds=clouds,
        usd_per_month=usd,
        artifact_clouds=greedy,
        artifact_usd_per_month=total_of(priced, greedy),
        unlimited_usd=unlimited,
        baselines=np.stack([total_of(priced, cloud) for cloud in alone]),
        unused_fields=unused,
        price_hash=content_hash(prices),
    )


_SLOT_NAMES: Final = tuple(slot.value for slot in SLOTS)
_LINK_NAMES: Final = tuple((source.value, target.value) for source, target in LINKS)
_CHOICES: Final = tuple(
    tuple(Choice(cloud, offer, region) for cloud, offer, region in zip(CLOUDS, OFFERS[slot], REGIONS, strict=True))
    for slot in SLOTS
)


def _choices(clouds: Sequence[int]) -> dict[Slot, Choice]:
    return {slot: _CHOICES[row][cloud] for row, (slot, cloud) in enumerate(zip(SLOTS, clouds, strict=True))}


def _placement_document(clouds: Sequence[int]) -> dict[str, dict[str, str]]:
    return {
        name: {"provider": choice.provider.value, "offer": choice.offer, "region": choice.region}
        for name, choices, cloud in zip(_SLOT_NAMES, _CHOICES, clouds, strict=True)
        for choice in (choices[cloud],)
    }


@cache
def _placement_json(clouds: tuple[int, ...]) -> str:
    # One of 2⁷ at most, each used by very many workloads of a batch.
    return json.dumps(_placement_document(clouds))


def _warnings_json(warnings: tuple[str, ...]) -> str:
    return json.dumps(warnings) if warnings else "[]"
