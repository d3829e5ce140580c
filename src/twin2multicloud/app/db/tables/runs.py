"""What is done: runs, their stages, and what each has to itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, UtcDateTime


class Run(Base):
    """One plan, deployment, destruction, move, … of a twin, or a price refresh or credential check of a workspace.

    `status` is written by `runs.transitions` only. `request` is what was asked, `plan` what was shown, `result` how
    it ended; `problem` says in words what went wrong. `number` counts a twin's runs.
    """

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("twin_id", "number"), UniqueConstraint("created_by", "idempotency_key"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"))
    twin_id: Mapped[str | None] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"))
    twin_number: Mapped[int | None]
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(30))
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    plan: Mapped[dict[str, Any] | None] = mapped_column(Json)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    problem: Mapped[str | None] = mapped_column(Text)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Stage(Base):
    """One attempt at a part of a run (`plan`, `apply`, …), which a process of its own works on."""

    __tablename__ = "stages"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    worker: Mapped[str | None] = mapped_column(String(100))
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(Text)


class Claim(Base):
    """A twin's deployment that a run has to itself until it ends: wiring crosses stacks, so a run that changes one
    stack claims all of its twin at that target. The primary key is what keeps two runs apart.
    """

    __tablename__ = "claims"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)


Index("ix_runs_twin_id_created_at", Run.twin_id, Run.created_at)
Index("ix_runs_workspace_id_created_at", Run.workspace_id, Run.created_at)
Index(
    "ix_runs_unfinished",
    Run.status,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
