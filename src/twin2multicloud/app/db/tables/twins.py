"""What is described: twins with all versions of their definitions, their optimizations, cloud connections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, Name, Sealed, UtcDateTime


class Connection(Base):
    """An account at a cloud: `config` can be read by whoever may use it, `sealed` holds its credentials and never
    leaves the backend except into the environment of a run.
    """

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(Name)
    config: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[bytes] = mapped_column(Sealed)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    check: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Twin(Base):
    """A twin. Its newest `TwinVersion` is `number`; `version` counts every edit of this row (its ETag)."""

    __tablename__ = "twins"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"), index=True)
    name: Mapped[str] = mapped_column(Name, index=True)
    description: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TwinConnection(Base):
    """The connection that a twin is deployed with at a cloud."""

    __tablename__ = "twin_connections"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(10), primary_key=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)


class TwinVersion(Base):
    """One version of a twin, never changed: its definition as it was written, with the files it names; and where its
    slots go: `placement` as proposed by `optimization_id`, `overrides` (slot → choice) as people decided.
    """

    __tablename__ = "twin_versions"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(Text)
    files: Mapped[dict[str, str]] = mapped_column(Json)
    placement: Mapped[dict[str, Any] | None] = mapped_column(Json)
    overrides: Mapped[dict[str, Any]] = mapped_column(Json)
    optimization_id: Mapped[str | None] = mapped_column(Id)
    devices: Mapped[int]
    usd_per_month: Mapped[float | None]
    note: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Optimization(Base):
    """A question that was put to the optimizer and its answer: inputs, the prices they were answered by, the result."""

    __tablename__ = "optimizations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    twin_id: Mapped[str | None] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), index=True)
    twin_number: Mapped[int | None]
    inputs: Mapped[dict[str, Any]] = mapped_column(Json)
    book_hash: Mapped[str] = mapped_column(String(80))
    result: Mapped[dict[str, Any]] = mapped_column(Json)
    usd_per_month: Mapped[float]
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PriceBookVersion(Base):
    """A price book that was taken up, whole and never changed. The newest is the one in use."""

    __tablename__ = "price_books"

    hash: Mapped[str] = mapped_column(String(80), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    date: Mapped[str] = mapped_column(String(10))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
