"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.model.slots import PROVIDERS, SLOTS


def complete_workload(incomplete: str) -> list[tuple[str, str]]:
    """Built-in scenarios for the shell; files are the shell's own to complete."""
    from twin2multicloud.model.scenarios import SCENARIOS

    return [(s.name, s.title) for s in SCENARIOS if s.name.startswith(incomplete)]


def complete_provider(incomplete: str) -> list[tuple[str, str]]:
    """Providers for the shell."""
    return [(p.value, p.label) for p in PROVIDERS if p.value.startswith(incomplete)]


def complete_slot(incomplete: str) -> list[tuple[str, str]]:
    """Slots for the shell."""
    return [(s.value, s.label) for s in SLOTS if s.value.casefold().startswith(incomplete.casefold())]


def complete_pin(incomplete: str) -> list[str]:
    """`slot=provider` and `slot=offer` for the shell."""
    slot, equals, what = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name, _ in complete_slot(slot)]
    from twin2multicloud.blueprint.catalog import OFFERS

    offers = [offer.id for offer in OFFERS if offer.slot.value == slot]
    return [f"{slot}={name}" for name in [*PROVIDERS, *offers] if name.startswith(what)]


JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of tables.")]
PricesOption = Annotated[
    str | None,
    typer.Option(
        "--prices",
        metavar="DIR",
        help="Directory of a price book of your own, or `bundled`; default: the newest book of this machine.",
    ),
]

TwinArgument = Annotated[
    str,
    typer.Argument(
        metavar="TWIN",
        help="A twin's file, a built-in scenario's name, or - for standard input.",
        autocompletion=complete_workload,
    ),
]
