"""The `prices` commands: show a book's figures, explain one meter, validate a book, compare two.

Each returns its exit code and prints to standard output; what is validated or compared is a directory or `bundled`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.books import BUNDLED_NAME, NEWEST_BOOK, BookChoice

if TYPE_CHECKING:
    from rich.console import Console

    from twin2multicloud.optimizer.pricing.book import PriceBook
    from twin2multicloud.optimizer.pricing.diff import BookDiff, TierChange
    from twin2multicloud.optimizer.pricing.meters import Figure, Meter


def open_book(name: str = BUNDLED_NAME) -> PriceBook:
    """The bundled book, or the one in directory `name`; raises `InvalidInputError` with all its faults."""
    return BookChoice(name).read()


def show(
    provider: str | None = None,
    region: str | None = None,
    service: str | None = None,
    meter: str | None = None,
    json_output: bool = False,
    choice: BookChoice = NEWEST_BOOK,
    console: Console | None = None,
) -> int:
    """List the figures of a book, filtered by provider, region, and parts of the service's or meter's name."""
    from twin2multicloud.app.optimizing.meters import figure_json, identity
    from twin2multicloud.model.errors import UsageError
    from twin2multicloud.model.slots import PROVIDERS

    prices = choice.read()
    if provider is not None and provider not in [p.value for p in PROVIDERS]:
        raise UsageError(f"unknown provider '{provider}' (one of {', '.join(PROVIDERS)})")
    if region is not None:
        prices.region(region)
    chosen = [
        figure
        for figure in prices.figures()
        if (provider is None or prices.meter(figure.meter).provider == provider)
        and (region is None or figure.region == region)
        and (service is None or service.lower() in prices.meter(figure.meter).service.lower())
        and (meter is None or meter.lower() in figure.meter)
    ]
    if json_output:
        _print_json({"price_book": identity(prices), "figures": [figure_json(prices, f) for f in chosen]})
        return 0
    _show_table(prices, chosen, _console(console))
    return 0


def explain(
    meter_id: str,
    region: str | None = None,
    quantity: float | None = None,
    policy: str = "list",
    json_output: bool = False,
    choice: BookChoice = NEWEST_BOOK,
    console: Console | None = None,
) -> int:
    """State a meter's rule and price with its source; with `quantity` (in units) the worked bill, tier by tier.

    Without `region` every region's price is listed. Exit code 5 when the price is missing in `region`.
    """
    import math

    from twin2multicloud.app.optimizing.meters import explained
    from twin2multicloud.model.errors import UsageError

    prices = choice.read()
    meter = prices.meter(meter_id)
    if quantity is not None and not (math.isfinite(quantity) and quantity >= 0):
        raise UsageError(f"--quantity is a number of {meter.unit}, finite and not negative; got {quantity}")
    if quantity is not None and region is None:
        raise UsageError("--quantity needs --region: prices differ by region")
    found = explained(prices, meter_id, region, quantity, policy)
    if json_output:
        _print_json(found.as_json())
    else:
        _explain_text(prices, meter, found.figures, found.missing, found.lines, quantity, _console(console))
    return 5 if region is not None and not found.figures else 0


def validate(paths: Sequence[str] = (), json_output: bool = False, console: Console | None = None) -> int:
    """Check books (directories or `bundled`) in full; exit code 4 when one has a fault."""
    from pathlib import Path

    from twin2multicloud.optimizer.pricing.book import validate_book

    faults = {name: validate_book(None if name == BUNDLED_NAME else Path(name)) for name in (paths or (BUNDLED_NAME,))}
    if json_output:
        _print_json({name: [asdict(finding) for finding in found] for name, found in faults.items()})
    else:
        out = _console(console)
        for name, found in faults.items():
            if found:
                out.print(f"{name}: {len(found)} fault{'s' if len(found) > 1 else ''}", style="bold", markup=False)
            else:
                prices = open_book(name)
                count = sum(1 for _ in prices.figures())
                out.print(f"{name}: sound. {_headline(prices)}, {count} prices", markup=False)
            for finding in found:
                value = f" (got {finding.value})" if finding.value else ""
                out.print(f"  {finding}{value}", markup=False, highlight=False)
    return 4 if any(faults.values()) else 0


def diff(before: str, after: str, json_output: bool = False, console: Console | None = None) -> int:
    """Compare two books; exit code 0 whether or not they differ."""
    from twin2multicloud.app.optimizing.meters import diff_json, identity
    from twin2multicloud.optimizer.pricing.diff import diff_books

    a, b = open_book(before), open_book(after)
    changes = diff_books(a, b)
    if json_output:
        _print_json({"before": identity(a), "after": identity(b), **diff_json(changes)})
    else:
        _diff_text(a, b, changes, _console(console))
    return 0


# -- rendering ---------------------------------------------------------------------------------------------------


def _show_table(prices: PriceBook, figures: Sequence[Figure], out: Console) -> None:
    from rich.table import Table

    rows: dict[tuple[Any, ...], list[str]] = {}
    for figure in figures:
        same = (figure.meter, figure.policy, figure.starts, figure.published, figure.per, figure.confidence)
        rows.setdefault((*same, figure.date), []).append(figure.region)
    table = Table(title=_headline(prices), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("meter", no_wrap=True)
    table.add_column("region")
    table.add_column("price")
    table.add_column("", no_wrap=True)
    table.add_column("date", no_wrap=True)
    for (meter_id, policy, starts, published, per, confidence, date), regions in rows.items():
        unit = prices.meter(meter_id).unit
        price = _tiers(starts, published, per, unit) + (f" [{policy}]" if policy != "list" else "")
        table.add_row(_plain(meter_id), _plain(_some(regions)), _plain(price), confidence, date)
    out.print(table)
    out.print("A recorded · B derived by a tool · C third party · D unverified or derived", style="dim")


def _explain_text(
    prices: PriceBook,
    meter: Meter,
    figures: Sequence[Figure],
    missing: Sequence[str],
    lines: Sequence[Sequence[dict[str, float]]],
    quantity: float | None,
    out: Console,
) -> None:
    out.print(meter.id, style="bold", highlight=False)
    primitives = f"cost primitive {meter.cost_primitive}, pricing primitive {meter.pricing_primitive}"
    _print_pairs(
        out,
        ("counts", f"{meter.dimension} ({meter.service})"),
        ("unit", f"{meter.unit}{_unit_note(meter)}"),
        ("charged", f"{meter.kind} ({primitives})"),
        ("pooled", _pool_note(meter)),
        ("book", _headline(prices)),
    )
    for number, figure in enumerate(figures):
        fallback = " (list price: the policy has no price of its own here)" if figure.fallback else ""
        out.print(f"\n{figure.region} · {figure.policy}{fallback}", style="bold", markup=False, highlight=False)
        source = prices.sources[meter.provider, figure.source]
        where = f", {source.url}" if source.url else ""
        steps = [f"in steps of {_number(figure.increment)}"] if figure.increment else []
        steps += [f"at least {_number(figure.minimum)}"] if figure.minimum else []
        _print_pairs(
            out,
            ("price", _tiers(figure.starts, figure.published, figure.per, meter.unit)),
            ("billed", f"{', '.join(steps)} {meter.unit}" if steps else ""),
            ("source", f"{figure.confidence}, {figure.date}: {source.title}{where}"),
            ("id there", figure.sku),
            ("note", figure.note),
        )
        if lines and quantity is not None:
            _print_worked(out, meter, quantity, lines[number])
    for reason in missing[: 3 if figures else len(missing)]:
        out.print(reason, markup=False, highlight=False)
    if figures and len(missing) > 3:
        out.print(f"… and no price in {len(missing) - 3} more regions", highlight=False)


def _print_worked(out: Console, meter: Meter, quantity: float, lines: Sequence[dict[str, float]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("from", "billed", "USD per unit", "USD"):
        table.add_column(heading, justify="right")
    for line in lines:
        cells = (_number(line[key]) for key in ("start", "units", "usd_per_unit"))
        table.add_row(*cells, f"{line['usd']:,.2f}")
    out.print(table)
    total = sum(line["usd"] for line in lines)
    sentence = f"{_number(quantity)} {meter.unit} cost ${total:,.2f} a month"
    out.print(sentence, style="bold", markup=False, highlight=False)


def _print_pairs(out: Console, *pairs: tuple[str, str]) -> None:
    """Label and text in two columns, long texts wrapped in theirs; pairs without a text are left out."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    for label, text in pairs:
        if text:
            grid.add_row(label, Text(text))
    out.print(grid, highlight=False)


def _diff_text(a: PriceBook, b: PriceBook, changes: BookDiff, out: Console) -> None:
    out.print(f"before  {_headline(a)}\nafter   {_headline(b)}", markup=False, highlight=False)
    if changes.empty:
        out.print("No price differs.")
        return
    for title, names in (
        ("meters added", changes.meters_added),
        ("meters removed", changes.meters_removed),
        ("regions added", changes.regions_added),
        ("regions removed", changes.regions_removed),
    ):
        if names:
            out.print(f"{title}: {', '.join(names)}", markup=False, highlight=False)
    for meter in changes.meters_changed:
        for name, was, now in meter.fields:
            out.print(f"{meter.meter} {name}: {was} → {now}", markup=False, highlight=False)
    for change in changes.figures:
        policy = f" [{change.policy}]" if change.policy != "list" else ""
        heading = f"{change.meter}{policy} {change.what} in {_some(change.regions)}"
        out.print(heading, style="bold", markup=False, highlight=False)
        unit = (b if change.meter in b.meters else a).meter(change.meter).unit
        for tier in change.tiers:
            out.print(f"  from {_number(tier.start)}: {_change(tier, unit)}", markup=False, highlight=False)
        for step in change.rounding:
            out.print(f"  {step}", markup=False, highlight=False)
    for sender, receiver, was_usd, now_usd in changes.transit:
        out.print(f"transit {sender} → {receiver}: {was_usd} → {now_usd} USD/GB", markup=False, highlight=False)


def _change(tier: TierChange, unit: str) -> str:
    from twin2multicloud.app.report.figures import unit_price

    was, now = ("none" if usd is None else unit_price(usd, unit) for usd in (tier.before_usd, tier.after_usd))
    share = "" if tier.relative is None else f" ({tier.relative:+.1%})"
    return f"{was} → {now}{share}"


def _headline(prices: PriceBook) -> str:
    return f"price book {prices.version} of {prices.date}, {prices.content_hash[:12]}"


def _tiers(starts: Sequence[float], published: Sequence[float], per: float, unit: str) -> str:
    block = f"per {_number(per)} {unit}" if per != 1 else f"per {unit}"
    if len(starts) == 1:
        return f"${_number(published[0])} {block}"
    parts = []
    for number, (start, price) in enumerate(zip(starts, published, strict=True)):
        text = "free" if price == 0 else f"${_number(price)}"
        last = number + 1 == len(starts)
        parts.append(f"{text} beyond {_number(start)}" if last else f"{text} to {_number(starts[number + 1])}")
    return f"{block}: {', '.join(parts)}"


def _number(value: float) -> str:
    """A plain decimal with thousands separated, never in powers of ten."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def _unit_note(meter: Meter) -> str:
    sizes = {
        "GB": " (GB: 10⁹ bytes)",
        "GiB": " (GiB: 2³⁰ bytes)",
        "TB": " (TB: 10¹² bytes)",
        "TiB": " (TiB: 2⁴⁰ bytes)",
    }
    notes = [sizes.get(meter.size, "")]
    if meter.chunk_bytes:
        notes.append(f"; an item counts once per started {meter.chunk_bytes:,} bytes")
    if meter.item_minimum_bytes:
        notes.append(f"; an item counts at least {meter.item_minimum_bytes:,} bytes")
    if meter.max_units:
        notes.append(f"; at most {meter.max_units:,g} units")
    return "".join(notes)


def _pool_note(meter: Meter) -> str:
    scope = {
        "account": "over the whole account, all regions",
        "region": "in each region",
        "zone": "in each egress zone",
    }[meter.scope]
    shared = f", together with the other meters of {meter.pool}" if meter.pool else ""
    return f"tiers and free allowance count {scope}{shared}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _console(console: Console | None) -> Console:
    from rich.console import Console

    return console if console is not None else Console()


def _print_json(value: object) -> None:
    import json
    import sys

    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str, allow_nan=False)
    sys.stdout.write("\n")
