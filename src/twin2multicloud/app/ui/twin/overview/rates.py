"""How many messages come, second by second."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from twin2multicloud.app.schemas.watching import Rates
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, charts, states, text
from twin2multicloud.app.ui.components.charts import Line
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 2.0
_SECONDS = 300


@ft.component
def RatesCard(parts: Parts) -> ft.Control:  # noqa: N802
    """The last five minutes."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    target = parts.seen.target
    rates = use_store(
        use_held(
            lambda: session.ask(lambda api: api.watching.rates(parts.id, _SECONDS, target)),
            parts.id,
            target,
            every_s=_EVERY_S if parts.seen.deployed else None,
        )
    )
    return cards.card(states.shown(rates, lambda found: _shown(found, palette)), title=tr("Messages"), id="rates")


def _shown(rates: Rates, palette: Palette) -> ft.Control:
    if not rates.live:
        return states.nothing(tr("No messages are counted"), hint=rates.problem, icon=ft.Icons.SHOW_CHART)
    head: list[ft.Control] = [
        text.figure(_per_second(rates.messages_per_s), size=24, weight=ft.FontWeight.W_600),
        text.muted(tr("messages / s, of the last 10 s")),
    ]
    if rates.errors_per_s:
        head.append(badges.pill(tr("{rate} errors / s", rate=_per_second(rates.errors_per_s)), palette.bad, sign="■"))
    lines = [Line(tr("from devices"), palette.chart(0), _points(rates.at, rates.total.messages))]
    busy = {cloud: one for cloud, one in rates.clouds.items() if any(one.messages)}
    if len(busy) > 1:  # otherwise its line would lie upon that of all
        lines += [
            Line(
                tr("into {cloud}", cloud=badges.CLOUDS[cloud]),
                palette.cloud(cloud).strong,
                _points(rates.at, one.messages),
            )
            for cloud, one in busy.items()
        ]
    if any(rates.total.errors):
        lines.append(Line(tr("errors"), palette.bad.strong, _points(rates.at, rates.total.errors)))
    chart = charts.over_time(
        lines,
        label=tr("Messages per second over the last five minutes"),
        said=lambda value: f"{_per_second(value)} / s",
        from_zero=True,
        height=170,
        since=rates.at[0].timestamp() if rates.at else None,
        until=rates.at[-1].timestamp() if rates.at else None,
        keys=len(lines) > 1,
    )
    return ft.Column(
        [
            ft.Row(head, spacing=GAP, wrap=True, vertical_alignment=ft.CrossAxisAlignment.END),
            chart,
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _per_second(rate: float | None) -> str:
    return figures.NONE if rate is None else f"{rate:,.1f}" if rate < 100 else figures.count(rate)


def _points(at: list[datetime], values: list[float | None]) -> list[tuple[float, float | None]]:
    return [(moment.timestamp(), value) for moment, value in zip(at, values, strict=True)]
