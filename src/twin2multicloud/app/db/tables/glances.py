"""What was seen last of twins that run: lists tell of it without asking anything that may not answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Json, UtcDateTime


class Glance(Base):
    """How a twin did at a target when somebody looked last: the worst `health` of its `layers`, each with slot, cloud,
    health and since when it is so; what it would cost in a month at the rate that was metered, and when that was.
    """

    __tablename__ = "glances"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    health: Mapped[str] = mapped_column(String(10), index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    layers: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    usd_per_month: Mapped[float | None]
    metered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
