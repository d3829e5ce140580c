"""Lists in parts that scale: each part begins after the last row of the one before (keyset), never at a count."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import Query
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.model.errors import Finding

RowT = TypeVar("RowT")
Column = ColumnElement[Any] | InstrumentedAttribute[Any]
ItemT = TypeVar("ItemT")
_MOST: Final = 500

Limit = Annotated[int, Query(ge=1, le=_MOST, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the part before.")]
Sort = Annotated[str | None, Query(max_length=40, description="A field to sort by; -field for the other way round.")]


def page(
    session: Session,
    query: Select[RowT],
    key: InstrumentedAttribute[Any],
    fields: Mapping[str, Column],
    *,
    sort: str | None,
    cursor: str | None,
    limit: int,
    default: str,
    items: Callable[[Sequence[RowT]], list[ItemT]],
) -> Page[ItemT]:
    """Part of what `query` finds, sorted by one of `fields`, none of which is ever null, and then by `key`, which tells
    rows apart. `items` makes what is shown of the rows; see `each` where one has nothing to do with another.

    Raises `InvalidError` for a field that cannot be sorted by and for a cursor that is none, or of another order.
    """
    order = sort or default
    name, down = order.removeprefix("-"), order.startswith("-")
    if name not in fields:
        raise InvalidError(
            f"sort: {name!r} cannot be sorted by",
            findings=[Finding("sort", f"is one of {', '.join(fields)}, with - before it for the other way", name)],
        )
    column = fields[name]
    if cursor is not None:
        value, last = _decode(cursor, order, column)
        beyond = column < value if down else column > value
        tied = and_(column == value, key < last if down else key > last)
        query = query.where(beyond if column is key else or_(beyond, tied))
    query = query.order_by(column.desc() if down else column.asc(), key.desc() if down else key.asc())
    found = session.execute(query.add_columns(column.label("sorted_by")).limit(limit + 1)).all()
    more = len(found) > limit
    rows: Sequence[RowT] = [row[0] for row in found[:limit]]
    following = _encode(order, found[limit - 1].sorted_by, getattr(rows[-1], key.key)) if more else None
    return Page(items=items(rows), next=following)


def each(item: Callable[[RowT], ItemT]) -> Callable[[Sequence[RowT]], list[ItemT]]:
    """Shows every row by itself."""
    return lambda rows: [item(row) for row in rows]


def _encode(order: str, value: Any, key: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(msgspec.json.encode([order, text, key])).decode().rstrip("=")


def _decode(cursor: str, order: str, column: Column) -> tuple[Any, Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, value, key = msgspec.json.decode(raw, type=tuple[str, Any, Any])
        if made_for != order or isinstance(value, dict | list) or not isinstance(key, str | int):
            raise ValueError
        python = column.type.python_type
        if python is datetime:
            value = datetime.fromisoformat(value)
            if value.utcoffset() is None:
                raise ValueError
            value = value.astimezone(UTC)
        elif not isinstance(value, int | float if python is float else python):
            raise ValueError
        if not (_storable(value) and _storable(key)):
            raise ValueError
    except (binascii.Error, msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
        raise InvalidError(
            "cursor: this is not what `next` said for this list",
            findings=[Finding("cursor", "is `next` of the part before, with the same sort")],
        ) from error
    return value, key


def _storable(value: Any) -> bool:
    """Whether both databases can compare with it."""
    if isinstance(value, str):
        return "\x00" not in value
    return not isinstance(value, int) or -(2**63) <= value < 2**63
