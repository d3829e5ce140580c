"""Who is told of alerts, by which way and when, and what waits to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, Name, Sealed, UtcDateTime


class AlertRoute(Base):
    """A way by which alerts of a workspace are told: a webhook or e-mail. Where it leads is sealed, since addresses of
    webhooks are secrets often enough; `address` is what may be shown of it. `only_escalated`: it is told of nothing
    but what escalation brings.
    """

    __tablename__ = "alert_routes"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(Name)
    address: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(Sealed)
    min_severity: Mapped[str] = mapped_column(String(10))
    twins: Mapped[list[str]] = mapped_column(Json)
    layers: Mapped[list[str]] = mapped_column(Json)
    only_escalated: Mapped[bool]
    enabled: Mapped[bool]
    problem: Mapped[str] = mapped_column(Text, default="")
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AlertNotice(Base):
    """Something to be told by a route, written with what it tells of, so that no crash loses it. `id` is the same with
    every attempt. `sent_in` names the message that it went out in, which e-mail shares between several.
    """

    __tablename__ = "alert_notices"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    route_id: Mapped[str] = mapped_column(ForeignKey("alert_routes.id", ondelete="CASCADE"))
    alert_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    sent_in: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AlertPolicy(Base):
    """A workspace's own: how severe each kind of alert counts (`severities`), and who is told what nobody looks after:
    `steps` of minutes and route, in the order of minutes, for alerts from `escalate_from` on.
    """

    __tablename__ = "alert_policies"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    severities: Mapped[dict[str, str]] = mapped_column(Json)
    escalate_from: Mapped[str] = mapped_column(String(10))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MuteRule(Base):
    """Keeps alerts quiet until a moment: those of a twin, or of all; whose layer and kind match patterns."""

    __tablename__ = "mute_rules"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    twin_id: Mapped[str | None] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"))
    layer: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


Index("ix_alert_notices_status_due_at", AlertNotice.status, AlertNotice.due_at)
Index("ix_alert_notices_route_id_created_at", AlertNotice.route_id, AlertNotice.created_at)
