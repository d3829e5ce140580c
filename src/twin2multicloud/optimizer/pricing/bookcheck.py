"""What makes a price book sound: tiers, units, pools and keys that mean one thing only.

Rows are already well-formed here (`bookfile`); these checks are about what they say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from twin2multicloud.model.errors import Finding
from twin2multicloud.optimizer.pricing.bookfile import FigureRow, ProviderFile
from twin2multicloud.optimizer.pricing.meters import Meter


def check_files(files: Mapping[str, ProviderFile]) -> list[Finding]:
    """Every contradiction within and between the provider files (file name → content) of one book."""
    findings: list[Finding] = []
    homes: dict[str, str] = {}
    for name, book in files.items():
        for code in book.regions:
            if code in homes:
                problem = f"region '{code}' is also in {homes[code]}; a region belongs to one file"
                findings.append(Finding(f"{name}:regions.{code}", problem, code))
            homes[code] = name
        findings.extend(_check_pools(name, book.meters.values()))
        findings.extend(_check_figures(book.figures))
        findings.extend(_check_coverage(name, book))
    providers = [book.provider for book in files.values()]
    for name, book in files.items():
        if providers.count(book.provider) > 1:
            findings.append(
                Finding(f"{name}:provider", "another file has the same provider; merge them", book.provider)
            )
    return findings


def _check_pools(name: str, meters: Iterable[Meter]) -> Iterable[Finding]:
    """Quantities that are added up must have one unit: GB and GiB, or two scopes, cannot share a pool."""
    first: dict[str, Meter] = {}
    for meter in meters:
        place = f"{name}:{meter.id}"
        if meter.size in ("kB", "GB", "TB") and "iB" in meter.unit:
            yield Finding(f"{place}.unit", f"unit says GiB but size is {meter.size}; state one of the two", meter.unit)
        if meter.size in ("GB", "GiB", "TB", "TiB") and meter.measure in ("count", "seconds", "hours"):
            yield Finding(f"{place}.size", f"size {meter.size} does not fit measure {meter.measure}", meter.size)
        if meter.chunk_bytes and meter.measure not in ("count", "hours"):
            yield Finding(
                f"{place}.chunk",
                "only a meter that counts items (or items per second, by the hour) can chunk",
                str(meter.chunk_bytes),
            )
        if meter.item_minimum_bytes and meter.measure != "bytes":
            yield Finding(
                f"{place}.item_min", "only a meter of bytes has a smallest item", str(meter.item_minimum_bytes)
            )
        if meter.pool is None:
            continue
        other = first.setdefault(meter.pool, meter)
        mine = (meter.base_per_unit, meter.measure, meter.scope)
        if mine != (other.base_per_unit, other.measure, other.scope):
            problem = (
                f"pool '{meter.pool}' mixes {other.id} ({other.size} {other.measure}, {other.scope}) with "
                f"{meter.size} {meter.measure}, {meter.scope}; a pool has one unit and one scope"
            )
            yield Finding(f"{place}.pool", problem, meter.pool)


def _check_figures(rows: Iterable[FigureRow]) -> Iterable[Finding]:
    seen: dict[tuple[str, str, str], str] = {}
    for row in rows:
        yield from _check_tiers(row)
        for region in row.regions:
            key = (row.meter, region, row.policy)
            if key in seen:
                problem = f"{row.meter} in {region} ({row.policy}) is already priced at {seen[key]}; keep one row"
                yield Finding(f"{row.place}.in", problem, region)
            seen[key] = row.place


def _check_tiers(row: FigureRow) -> Iterable[Finding]:
    place = f"{row.place}.usd"
    if not all(math.isfinite(value) and value >= 0 for value in (*row.starts, *row.published)):
        yield Finding(place, "tier starts and prices must be finite and not negative", f"{row.starts} {row.published}")
        return
    if row.starts[0] != 0:
        yield Finding(
            place, "the first tier must start at 0; add the tier [0, …] (price 0 if free)", str(row.starts[0])
        )
    for before, after in zip(row.starts, row.starts[1:], strict=False):
        if after <= before:
            yield Finding(place, f"tiers must ascend, but {after:g} follows {before:g}", str(row.starts))
    if row.rising:
        return
    # A free allowance is the one place where the price per unit may go up with volume.
    paid = row.published[1:] if row.published[0] == 0 else row.published
    for start, before, after in zip(row.starts[-len(paid) + 1 :], paid, paid[1:], strict=False):
        if after > before:
            problem = (
                f"the price rises from {before:g} to {after:g} at {start:g}: usually rows of two price lists are "
                'mixed up; if it is real, say so with rising = "reason"'
            )
            yield Finding(place, problem, str(row.published))


def _check_coverage(name: str, book: ProviderFile) -> Iterable[Finding]:
    priced = {row.meter for row in book.figures}
    excused = {meter for meter, _ in book.missing}
    for meter in book.meters:
        if meter not in priced and meter not in excused:
            yield Finding(f"{name}:{meter}", "has no figure in any region; add one or a row in `missing`", meter)
    for row in book.figures:
        for region in row.regions:
            if (row.meter, region) in book.missing:
                problem = f"{row.meter} is priced in {region} and also listed as missing; remove one"
                yield Finding(f"{row.place}.in", problem, region)
