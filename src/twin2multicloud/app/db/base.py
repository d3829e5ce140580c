"""What all tables share: naming of constraints, types that mean the same on SQLite and PostgreSQL, identifiers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, LargeBinary, MetaData, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import JSON

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that looks like a digit."""

MakeId = Callable[[str], str]
"""Makes an identifier from a prefix that tells its kind."""


def new_id(prefix: str) -> str:
    """A random identifier such as `twn_4q0w…`: 100 bits, safe in URLs, file names and resource names."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))


MakeToken = Callable[[], str]
"""Makes a secret that nobody can guess."""


def new_token() -> str:
    """256 random bits as text that is safe in headers, cookies and URLs."""
    return secrets.token_urlsafe(32)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always with its zone, which is UTC; SQLite knows no zones."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What values of it are."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The column's type."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From a moment to what is stored; `ValueError` without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """And back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[bytes]):
    """Bytes made by `sealing.Sealer` only; nothing in clear belongs into such a column. `db.sealed` says what each is
    sealed for, and finds all of them by this type.
    """

    impl = LargeBinary
    cache_ok = True


Id = String(32)
Name = String(100)
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
