"""What differs between a price book and the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import tables, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MOST_ROWS: Final = 50


@dataclass(frozen=True)
class Change:
    """A price that is otherwise now, in USD per unit; `relative` None: there is no such ratio."""

    meter: str
    regions: Sequence[str]
    what: str
    start: float
    before_usd: float | None
    after_usd: float | None
    relative: float | None


def changes_of(diff: dict[str, Any]) -> list[Change]:
    """The prices that differ, those first that changed most."""
    found = [
        Change(
            figure["meter"],
            figure["regions"],
            figure["what"],
            tier["start"],
            tier["before_usd"],
            tier["after_usd"],
            tier["relative"],
        )
        for figure in diff.get("figures", ())
        for tier in figure["tiers"]
    ]
    return sorted(found, key=lambda each: -abs(each.relative or 0.0))


def table(session: Session, diff: dict[str, Any]) -> ft.Control:
    """The prices that differ, as `prices diff --json` writes it."""
    found = changes_of(diff)
    rows: list[ft.Control] = [
        text.body(
            trn(
                "{count} price differs from the book before.", "{count} prices differ from the book before.", len(found)
            )
        )
    ]
    if found:
        rows.append(
            tables.table(
                _columns(),
                found[:_MOST_ROWS],
                narrow=session.viewport.narrow,
                wide=session.viewport.wide,
                label=tr("Prices that differ"),
            )
        )
    if len(found) > _MOST_ROWS:
        rows.append(text.muted(tr("Those are the {count} that changed most.", count=_MOST_ROWS)))
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns() -> list[tables.Column[Change]]:
    return [
        tables.Column(tr("Meter"), lambda each: text.body(each.meter, size=13), share=5, main=True),
        tables.Column(tr("Regions"), lambda each: text.muted(_regions(each)), share=4),
        tables.Column(
            tr("Before"),
            lambda each: text.figure(figures.unit_price(each.before_usd, each.after_usd), size=13),
            share=3,
            number=True,
        ),
        tables.Column(
            tr("Now"),
            lambda each: text.figure(figures.unit_price(each.after_usd, each.before_usd), size=13),
            share=3,
            number=True,
        ),
        tables.Column(tr("Change"), lambda each: text.figure(_relative(each), size=13), share=2, number=True),
    ]


def _regions(each: Change) -> str:
    shown = ", ".join(each.regions[:2])
    return f"{shown} +{len(each.regions) - 2}" if len(each.regions) > 2 else shown


def _relative(each: Change) -> str:
    if each.relative is None:
        return {"added": tr("new"), "removed": tr("gone")}.get(each.what, "")
    return f"{'+' if each.relative > 0 else '−'}{figures.share(abs(each.relative))}"
