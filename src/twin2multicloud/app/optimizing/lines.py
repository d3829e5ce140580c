"""Bill lines with what explains them: how each amount was worked out, and where its price was read."""

from __future__ import annotations

from typing import Any

from twin2multicloud.app.report.figures import quantity, unit_price
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.as_json import line_json, link_json
from twin2multicloud.optimizer.bill.invoice import BillLine, Invoice
from twin2multicloud.optimizer.pricing.book import PriceBook

Json = dict[str, Any]


def invoice_json(invoice: Invoice, book: PriceBook) -> Json:
    """A bill, dearest lines first. Slots and links add up to `usd_per_month`, and so do lines and transit."""
    return {
        "usd_per_month": invoice.usd,
        "slot_usd": {slot.value: invoice.slots[slot] for slot in SLOTS},
        "links": [link_json(link) for link in invoice.links],
        "transit_usd": invoice.transit_usd,
        "unverified_usd": invoice.unverified_usd,
        "bill": [explained(line, book) for line in sorted(invoice.lines, key=lambda line: -line.usd)],
    }


def explained(line: BillLine, book: PriceBook) -> Json:
    """A line with its `formula` in words and figures, and its price's `source` whole."""
    source = book.sources.get((line.provider, line.source))
    return {
        **line_json(line),
        "formula": formula(line),
        "source": {
            "key": line.source,
            "title": None if source is None else source.title,
            "url": None if source is None else source.url,
            "date": line.date,
        },
    }


def formula(line: BillLine) -> str:
    """As in "2,000 messages free + 5,000 messages × $1.00 per million messages", and why more may be billed."""
    if not line.tariff:
        return f"{quantity(line.quantity)} {line.unit}"
    parts = [
        f"{quantity(part.quantity)} {line.unit} free"
        if part.usd_per_unit == 0
        else f"{quantity(part.quantity)} {line.unit} × {unit_price(part.usd_per_unit, line.unit)}"
        for part in line.tariff
    ]
    text = " + ".join(parts)
    if line.billed_quantity > line.quantity * (1 + 1e-9):
        text += f"; {quantity(line.quantity)} rounded up to {quantity(line.billed_quantity)} {line.unit}"
    if line.pooled_with > line.quantity * (1 + 1e-9):
        text += f"; tiers count all {quantity(line.pooled_with)} {line.unit} of the account"
    return text
