"""Which meters make the difference between two bills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.answers import MeterDifference
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MOST: Final = 8
_NOTICEABLE_USD: Final = 0.005


def changes(session: Session, given: Sequence[MeterDifference], label: str) -> ft.Control:
    """The meters that differ most, and what the rest comes to."""
    told = sorted(
        (each for each in given if abs(each.extra_usd) > _NOTICEABLE_USD), key=lambda one: -abs(one.extra_usd)
    )
    rows: list[ft.Control] = [_row(session, each) for each in told[:_MOST]]
    rest = told[_MOST:]
    if rest:
        usd = figures.money(sum(each.extra_usd for each in rest), session.currency, signed=True)
        rows.append(
            ft.Row(
                [
                    ft.Container(text.muted(trn("{count} more meter", "{count} more meters", len(rest))), expand=True),
                    text.figure(usd, size=13),
                ]
            )
        )
    return ft.Semantics(label=label, container=True, content=ft.Column(rows, spacing=5, tight=True))


def _row(session: Session, each: MeterDifference) -> ft.Control:
    palette = session.appearance.palette
    what = f"{each.service}: {each.dimension}"
    head: list[ft.Control] = [badges.cloud(each.provider, palette, size=11)] if each.provider in badges.CLOUDS else []
    return ft.Row(
        [
            *head,
            ft.Container(
                text.body(what, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
                expand=True,
                tooltip=f"{what} ({each.region})" if each.region else what,
            ),
            text.figure(figures.money(each.extra_usd, session.currency, signed=True), size=13),
        ],
        spacing=GAP,
    )


def adds(session: Session, usd: float) -> str:
    """What a change adds or saves, in words."""
    if abs(usd) <= _NOTICEABLE_USD:
        return tr("costs the same")
    amount = figures.per_month(abs(usd), session.currency)
    return tr("adds {amount}", amount=amount) if usd > 0 else tr("saves {amount}", amount=amount)
