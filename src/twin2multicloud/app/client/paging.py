"""Lists that come in parts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.common import Page

ItemT = TypeVar("ItemT")
PART = 200
"""Items per request."""


def every(
    http: Http, path: str, shape: type[Page[ItemT]], *, limit: int | None = None, **query: Any
) -> Iterator[ItemT]:
    """All items of a list, or the first `limit`, fetched part by part as they are asked for."""
    return islice(_parts(http, path, shape, PART if limit is None else min(limit, PART), query), limit)


def _parts(http: Http, path: str, shape: type[Page[ItemT]], part: int, query: dict[str, Any]) -> Iterator[ItemT]:
    cursor: str | None = None
    while True:
        page = http.get(path, shape, **query, cursor=cursor, limit=part)
        yield from page.items
        if page.next is None:
            return
        cursor = page.next
