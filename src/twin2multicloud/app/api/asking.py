"""What endpoints that ask the optimizer are handed, with a database behind them or without one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Response
from starlette.requests import HTTPConnection

from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.desk import Desk

JSON = "application/json"
REPORT: Final = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
"""Headers of a report: it is looked at, and does nothing."""


def _desk_of(connection: HTTPConnection) -> Desk:
    found: Desk = connection.app.state.desk
    return found


async def _desk(connection: HTTPConnection) -> Desk:
    return _desk_of(connection)


def _book(connection: HTTPConnection) -> Book:
    return _desk_of(connection).book()


async def _today(connection: HTTPConnection) -> date:
    return _desk_of(connection).today()


DeskDep = Annotated[Desk, Depends(_desk)]
BookDep = Annotated[Book, Depends(_book)]
TodayDep = Annotated[date, Depends(_today)]


def raw(answer: bytes, status: int = 200, **headers: str) -> Response:
    """An answer that is JSON text already: large ones are not read and written once more."""
    return Response(
        answer, status, headers={name.replace("_", "-"): value for name, value in headers.items()}, media_type=JSON
    )


def answers(model: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What such an endpoint answers, for the API's description."""
    return {status: {"model": model}}
