"""Who is let in to the front end. Whoever serves it says so; it knows nothing of cookies and keys itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection
from starlette.responses import Response

from twin2multicloud.app.errors import BackendError

if TYPE_CHECKING:
    from twin2multicloud.app.ui.access import Access


@dataclass(frozen=True)
class Door:
    """`hosts` are what a request's Host may be, `origins` which pages may open a WebSocket. `admit` finds who a browser
    is signed in as: None for nobody. It raises a `BackendError` where that cannot be found out now; `refusal` is the
    page that says so.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    admit: Callable[[HTTPConnection], Awaitable[Access | None]]
    refusal: Callable[[BackendError], Response]
