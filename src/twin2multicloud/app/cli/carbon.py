"""`carbon`: what the cheapest placement of a twin emits, line by line, and what of its bill nobody can say that of."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.optimize import read_workload
from twin2multicloud.app.cli.tables import plain_table
from twin2multicloud.app.cli.terminal import STYLES, output, print_json, printable
from twin2multicloud.app.report.figures import cents_of, dollars, grams_text, quantity, share
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.carbon.as_json import footprint_json
from twin2multicloud.optimizer.carbon.factors import Factors, load_factors
from twin2multicloud.optimizer.carbon.footprint import Footprint, footprint
from twin2multicloud.optimizer.pricing.book import PriceBook

_SHOWN = 12
"""Lines of either kind in the terminal; all of them are in the JSON."""


def carbon(workload: str, book: BookChoice, json_output: bool) -> int:
    """Place a workload under its own constraints, and tell what that emits."""
    document, title = read_workload(workload)
    prices, factors = book.read(), load_factors()
    result = BillOptimizer(prices, document.constraints, document.assumptions).optimize(
        document.workload, alternatives=False
    )
    found = footprint(result.invoice, result.placement, prices.meters, factors)
    if json_output:
        placed: dict[str, Any] = {"placement": placement_json(result.placement), "usd_per_month": result.usd_per_month}
        print_json({**placed, **footprint_json(found, factors)})
        return 0
    with output() as console:
        _print(console, title, found, factors, prices)
    return 0


def _print(console: Console, title: str, found: Footprint, factors: Factors, book: PriceBook) -> None:
    grams = found.gco2e_per_month
    console.print(Text(printable(title), "bold"))
    if grams is None:
        console.print(Text(f"not known: nobody publishes the grid's figure for {', '.join(found.unknown_regions)}"))
    else:
        console.print(
            Text.assemble(
                (f"{grams_text(grams)} / month", "bold"), f" (estimate), of {quantity(found.kwh_per_month)} kWh"
            )
        )
    console.print()
    table = plain_table()
    for name in ("modelled", "region", "quantity", "kWh"):
        table.add_column(name, justify="right" if name == "kWh" else "left")
    table.add_column("gCO2e/month", justify="right")
    for line in found.lines[:_SHOWN]:
        name = book.meters[line.what].dimension if line.what in book.meters else f"traffic {line.what}"
        cells = (line.region, f"{quantity(line.quantity)} {line.unit}", quantity(line.kwh_per_month))
        table.add_row(Text(name, STYLES[line.provider]), *cells, quantity(line.gco2e_per_month))
    console.print(table)
    if len(found.lines) > _SHOWN:
        console.print(Text(f"and {len(found.lines) - _SHOWN} more, of less each", "dim"))
    console.print()
    console.print(
        Text.assemble(
            ("Not modelled", "bold"),
            f", since nobody publishes a coefficient: {share(found.not_modelled_share, 1.0)} of the bill of "
            f"{dollars(cents_of(found.usd_per_month))}",
        )
    )
    missing = plain_table()
    missing.add_column("meter")
    missing.add_column("region")
    missing.add_column("$/month", justify="right")
    for rest in found.not_modelled[:_SHOWN]:
        meter = book.meters[rest.meter]
        missing.add_row(Text(f"{meter.service}: {meter.dimension}"), rest.region, dollars(cents_of(rest.usd)))
    console.print(missing)
    if len(found.not_modelled) > _SHOWN:
        console.print(Text(f"and {len(found.not_modelled) - _SHOWN} more", "dim"))
    console.print()
    grids = (factors.grid(line.provider, line.region) for line in found.lines)
    cited = [line.source for line in found.lines] + [grid.source for grid in grids if grid is not None and grid.source]
    for key in dict.fromkeys(cited):
        source = factors.sources[key]
        console.print(Text(f"{source.title} ({source.year})", "dim"))
