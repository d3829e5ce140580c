"""What `twins optimize` and `twins place` do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import clouds_text, dollars
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.placements import PlacementInput, ProposalInput
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Provider


@dataclass(frozen=True)
class ProposalRequest:
    """What was asked for."""

    twin: str
    providers: tuple[str, ...]
    deny: tuple[str, ...]
    residency: tuple[str, ...]
    max_clouds: int | None
    take: bool
    json_output: bool


@dataclass(frozen=True)
class PlaceRequest:
    """What was asked for."""

    twin: str
    choices: tuple[str, ...]
    proposal: str | None
    drop: tuple[str, ...]
    note: str
    json_output: bool


def optimize(client: Client, request: ProposalRequest) -> int:
    """`twins optimize`."""
    twin = client.twins.get(client.twins.find(request.twin))
    constraints: dict[str, Any] = {
        "providers": _words(request.providers),
        "deny": _words(request.deny),
        "residency": _words(request.residency),
        "max_clouds": request.max_clouds,
    }
    given = {name: value for name, value in constraints.items() if value}
    found = client.twins.propose(twin.id, ProposalInput.model_validate({"constraints": given}))
    if request.take:
        taken = client.twins.place(twin.id, PlacementInput(optimization=found.id), twin.version)
        if request.json_output:
            records.print_model({"proposal": found.model_dump(mode="json"), "taken": taken.model_dump(mode="json")})
            return 0
    elif request.json_output:
        records.print_model(found)
        return 0
    _print(found.result["placement"], found.result.get("slot_usd", {}))
    say(f"{dollars(found.usd_per_month)} a month; the cheapest that can be deployed under these constraints")
    if request.take:
        say(f"✓ {twin.name} is placed so")
    else:
        say(f"`twin2multicloud twins place {twin.name} --proposal {found.id}` places it so")
    return 0


def place(client: Client, request: PlaceRequest) -> int:
    """`twins place`."""
    twin = client.twins.get(client.twins.find(request.twin))
    given: dict[str, Any] = {
        "optimization": request.proposal,
        "overrides": dict(_choice(each) for each in request.choices),
        "drop": list(request.drop),
        "note": request.note,
    }
    given = {name: value for name, value in given.items() if value}
    if not given.keys() - {"note"}:
        raise UsageError("say what to change: SLOT=WHAT, --proposal ID or --drop SLOT")
    answer = client.twins.place(twin.id, PlacementInput.model_validate(given), twin.version)
    if request.json_output:
        records.print_model(answer)
        return 0
    _print(answer.model_dump(mode="json")["placement"], {})
    told = "the cheapest" if answer.optimal else f"{dollars(answer.extra_usd)} more than the cheapest"
    say(f"✓ {twin.name} is at version {answer.twin.number}: {dollars(answer.usd_per_month)} a month, {told}")
    if answer.warning is not None:
        say(f"▲ {answer.warning}")
    return 0


def _words(given: tuple[str, ...]) -> list[str]:
    return [word.strip() for each in given for word in each.split(",") if word.strip()]


def _choice(text: str) -> tuple[str, str]:
    slot, equals, what = text.partition("=")
    if not equals or not slot or not what:
        raise UsageError(f"'{text[:60]}' is no SLOT=WHAT such as L3.hot=azure")
    return slot, what


def _print(placement: Mapping[str, Any], usd: Mapping[str, float]) -> None:
    records.print_table(
        ("slot", "cloud", "offer", "region", *((">per month",) if usd else ())),
        (
            (
                slot.value,
                clouds_text([Provider(placement[slot.value]["provider"])]),
                placement[slot.value]["offer"],
                placement[slot.value]["region"],
                *((dollars(usd.get(slot.value)),) if usd else ()),
            )
            for slot in SLOTS
        ),
        "",
    )
