"""A part of what a twin is like now, asked for again and again while it runs: of its devices, or of its graph."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.ui.components import states
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 4.0
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Viewed(Hashable, Protocol[T_co]):
    """What is looked at, by which it is asked for."""

    def load(self, api: Client, twin: str, target: Target, /) -> T_co:
        """That part of it."""
        ...


def live_part(
    parts: Parts, viewed: Viewed[T], head: ft.Control, shown: Callable[[T], ft.Control], *, rows: int
) -> ft.Control:
    """It, as `shown` shows it, below a head that is there whatever comes. To be called by a component; `rows` are about
    as many as it will have.
    """
    session = use_session()
    target = parts.seen.target
    found = use_store(
        use_held(
            lambda: session.ask(lambda api: viewed.load(api, parts.id, target)),
            parts.id,
            target,
            viewed,
            every_s=_EVERY_S if parts.seen.deployed else None,
            keeps=True,
        )
    )
    return ft.Column(
        [head, states.shown(found, shown, rows=rows)],
        spacing=GAP + 6,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def search(session: Session, parts: Parts, label: str, value: str, *, width: float | None = None) -> ft.Control:
    """Looks for something in it, from the first part on."""
    return SearchField(
        label, value, lambda given: session.go(parts.look.asking(search=given, at=None).path), width=width
    )
