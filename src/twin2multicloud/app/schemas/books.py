"""Price books that were taken up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from twin2multicloud.app.schemas.common import Shape


class TwinEffect(Shape):
    """What a book did to the bill of a twin that you may see, and to the cheapest placement that its constraints allow,
    USD per month. `optimum_slots` are those that the cheapest placement fills otherwise now.
    """

    twin: str
    before_usd: float | None
    after_usd: float | None
    problem: str | None
    optimum_before_usd: float | None
    optimum_after_usd: float | None
    optimum_slots: list[str]


class BookSummary(Shape):
    """A book that was taken up; `changes` counts what differs from the one before."""

    number: int
    hash: str
    date: str
    taken_at: datetime
    changes: dict[str, int]


class BookDetail(BookSummary):
    """A book with what differs from the one before, as `prices diff --json` writes it, and what that does to twins."""

    diff: dict[str, Any] = Field(description="Empty for the first book.")
    twins: list[TwinEffect]
