"""What makes two bills differ: slot by slot, link by link, meter by meter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.invoice import BillLine, Invoice, link_name

Json = dict[str, Any]
_Key = tuple[str, str]


def meter_rows(invoices: Sequence[Invoice | None]) -> list[Json]:
    """A row per meter and region that any of the bills has: `quantity`, `usd` and `extra_usd` (against the first) of
    each bill, None where there is no bill. What differs most comes first; a bill without the meter pays 0 for it.
    """
    lines: list[Mapping[_Key, BillLine] | None] = [
        None if invoice is None else {(line.meter, line.region): line for line in _merged(invoice.lines)}
        for invoice in invoices
    ]
    known: dict[_Key, BillLine] = {}
    for each in lines:
        known |= each or {}
    rows = []
    for key, line in known.items():
        found = [None if each is None else each.get(key) for each in lines]
        there = [each is not None for each in lines]
        usd = _each(there, [0.0 if one is None else one.usd for one in found])
        rows.append(
            {
                "meter": line.meter,
                "region": line.region,
                "provider": line.provider.value,
                "service": line.service,
                "dimension": line.dimension,
                "unit": line.unit,
                "quantity": _each(there, [0.0 if one is None else one.quantity for one in found]),
                "usd": usd,
                "extra_usd": extras(usd),
            }
        )
    return sorted(rows, key=_weight)


def slot_rows(invoices: Sequence[Invoice | None]) -> list[Json]:
    """A row per slot: `usd` and `extra_usd` of each bill."""
    rows = []
    for slot in SLOTS:
        usd = [None if invoice is None else invoice.slots[slot] for invoice in invoices]
        rows.append({"slot": slot.value, "usd": usd, "extra_usd": extras(usd)})
    return rows


def link_rows(invoices: Sequence[Invoice | None]) -> list[Json]:
    """A row per link that any of the bills has; one whose ends lie together costs a bill 0."""
    costs = [
        None if invoice is None else {link_name(link.source, link.target): link.usd for link in invoice.links}
        for invoice in invoices
    ]
    names = dict.fromkeys(name for each in costs for name in each or ())
    rows = []
    for name in names:
        usd = [None if each is None else each.get(name, 0.0) for each in costs]
        rows.append({"link": name, "usd": usd, "extra_usd": extras(usd)})
    return rows


def why(before: Invoice, after: Invoice) -> list[Json]:
    """What the second bill pays more and less than the first, dearest first; together that is their difference."""
    rows = [
        {
            "meter": row["meter"],
            "region": row["region"],
            "provider": row["provider"],
            "service": row["service"],
            "dimension": row["dimension"],
            "unit": row["unit"],
            "before": {"quantity": row["quantity"][0], "usd": row["usd"][0]},
            "after": {"quantity": row["quantity"][1], "usd": row["usd"][1]},
            "extra_usd": row["extra_usd"][1],
        }
        for row in meter_rows([before, after])
        if row["extra_usd"][1] != 0
    ]
    if before.transit_usd != after.transit_usd:
        rows.append(
            {
                "meter": "transit",
                "region": "",
                "provider": "",
                "service": "Transfer between regions of one cloud",
                "dimension": "traffic",
                "unit": "GB",
                "before": {"quantity": None, "usd": before.transit_usd},
                "after": {"quantity": None, "usd": after.transit_usd},
                "extra_usd": after.transit_usd - before.transit_usd,
            }
        )
    return sorted(rows, key=lambda row: -float(row["extra_usd"]))


def extras(usd: Sequence[float | None]) -> list[float | None]:
    """What each amount is more than the first, None where either is not known."""
    first = usd[0]
    return [None if one is None or first is None else one - first for one in usd]


def _merged(lines: Iterable[BillLine]) -> list[BillLine]:
    """Lines of one meter in one region under different policies are told apart by nobody here."""
    found: dict[_Key, BillLine] = {}
    for line in lines:
        key = (line.meter, line.region)
        other = found.get(key)
        found[key] = (
            line if other is None else replace(other, quantity=other.quantity + line.quantity, usd=other.usd + line.usd)
        )
    return list(found.values())


def _each(there: Sequence[bool], values: Sequence[float]) -> list[float | None]:
    return [value if known else None for known, value in zip(there, values, strict=True)]


def _weight(row: Json) -> tuple[float, str, str]:
    largest = max((abs(extra) for extra in row["extra_usd"] if extra is not None), default=0.0)
    return -largest, row["meter"], row["region"]
