"""`scenarios`, `offers` and `init`: what there is to choose from, and a file to start with."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.terminal import cloud_text, output, print_json
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import parse_provider, parse_slot
from twin2multicloud.model.slots import SLOTS

if TYPE_CHECKING:
    from twin2multicloud.app.cli.books import BookChoice
    from twin2multicloud.blueprint.parts import Offer
    from twin2multicloud.optimizer.bill.market import Market

_FEW = 4


def scenarios(json_output: bool) -> int:
    """List the built-in scenarios."""
    from twin2multicloud.model.scenarios import SCENARIOS, scenario_json

    if json_output:
        print_json([scenario_json(each) for each in SCENARIOS])
        return 0
    from rich.text import Text

    from twin2multicloud.app.cli.tables import indented, workload_line

    with output() as console:
        for number, s in enumerate(SCENARIOS):
            if number:
                console.print()
            console.print(Text.assemble((s.name, "bold"), f"  {s.title}"))
            console.print(indented(Text(s.description)))
            console.print(indented(Text(workload_line(s.workload), "dim")))
    return 0


def offers(slot: str | None, provider: str | None, region: str | None, choice: BookChoice, *, json_output: bool) -> int:
    """List the offers, where each is priced, and with `region` whether and why not there."""
    from twin2multicloud.blueprint.catalog import OFFERS
    from twin2multicloud.optimizer.bill.market import Market

    try:
        wanted = None if slot is None else parse_slot(slot)
        cloud = None if provider is None else parse_provider(provider)
    except ValueError as error:
        raise UsageError(str(error)) from error
    # A layer stands for its slots: L3 is all of L3.hot, L3.cool, L3.archive; parse_slot has said so if not.
    book = choice.read()
    if region is not None:
        place = book.region(region)
        if cloud is not None and place.provider is not cloud:
            raise UsageError(f"{region} is a region of {place.provider.label}, not of {cloud.label}")
        cloud = place.provider
    market = Market(book)
    chosen = [
        offer
        for offer in sorted(OFFERS, key=lambda offer: SLOTS.index(offer.slot))
        if (wanted is None or offer.slot is wanted) and (cloud is None or offer.provider is cloud)
    ]
    if json_output:
        from twin2multicloud.app.optimizing.catalogue import offer_json

        print_json([offer_json(market, offer, region) for offer in chosen])
    else:
        _print_offers(market, chosen, region)
    return 0


def _print_offers(market: Market, chosen: list[Offer], region: str | None) -> None:
    from rich.text import Text

    from twin2multicloud.app.cli.tables import indented, slot_name

    with output() as console:
        for slot, group in groupby(chosen, key=lambda offer: offer.slot):
            console.print(Text(slot_name(slot), "bold"))
            for offer in group:
                name = cloud_text(offer.provider, offer.title)
                console.print(indented(Text.assemble(name, (f"  {offer.id}", "dim")), 2))
                features = ", ".join(sorted(offer.features)) or "no special features"
                later = "" if offer.deployable else "; cannot be deployed yet"
                console.print(indented(Text(f"{offer.summary} ({features}{later})")))
                console.print(indented(_where(market, offer, region)))
            console.print()


def _where(market: Market, offer: Offer, region: str | None) -> Any:
    from rich.text import Text

    from twin2multicloud.app.optimizing.catalogue import offered_in, why_not

    if region is not None:
        reason = why_not(market, offer, region)
        if reason is None:
            return Text(f"● can be had in {region}")
        first, *others = reason.split("; ")
        more = f"; and {len(others)} more of its meters" if others else ""
        return Text(f"○ not in {region}: {first}{more}")
    codes = offered_in(market, offer)
    if not codes:
        return Text("○ priced in no region")
    more = f" and {len(codes) - _FEW} more" if len(codes) > _FEW else ""
    return Text(f"● priced in {', '.join(codes[:_FEW])}{more}")


def init(path: str, scenario_name: str | None, *, force: bool, workload_only: bool = False) -> int:
    """Write a commented twin with its code, or only its workload; `-` is standard output.

    Refuses to overwrite a file unless `force`, and then writes none of them.
    """
    from twin2multicloud.app.cli.failures import say
    from twin2multicloud.model.scenarios import scenario
    from twin2multicloud.model.template import twin_template, workload_template

    chosen = None if scenario_name is None else scenario(scenario_name)
    file = Path(path)
    if path != "-" and file.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"{path}: the file is YAML; give it the suffix .yaml")
    name = "twin.yaml" if path == "-" else file.name
    files = {name: workload_template(chosen)} if workload_only else twin_template(chosen, name)
    if path == "-":
        sys.stdout.write(files[name])
        return 0
    written = _write(file.parent, files, force=force)
    also = f" and {len(written) - 1} files in {file.parent / 'processors'}" if len(written) > 1 else ""
    check = "" if workload_only else f"check it with: twin2multicloud check {path}; "
    say(f"wrote {path}{also}; {check}price it with: twin2multicloud optimize {path}")
    return 0


def _write(directory: Path, files: dict[str, str], *, force: bool) -> list[Path]:
    """Write files below a directory; all of them or none."""
    paths = {directory / name: text for name, text in files.items()}
    standing = [path for path in paths if path.exists()]
    if standing and not force:
        names = ", ".join(map(str, standing))
        raise UsageError(f"{names} exist{'s' if len(standing) == 1 else ''} already; --force overwrites")
    made: list[Path] = []
    current = directory
    try:
        for current, text in paths.items():
            if current.parent != directory:
                current.parent.mkdir(exist_ok=True)
            with current.open("w" if force else "x", encoding="utf-8") as stream:
                made.append(current)
                stream.write(text)
    except (OSError, ValueError) as error:
        if not force:
            for path in made:
                path.unlink(missing_ok=True)
        raise UsageError(f"{current} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return made
