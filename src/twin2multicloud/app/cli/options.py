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

# ── What a placement has to keep to ─────────────────────────────────────────────────────────────────────────
RegionsOption = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="CLOUD=REGION,…", help="Regions that may be used, such as aws=eu-central-1."),
]
ProvidersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--providers",
        metavar="CLOUD,…",
        help="Clouds that may be used: aws, azure, gcp.",
        autocompletion=complete_provider,
    ),
]
DenyOption = Annotated[
    list[str] | None,
    typer.Option("--deny", metavar="CLOUD,…", help="Clouds that may not be used.", autocompletion=complete_provider),
]
ResidencyOption = Annotated[
    list[str] | None,
    typer.Option("--residency", metavar="CODE,…", help="Where data may lie: EU, EEA or country codes."),
]
PinOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pin",
        metavar="SLOT=WHAT",
        help="What fills a slot: cloud, offer, either with @region; L3.hot=aws. The rest is optimized.",
        autocompletion=complete_pin,
    ),
]
MaxCloudsOption = Annotated[
    int | None, typer.Option("--max-clouds", metavar="N", help="At most so many clouds, 1 to 3.")
]
