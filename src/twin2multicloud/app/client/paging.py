"""Lists that come in parts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.common import Page

ItemT = TypeVar("ItemT")
PART = 200
"""Items per request."""


class Listed(Iterator[ItemT], Generic[ItemT]):
    """All items of a list, or the first `limit`, fetched part by part as they are asked for."""

    def __init__(
        self, http: Http, path: str, shape: type[Page[ItemT]], limit: int | None, query: dict[str, Any]
    ) -> None:
        self._http = http
        self._path = path
        self._shape = shape
        self._query = query
        self._most = PART if limit is None else min(limit, PART)
        self._items = islice(self._all(), limit)

    def __next__(self) -> ItemT:
        return next(self._items)

    def part(self, cursor: str | None) -> Page[ItemT]:
        """One part alone, of `limit` items at most: the one that begins at a cursor, which is `next` of the part
        before; without one the first.
        """
        return self._http.get(self._path, self._shape, **self._query, cursor=cursor, limit=self._most)

    def _all(self) -> Iterator[ItemT]:
        cursor: str | None = None
        while True:
            page = self.part(cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next


def every(http: Http, path: str, shape: type[Page[ItemT]], *, limit: int | None = None, **query: Any) -> Listed[ItemT]:
    """A list."""
    return Listed(http, path, shape, limit, query)
