"""How running twins did: what each check found last, when that changed, and how each hour was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, UtcDateTime


class HealthCheck(Base):
    """What a check of a twin found last, and since when it finds that. `subject` is what is checked (`layer/L2`,
    `link/persist`, `probe`, …); `value` was measured against `limit`, both in `unit`.
    """

    __tablename__ = "health_checks"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    health: Mapped[str] = mapped_column(String(10))
    problem: Mapped[str] = mapped_column(Text)
    value: Mapped[float | None]
    limit: Mapped[float | None]
    unit: Mapped[str] = mapped_column(String(10))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HealthChange(Base):
    """That a check found something else than before, from a moment on."""

    __tablename__ = "health_changes"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    before: Mapped[str] = mapped_column(String(10))
    health: Mapped[str] = mapped_column(String(10))
    problem: Mapped[str] = mapped_column(Text)


class HealthHour(Base):
    """For how many seconds of an hour a check found what. What is missing of an hour nobody was there to see."""

    __tablename__ = "health_hours"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(String(60), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    ok_s: Mapped[float]
    degraded_s: Mapped[float]
    down_s: Mapped[float]
    unknown_s: Mapped[float]


Index("ix_health_changes_twin_id_at", HealthChange.twin_id, HealthChange.at)
Index("ix_health_changes_at", HealthChange.at)
Index("ix_health_hours_hour", HealthHour.hour)
