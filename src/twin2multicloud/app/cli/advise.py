"""`advise`: which moves of a deployed twin pay, and when."""

from __future__ import annotations

from typing import Literal

from rich.text import Text

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.records import dollars
from twin2multicloud.app.cli.terminal import output, printable
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.advice import Advice, Way
from twin2multicloud.model.payback import when_back


def advise(
    client: Client,
    name: str,
    target: Literal["clouds", "sandbox"] | None,
    horizon_months: float | None,
    messages: float | None,
    json_output: bool,
) -> int:
    """Ask for the advice about a kept twin and show it."""
    found = client.twins.advice(
        client.twins.find(name), target=target, horizon_months=horizon_months, messages=messages
    )
    if json_output:
        records.print_model(found)
        return 0
    mark = "→" if found.worth else "✓"
    with output() as console:
        console.print(Text(printable(f"{mark} {name}: {found.reason}"), "bold" if found.worth else ""))
        if found.observed is not None:
            told = f"{found.observed:.3g} messages come for each one that the definition says; this is for as many"
            console.print(Text(told, "dim"))
    if found.proposed is not None:
        _print_moves(found.proposed)
    _print_ways(found)
    if found.worth and found.proposed is not None:
        with output() as console:
            console.print()
            for move in found.proposed.moves:
                command = f"twin2multicloud move {name} --slot {move.slot} --to {move.target}"
                console.print(Text(printable(command)), soft_wrap=True)
    return 0


def _print_moves(way: Way) -> None:
    rows = []
    for move in way.moves:
        dearest = max(move.costs, key=lambda cost: cost.usd, default=None)
        most = records.NONE if dearest is None or dearest.usd < 0.005 else f"{dearest.what} {dollars(dearest.usd)}"
        rows.append((move.slot, move.source, move.target, dollars(move.usd_once), f"{move.held_s:,.0f} s", most))
    records.print_table(("slot", "from", "to", ">once", ">writers wait", "most of it"), rows, "")


def _print_ways(found: Advice) -> None:
    ways = [way for way in (found.proposed, *found.others) if way is not None]
    if not ways:
        return
    with output() as console:
        console.print()
    records.print_table(
        ("moves", ">saves / month", ">costs once", ">back", f">left at {found.horizon_months:g} months"),
        (
            (
                ", ".join(way.slots),
                dollars(way.saving_usd_per_month),
                dollars(way.usd_once)
                + ("" if not way.missing_prices else f" and {way.missing_prices} without a price"),
                records.NONE if way.payback_months is None else when_back(way.payback_months),
                dollars(way.left_usd),
            )
            for way in ways
        ),
        "",
    )
