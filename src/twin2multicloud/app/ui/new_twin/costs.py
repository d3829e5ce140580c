"""What the twin that is being written would cost: the cheapest mix of clouds against each cloud alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.schemas.answers import Choice, CompareCase, CompareResult
from twin2multicloud.app.schemas.catalogue import PricesInUse
from twin2multicloud.app.schemas.questions import Case, CompareInput, ConstraintOptions
from twin2multicloud.app.ui.new_twin.editor import Editor
from twin2multicloud.model.errors import InfeasibleError, InvalidInputError, Twin2MultiCloudError
from twin2multicloud.model.formats import Format
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot

PRICED: Final = ("workload", "constraints", "assumptions", "devices")
"""The sections that decide what a twin costs."""
_DEPLOYABLE: Final = ConstraintOptions(deployable_only=True)


@dataclass(frozen=True)
class SlotCost:
    """A slot in the cheapest mix, and what each cloud alone would take for it (None: cannot be)."""

    slot: Slot
    choice: Choice
    usd: float
    alone: Mapping[Provider, float | None]


@dataclass(frozen=True)
class MeterCost:
    """A meter of the cheapest mix."""

    service: str
    dimension: str
    provider: Provider
    region: str
    usd: float
    quantity: float
    unit: str


@dataclass(frozen=True)
class Costs:
    """The cheapest mix (`usd` a month) and each cloud alone: its price, or why it cannot be."""

    usd: float
    alone: Mapping[Provider, float | None]
    why_not: Mapping[Provider, str]
    slots: tuple[SlotCost, ...]
    meters: tuple[MeterCost, ...]
    links_usd: float
    links: int
    """Between clouds."""
    routes: int
    """Between regions of one cloud, whose traffic is in `links_usd`, too."""
    clouds: tuple[Provider, ...]
    warnings: tuple[str, ...]
    prices: PricesInUse

    @property
    def best_alone(self) -> tuple[Provider, float] | None:
        """The cheapest cloud alone."""
        priced = [(usd, provider) for provider, usd in self.alone.items() if usd is not None]
        if not priced:
            return None
        usd, provider = min(priced)
        return provider, usd

    @property
    def saving(self) -> float | None:
        """The share of the best cloud's price that the mix saves."""
        best = self.best_alone
        return None if best is None or best[1] <= 0 else max(0.0, 1 - self.usd / best[1])


def asked(editor: Editor) -> tuple[str, Format | None]:
    """What the optimizer is asked about."""
    return editor.written.text, editor.written.format


def key(editor: Editor) -> Any:
    """What the price depends on: as long as this is the same, so is the price."""
    return {name: editor.value[name] for name in PRICED if name in editor.value}


def ask(api: Client, source: str, form: Format | None) -> Costs:
    """What it costs. Raises `InfeasibleError` where nothing satisfies the constraints, `InvalidInputError` where the
    workload or the constraints cannot be read.
    """
    cases = [Case(label="mix", constraints=_DEPLOYABLE)]
    cases += [
        Case(label=each.value, constraints=ConstraintOptions(deployable_only=True, providers=[each.value]))
        for each in PROVIDERS
    ]
    result = api.optimizer.compare(CompareInput(source=source, format=form, cases=cases))
    return _costs(result, api.prices.identity())


def _costs(result: CompareResult, prices: PricesInUse) -> Costs:
    mix, *singles = result.cases
    if mix.placement is None or mix.usd_per_month is None:
        raise InfeasibleError(mix.error.detail if mix.error is not None else "")
    alone = dict(zip(PROVIDERS, singles, strict=True))
    slots = {row["slot"]: row["usd"] for row in result.slots}
    links = [row["usd"][0] or 0.0 for row in result.links]
    return Costs(
        usd=mix.usd_per_month,
        alone={provider: case.usd_per_month for provider, case in alone.items()},
        why_not={provider: _why(case) for provider, case in alone.items() if case.error is not None},
        slots=tuple(
            SlotCost(
                slot,
                mix.placement[slot.value],
                slots[slot.value][0],
                dict(zip(PROVIDERS, slots[slot.value][1:], strict=True)),
            )
            for slot in SLOTS
        ),
        meters=_meters(result),
        links_usd=sum(links),
        links=sum(link.crosses == "cloud" for link in mix.links),
        routes=sum(link.crosses != "cloud" for link in mix.links),
        clouds=tuple(each for each in PROVIDERS if any(c.provider == each for c in mix.placement.values())),
        warnings=tuple(mix.warnings),
        prices=prices,
    )


def _meters(result: CompareResult) -> tuple[MeterCost, ...]:
    found = [
        MeterCost(
            row["service"],
            row["dimension"],
            Provider(row["provider"]),
            row["region"],
            row["usd"][0],
            row["quantity"][0],
            row["unit"],
        )
        for row in result.meters
        if row["usd"][0]
    ]
    return tuple(sorted(found, key=lambda meter: -meter.usd))


def _why(case: CompareCase) -> str:
    """Why a cloud alone cannot do it, in one sentence; what could be given up for it is not asked here."""
    lines = case.error.detail.splitlines() if case.error is not None else []
    return lines[0].split("; ", 1)[-1] if lines else ""


def explained(error: Twin2MultiCloudError) -> tuple[str, ...]:
    """An error of the optimizer, line by line."""
    if isinstance(error, InvalidInputError | BackendError) and error.findings:
        return tuple(str(each) for each in error.findings)
    return tuple(line.strip() for line in str(error).splitlines() if line.strip())
