"""Who works here: people, workspaces, roles, sessions, keys."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from twin2multicloud.app.db.base import Base, Id, Json, Name, Sealed, UtcDateTime


class Role(StrEnum):
    """What somebody may do in a workspace or with one twin; each may do what the ones before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for a viewer, 2 for an owner."""
        return list(Role).index(self)


class User(Base):
    """A person. `subject` is `issuer|sub` of whoever vouches for them ("local|…" for the local user). Of whoever was
    deleted the row stays, for what they made, without anything that tells who it was.
    """

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(500), unique=True)
    email: Mapped[str] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(200))
    admin: Mapped[bool]
    disabled: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Workspace(Base):
    """Twins, connections and people that belong together."""

    __tablename__ = "workspaces"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkspaceMember(Base):
    """The role that somebody has for everything in a workspace."""

    __tablename__ = "workspace_members"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))


class TwinMember(Base):
    """The role that somebody has for one twin, whatever theirs is in its workspace."""

    __tablename__ = "twin_members"

    twin_id: Mapped[str] = mapped_column(ForeignKey("twins.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))


class Session(Base):
    """A browser that somebody is signed in with. Only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    provider: Mapped[str] = mapped_column(Name)
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(Base):
    """A key for pipelines and command lines; its owner's rights at most, narrowed by scopes and workspace. It was
    shown once; `prefix` (its first characters) tells which it is, and only its hash is kept. `made_with` is the key
    that made it, if one did.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    prefix: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    workspace_id: Mapped[str | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    made_with: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Name)
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginAttempt(Base):
    """A login that was begun: what has to come back. Taken once, gone after minutes. `browser_hash` is of a cookie of
    the browser that began it; a one-time code for the local user, which a terminal began, has none. `identity` is who
    was vouched for, where that comes before the browser does (SAML).
    """

    __tablename__ = "login_attempts"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    provider: Mapped[str] = mapped_column(Name)
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    secrets: Mapped[bytes | None] = mapped_column(Sealed)
    identity: Mapped[bytes | None] = mapped_column(Sealed)
    return_to: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SeenAssertion(Base):
    """A SAML assertion that was taken, so that it cannot be taken again while it still holds."""

    __tablename__ = "seen_assertions"

    assertion_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeviceLogin(Base):
    """A command line that waits for somebody to agree in a browser (RFC 8628). `from_address` is where it was begun,
    for whoever is asked.
    """

    __tablename__ = "device_logins"

    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    client_name: Mapped[str] = mapped_column(Name)
    scopes: Mapped[list[str]] = mapped_column(Json)
    lasts_days: Mapped[int]
    from_address: Mapped[str] = mapped_column(String(60))
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    workspace_id: Mapped[str | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    denied: Mapped[bool] = mapped_column(default=False)
    interval_s: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


Index("ix_sessions_expires_at", Session.expires_at)
