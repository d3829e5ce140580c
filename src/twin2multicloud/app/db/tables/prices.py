"""What is odd about prices that were fetched, what people decided about it, and when lists were read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, UtcDateTime


class PriceFindingRecord(Base):
    """Something odd about a fetched price; `id` is the same for as long as the same price is seen. `current`: the last
    refresh that looked there saw it. `decision` is "accept", "reject" or None.
    """

    __tablename__ = "price_findings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str] = mapped_column(String(10), index=True)
    meter: Mapped[str] = mapped_column(String(200))
    service: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text)
    before: Mapped[list[Any]] = mapped_column(Json)
    after: Mapped[list[Any]] = mapped_column(Json)
    rows: Mapped[list[Any]] = mapped_column(Json)
    skus: Mapped[list[Any]] = mapped_column(Json)
    current: Mapped[bool]
    decision: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PriceCheckRecord(Base):
    """When a region's prices were last seen in their cloud's list: in `prices` by meter the ISO date, and the
    fingerprint of the price that was seen.
    """

    __tablename__ = "price_checks"

    provider: Mapped[str] = mapped_column(String(10), primary_key=True)
    region: Mapped[str] = mapped_column(String(60), primary_key=True)
    prices: Mapped[dict[str, Any]] = mapped_column(Json)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ListedRegionRecord(Base):
    """A region that a cloud's list has, as it was last read; `name` is "" where the list has codes only."""

    __tablename__ = "listed_regions"

    provider: Mapped[str] = mapped_column(String(10), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
