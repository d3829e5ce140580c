"""What twins really cost: lines of bills, and what was metered hour by hour."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, UtcDateTime
from twin2multicloud.app.db.tables.events import Cursor


class BillImport(Base):
    """What was last read of a cloud's bill of one month (`period`, as in 2026-11) for a twin; reading it again replaces
    it, with all its lines. `usd` is exact, as text; `problems` are rows that could not be read, the first of them.
    """

    __tablename__ = "bill_imports"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    provider: Mapped[str] = mapped_column(String(10), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    imported_by: Mapped[str | None] = mapped_column(Id)
    lines: Mapped[int]
    bad_lines: Mapped[int]
    problems: Mapped[list[Any]] = mapped_column(Json)
    usd: Mapped[str] = mapped_column(String(60))


class BillSource(Base):
    """Where a cloud's bills of a twin are read from, again and again: next at `next_at`, and then those months first
    that are still `waiting` (as in 2026-11). `kind`: an export, or the cloud's own answers ("query"). Runs do so in the
    name of whoever set it.
    """

    __tablename__ = "bill_sources"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    location: Mapped[str] = mapped_column(Text)
    usd_per: Mapped[dict[str, Any]] = mapped_column(Json)
    set_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    waiting: Mapped[list[Any]] = mapped_column(Json)


class BillLine(Base):
    """Lines of a bill that differ in nothing but resource and hour, together: those of one day. `quantity` and `usd`
    are exact decimals as text; `run` and `twin` are tags.
    """

    __tablename__ = "bill_lines"

    id: Mapped[int] = mapped_column(Cursor, primary_key=True, autoincrement=True)
    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str] = mapped_column(String(10))
    period: Mapped[str] = mapped_column(String(7))
    begins: Mapped[datetime] = mapped_column(UtcDateTime)
    ends: Mapped[datetime] = mapped_column(UtcDateTime)
    day: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(20))
    service: Mapped[str] = mapped_column(Text)
    usage: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    quantity: Mapped[str | None] = mapped_column(Text)
    usd: Mapped[str] = mapped_column(Text)
    correction: Mapped[bool]
    committed: Mapped[bool]
    run: Mapped[str] = mapped_column(Text)
    twin: Mapped[str] = mapped_column(Text)
    lines: Mapped[int]


class UsageReading(Base):
    """What a twin's counters said when they were last read: from there the next reading counts. `at` is the twin's
    time, `counters` are by name and component.
    """

    __tablename__ = "usage_readings"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    elapsed_s: Mapped[float]
    counters: Mapped[dict[str, Any]] = mapped_column(Json)


class UsageSample(Base):
    """What a twin used on a meter from a full hour on (or a whole day, where its time runs fast), in the meter's unit;
    `seconds` of it were metered.
    """

    __tablename__ = "usage_samples"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    meter: Mapped[str] = mapped_column(String(80), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), primary_key=True)
    quantity: Mapped[float]
    seconds: Mapped[float]


class WorkloadSample(Base):
    """How much of something (`what`: messages) devices of a twin did from a full hour on, as the cloud of a site
    (`aws/eu-central-1`) counted it; none is a count, too.
    """

    __tablename__ = "workload_samples"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    what: Mapped[str] = mapped_column(String(40), primary_key=True)
    site: Mapped[str] = mapped_column(String(60), primary_key=True)
    quantity: Mapped[float]


class Limit:
    """What may be spent in a month; alerts come when a share of it (`thresholds`) is used, or will be."""

    usd_per_month: Mapped[float]
    thresholds: Mapped[list[Any]] = mapped_column(Json)
    on_forecast: Mapped[bool]
    set_by: Mapped[str | None] = mapped_column(Id)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Budget(Limit, Base):
    """What a twin may cost in a month."""

    __tablename__ = "budgets"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True, sort_order=-1)


class WorkspaceBudget(Limit, Base):
    """What all twins of a workspace together may cost in a month."""

    __tablename__ = "workspace_budgets"

    workspace_id: Mapped[str] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )


class TwinSpending(Base):
    """What a twin's month (`period`, as in 2026-11) came to when it was looked at last, by what was metered until `at`,
    a moment of its time, or by its bill (`of`). Without `usd` it could not be priced, and `problem` says why.
    """

    __tablename__ = "twin_spendings"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    of: Mapped[str] = mapped_column(String(10), primary_key=True)
    period: Mapped[str] = mapped_column(String(7))
    usd: Mapped[float | None]
    forecast_usd: Mapped[float | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(Text)


Index("ix_bill_lines_twin_id_target_period", BillLine.twin_id, BillLine.target, BillLine.period)
