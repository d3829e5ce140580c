"""Bill lines with what explains them: how each amount was worked out, and where its price was read."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from twin2multicloud.app.report.figures import quantity, unit_price
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.as_json import line_json, link_json
from twin2multicloud.optimizer.bill.invoice import BillLine, Invoice
from twin2multicloud.optimizer.pricing.book import PriceBook

Json = dict[str, Any]
_COLUMNS: Final = (
    *("cloud", "region", "service", "meter", "dimension", "used_by", "quantity", "unit", "billed_quantity"),
    *("usd_per_month", "formula", "price_source", "price_url", "price_date", "confidence"),
)


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


def table(invoice: Invoice, book: PriceBook) -> str:
    """A bill as CSV: its lines, dearest first, then traffic between regions of a cloud, which is no meter's."""
    written = io.StringIO()
    rows = csv.DictWriter(written, _COLUMNS)
    rows.writeheader()
    for line in sorted(invoice.lines, key=lambda line: -line.usd):
        rows.writerow(_row(line, book))
    if invoice.transit_usd:
        rows.writerow({"service": "traffic between regions of a cloud", "usd_per_month": invoice.transit_usd})
    return written.getvalue()


def _row(line: BillLine, book: PriceBook) -> Json:
    source = book.sources.get((line.provider, line.source))
    return {
        "cloud": line.provider.value,
        "region": line.region,
        "service": line.service,
        "meter": line.meter,
        "dimension": line.dimension,
        "used_by": " ".join(dict.fromkeys(portion.owner for portion in line.portions)),
        "quantity": line.quantity,
        "unit": line.unit,
        "billed_quantity": line.billed_quantity,
        "usd_per_month": line.usd,
        "formula": formula(line),
        "price_source": "" if source is None else source.title,
        "price_url": "" if source is None else source.url,
        "price_date": line.date,
        "confidence": line.confidence,
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
