"""A line of a bill, in the terms of FOCUS (focus.finops.org), whichever cloud wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from twin2multicloud.model.slots import Provider


class Category(StrEnum):
    """FOCUS's ChargeCategory: what kind of charge a line is."""

    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


@dataclass(frozen=True)
class CostLine:
    """One charge. `cost` is FOCUS's BilledCost in `currency`: exact, below 0 for what is given back.

    `quantity` counts `unit`s, both as the cloud prices them; None where it told none. `usage` names what was metered in
    the cloud's own words (AWS: usage type, Azure: meter, GCP: SKU), which selectors look for. `correction`: it corrects
    an earlier bill. `committed`: a reservation or savings plan stands behind it.
    """

    provider: Provider
    period_begins: datetime
    period_ends: datetime
    charged_from: datetime
    charged_to: datetime
    category: Category
    service: str
    usage: str
    cost: Decimal
    currency: str = "USD"
    quantity: Decimal | None = None
    unit: str = ""
    region: str = ""
    account: str = ""
    resource: str = ""
    sku: str = ""
    description: str = ""
    correction: bool = False
    committed: bool = False
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def period(self) -> str:
        """The month of the bill it stands on, as in 2026-11."""
        return f"{self.period_begins:%Y-%m}"


@dataclass(frozen=True)
class BadLine:
    """A row that is none: where, in which column, and what is wrong with it."""

    line: int
    column: str
    problem: str
    value: str = ""

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.column}: {self.problem}" if self.column else f"line {self.line}: {self.problem}"
        )
