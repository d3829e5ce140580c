"""A small twin on two clouds, and bills of it."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from twin2multicloud.costing.focus import write_focus
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import MappedBill, MeterKey, TwinTags, map_lines
from twin2multicloud.costing.months import Month
from twin2multicloud.costing.reading import read_bill
from twin2multicloud.costing.simulated import Changes, simulated_bill
from twin2multicloud.costing.validation import Expected
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY
from twin2multicloud.optimizer.pricing.pooled import pooled_usd

NOVEMBER = Month(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
TAGS = {"run": "r4n", "twin": "greenhouse", "managed-by": "twin2multicloud"}
TWIN = TwinTags("greenhouse", frozenset({"r4n"}))
FRANKFURT, NETHERLANDS = "eu-central-1", "westeurope"
METERED: dict[MeterKey, float] = {
    ("aws.iot-core.messages", FRANKFURT): 40_000_000.0,
    ("aws.lambda.requests", FRANKFURT): 9_000_000.0,
    ("aws.lambda.duration-arm64", FRANKFURT): 900_000.0,
    ("aws.lambda.duration-x86", FRANKFURT): 300_000.0,
    ("aws.dynamodb.write-units", FRANKFURT): 80_000_000.0,
    ("aws.s3.glacier-instant.put", FRANKFURT): 30_000.0,
    ("aws.s3.glacier-instant.transition", FRANKFURT): 90_000.0,
    ("azure.blob.cool.storage", NETHERLANDS): 700.0,
    ("azure.iot-hub.s1", NETHERLANDS): 900_000.0,
}


@functools.cache
def prices() -> PriceBook:
    return load_book()


def priced(quantities: Mapping[MeterKey, float]) -> dict[MeterKey, float]:
    found = pooled_usd({(*key, LIST_POLICY): quantity for key, quantity in quantities.items()}, prices())
    return {(meter, region): usd for (meter, region, _), usd in found.items()}


def expected(predicted: Mapping[MeterKey, float], **more: Callable[[MeterKey], Any]) -> list[Expected]:
    """Lines of these predicted quantities; `observed=` and `metered=` say of each meter what it was."""
    found = []
    for key, quantity in predicted.items():
        meter = prices().meter(key[0])
        found.append(
            Expected(
                key[0],
                meter.provider,
                key[1],
                meter.service,
                meter.dimension,
                meter.unit,
                quantity,
                **{name: tell(key) for name, tell in more.items()},
            )
        )
    return found


def bill(changes: Changes | None = None, metered: Mapping[MeterKey, float] = METERED) -> list[CostLine]:
    """The lines of a simulated bill, written and read again."""
    text = io.StringIO()
    write_focus(simulated_bill(metered, priced, changes or Changes(), NOVEMBER, TAGS), text)
    rows = list(read_bill(io.StringIO(text.getvalue())))
    assert not [row for row in rows if isinstance(row, BadLine)]
    return [row for row in rows if isinstance(row, CostLine)]


def mapped(lines: list[CostLine], metered: Mapping[MeterKey, float] = METERED) -> MappedBill:
    return map_lines(lines, TWIN, metered, lambda meter: meter.startswith("aws.lambda"))


def line(cost: str, service: str = "AWS Lambda", usage: str = "EUC1-Request", **more: Any) -> CostLine:
    """A line as AWS has them; anything else as given."""
    given: dict[str, Any] = {
        "provider": Provider.AWS,
        "period_begins": NOVEMBER.begins,
        "period_ends": NOVEMBER.ends,
        "charged_from": NOVEMBER.begins,
        "charged_to": NOVEMBER.ends,
        "category": Category.USAGE,
        "region": FRANKFURT,
        "unit": "Requests",
        **more,
    }
    return CostLine(service=service, usage=usage, cost=Decimal(cost), **given)
