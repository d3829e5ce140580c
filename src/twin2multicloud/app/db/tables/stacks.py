"""What exists: stacks, the versions and locks of their states, and the small documents of a deployment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Sealed, UtcDateTime


class Stack(Base):
    """A stack that exists, as far as it is known; `target` says where (`clouds`, `sandbox`, `rehearsal`). `whole` is
    False after an apply that failed or was interrupted, `resources` None where nobody could count them.
    """

    __tablename__ = "stacks"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    slot: Mapped[str] = mapped_column(String(20))
    site: Mapped[str] = mapped_column(String(60))
    fingerprint: Mapped[str] = mapped_column(String(100))
    whole: Mapped[bool]
    applied_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Document(Base):
    """A small document of a deployment (see `deployer.documents`), sealed. Journals are written line by line: `line` is
    0 for what is replaced as a whole, and counts from 1 for appended lines.
    """

    __tablename__ = "documents"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(Sealed)

    @property
    def context(self) -> str:
        """What its secret is sealed for."""
        return f"document/{self.twin_id}/{self.target}/{self.name}/{self.line}"


class StateVersion(Base):
    """One version of a stack's Terraform state, sealed, since states hold secrets. See `deployer.state.records`."""

    __tablename__ = "state_versions"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    stack: Mapped[str] = mapped_column(String(200), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[int]
    lineage: Mapped[str] = mapped_column(String(100))
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]
    resources: Mapped[int]
    run_id: Mapped[str] = mapped_column(String(100))
    created: Mapped[float]
    restored: Mapped[int | None]
    sealed: Mapped[bytes] = mapped_column(Sealed)

    @property
    def context(self) -> str:
        """What its secret is sealed for."""
        return f"state/{self.twin_id}/{self.target}/{self.stack}/{self.number}"


class StateLock(Base):
    """The lock of a stack's state."""

    __tablename__ = "state_locks"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
    stack: Mapped[str] = mapped_column(String(200), primary_key=True)
    lock_id: Mapped[str] = mapped_column(String(100))
    lock: Mapped[bytes] = mapped_column(LargeBinary)
