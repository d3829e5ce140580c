"""What happened: events, alerts made of them, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, UtcDateTime

Cursor = BigInteger().with_variant(Integer, "sqlite")


class Event(Base):
    """Something that happened. `id` is a cursor: events become visible in its order, so whoever has seen one has
    seen all before it (see `events.log`). `data` is what a program needs, `message` what a person reads.
    """

    __tablename__ = "events"
    # Without this SQLite gives the number of a deleted newest event out again.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy's own form

    id: Mapped[int] = mapped_column(Cursor, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    workspace_id: Mapped[str] = mapped_column(Id)
    twin_id: Mapped[str | None] = mapped_column(Id)
    run_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    stack: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class Alert(Base):
    """A problem of a twin, or without `twin_id` of a workspace as a whole, folded: the same again counts up.
    Acknowledged by whoever looks after it; `muted_until` keeps it quiet, by a mute rule if `muted_by` names one.
    `over`: whoever noticed it says that it has ended. `told_at` is when it was told last, `escalated` how many steps of
    escalation were taken since.
    """

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("twin_id", "target", "fold"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    twin_id: Mapped[str | None] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(20))
    fold: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    layer: Mapped[str] = mapped_column(String(20))
    cloud: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    count: Mapped[int]
    over: Mapped[bool] = mapped_column(default=False)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    muted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    muted_by: Mapped[str | None] = mapped_column(Id, index=True)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated: Mapped[int] = mapped_column(default=0)


class AuditEntry(Base):
    """Who did what to what, from where. Never changed, never deleted by the API."""

    __tablename__ = "audit"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy's own form

    id: Mapped[int] = mapped_column(Cursor, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    workspace_id: Mapped[str | None] = mapped_column(Id, index=True)
    user_id: Mapped[str | None] = mapped_column(Id)
    actor: Mapped[str] = mapped_column(String(320))
    key_id: Mapped[str | None] = mapped_column(Id)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    correlation_id: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(Json)


# Of rows without a twin the constraint above says nothing: to a database no two of them are alike.
Index(
    "uq_alerts_of_workspaces",
    Alert.workspace_id,
    Alert.target,
    Alert.fold,
    unique=True,
    sqlite_where=Alert.twin_id.is_(None),
    postgresql_where=Alert.twin_id.is_(None),
)
Index("ix_events_workspace_id_id", Event.workspace_id, Event.id)
Index("ix_events_twin_id_id", Event.twin_id, Event.id)
Index("ix_events_run_id_id", Event.run_id, Event.id)
