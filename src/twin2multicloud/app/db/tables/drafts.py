"""What somebody is writing, before it is a twin or a version of one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, Name, UtcDateTime


class Draft(Base):
    """A definition that may be wrong or half of one, seen by whoever writes it and nobody else. `twin_id` and
    `twin_number` say which version of which twin it is to follow; of a twin that is deleted it becomes a draft of a new
    one. `step` is where in the form its writer is.
    """

    __tablename__ = "drafts"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    twin_id: Mapped[str | None] = mapped_column(ForeignKey("twins.id", ondelete="SET NULL"), index=True)
    twin_number: Mapped[int | None]
    title: Mapped[str] = mapped_column(Name)
    format: Mapped[str | None] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(Text)
    files: Mapped[dict[str, str]] = mapped_column(Json)
    step: Mapped[str] = mapped_column(Name)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
