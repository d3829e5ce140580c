"""Cost against carbon or latency: every placement that is not beaten in both, as a chart and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft
import flet_charts as fch

from twin2multicloud.app.schemas.frontiers import Against, FrontierInput, FrontierPoint, FrontierResult
from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.busy import Busy
from twin2multicloud.app.ui.components import badges, fields, scales, states, tables, text
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import sweep
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Difference, Loaded, differences
from twin2multicloud.app.ui.proposal.words import moves_text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Provider

_HIGH_PX = 240


@ft.component
def Frontier(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of it."""
    proposal = loaded.standing.proposal
    if proposal is None:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    return Asked(look, loaded, proposal)


def names() -> dict[Against, str]:
    """What cost can be set against."""
    return {"carbon": tr("carbon"), "latency": tr("latency")}


@dataclass(frozen=True)
class Row:
    """A point, and in what it differs from the one before; None for the first."""

    point: FrontierPoint
    extra_usd: float
    differs: Sequence[Difference] | None

    @property
    def clouds(self) -> list[Provider]:
        """The clouds it uses."""
        used = {choice.provider for choice in self.point.placement.values()}
        return [provider for provider in Provider if provider in used]


def rows(found: FrontierResult) -> list[Row]:
    """All points in order."""
    first = found.points[0].usd_per_month if found.points else 0.0
    return [
        Row(
            point,
            point.usd_per_month - first,
            differences(found.points[number - 1].placement, point.placement) if number else None,
        )
        for number, point in enumerate(found.points)
    ]


def value(against: Against, point: FrontierPoint) -> float:
    """What cost is set against."""
    found = point.gco2e_per_month if against == "carbon" else point.latency_ms
    return 0.0 if found is None else found


def said(against: Against, number: float) -> str:
    """The same in words."""
    if against == "latency":
        return f"{figures.quantity(number)} ms"
    return f"{figures.quantity(number / 1000)} kgCO2e" if number >= 10_000 else f"{figures.quantity(number)} gCO2e"


@ft.component
def Asked(look: Look, loaded: Loaded, proposal: Proposed) -> ft.Control:  # noqa: N802
    """What is asked, and the answer."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    against: Against = "latency" if look.against == "latency" else "carbon"
    asked = FrontierInput.model_validate({**sweep.question(proposal), "against": against})

    busy = use_made(Busy)

    async def ask() -> FrontierResult:
        return await busy.until(session.ask(lambda api: api.optimizer.frontier(asked)))

    found = use_remote(ask, asked.model_dump_json(), loaded.standing.price_book.hash)
    choice = fields.choice(
        tr("Cost against"),
        against,
        {str(key): name for key, name in names().items()},
        lambda key: session.go(look.setting_against(key).path),
        width=220,
    )
    explained = (
        tr(
            "Grams of CO2e a month of what somebody has published a coefficient for. A service without one looks "
            "clean: see what of the bill is not modelled."
        )
        if against == "carbon"
        else tr("An estimate by distance and constants of a message’s way to where it is kept and to its twin.")
    )
    return ft.Column(
        [
            text.muted(tr("Every placement that no other beats in both respects, under the same constraints.")),
            ft.Row([choice]),  # which leaves it as wide as it is
            text.muted(explained),
            *([states.working(tr("The frontier is sought."), id="frontier-progress")] if busy.now else []),
            states.shown(found, lambda answer: _answer(session, loaded, answer)),
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _answer(session: Session, loaded: Loaded, found: FrontierResult) -> ft.Control:
    given = rows(found)
    table = tables.table(
        _columns(session, loaded, found.against),
        given,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Cost against {what}", what=names()[found.against]),
    )
    parts: list[ft.Control] = [_chart(session, found), table]
    if found.left_out:
        parts.append(text.muted(tr("Left out, for want of a figure: {regions}", regions=", ".join(found.left_out))))
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns(session: Session, loaded: Loaded, against: Against) -> list[tables.Column[Row]]:
    palette, currency = session.appearance.palette, session.currency
    columns = [
        tables.Column[Row](
            tr("$ / month"),
            lambda row: text.figure(figures.money(row.point.usd_per_month, currency)),
            share=3,
            number=True,
            main=True,
        ),
        tables.Column[Row](
            tr("More"),
            lambda row: text.figure(figures.money(row.extra_usd, currency, signed=True)),
            share=2,
            number=True,
        ),
        tables.Column[Row](
            names()[against].capitalize(),
            lambda row: text.figure(said(against, value(against, row.point))),
            share=3,
            number=True,
        ),
    ]
    if against == "carbon":
        columns.append(
            tables.Column(
                tr("Not modelled"),
                lambda row: text.figure(figures.share(row.point.not_modelled_share)),
                share=2,
                number=True,
                wide_only=True,
            )
        )
    return [
        *columns,
        tables.Column(tr("Clouds"), lambda row: badges.clouds(row.clouds, palette), share=3, wide_only=True),
        tables.Column(tr("What differs"), lambda row: text.body(_differs(loaded, row), size=13), share=6),
    ]


def _differs(loaded: Loaded, row: Row) -> str:
    return tr("the cheapest") if row.differs is None else moves_text(row.differs, loaded.names)


def _chart(session: Session, found: FrontierResult) -> ft.Control:
    points = [(point.usd_per_month, value(found.against, point)) for point in found.points]
    if len(points) < 2:
        return ft.Container(height=0)
    palette, currency = session.appearance.palette, session.currency
    usd = scales.numbers(points[0][0], points[-1][0])
    other = scales.numbers(points[-1][1], points[0][1], from_zero=True)
    unit, scaled = _unit(found.against, other.most)
    grid = ft.Colors.OUTLINE_VARIANT
    dots = [
        fch.LineChartDataPoint(
            usd.place(x),
            other.place(y),
            point=fch.ChartCirclePoint(color=palette.accent.strong, radius=4),
            tooltip=fch.LineChartDataPointTooltip(
                text=f"{figures.money(x, currency)}: {said(found.against, y)}",
                text_style=ft.TextStyle(color=palette.text, size=12.5),
            ),
        )
        for x, y in points
    ]
    chart = fch.LineChart(
        data_series=[
            fch.LineChartData(points=dots, color=palette.accent.strong, stroke_width=1, dash_pattern=[2, 4], point=True)
        ],
        min_x=usd.place(usd.least),
        max_x=usd.place(usd.most),
        min_y=other.place(other.least),
        max_y=other.place(other.most),
        horizontal_grid_lines=fch.ChartGridLines(interval=1, color=grid, width=1),
        left_axis=fch.ChartAxis(
            labels=[
                fch.ChartAxisLabel(
                    value=mark, label=text.muted(figures.mark(mark * other.step / scaled, other.step / scaled), size=11)
                )
                for mark in other.marks
            ],
            label_size=48,
            label_spacing=1,
        ),
        bottom_axis=fch.ChartAxis(
            labels=[
                fch.ChartAxisLabel(
                    value=mark, label=text.muted(figures.money_mark(mark * usd.step, usd.step, currency), size=11)
                )
                for mark in usd.marks
            ],
            label_size=24,
            label_spacing=1,
            title=text.muted(tr("{symbol} / month", symbol=currency.symbol)),
            title_size=20,
        ),
        border=ft.Border(bottom=ft.BorderSide(1, grid)),
        tooltip=fch.LineChartTooltip(
            bgcolor=palette.sunken, max_width=240, fit_inside_horizontally=True, fit_inside_vertically=True
        ),
        height=_HIGH_PX,
        animation=ft.Animation(ft.Duration(milliseconds=0)),
    )
    told = ". ".join(f"{figures.per_month(x, currency)}: {said(found.against, y)}" for x, y in points)
    return ft.Semantics(
        identifier="frontier-chart",
        label=f"{tr('Cost against {what}', what=names()[found.against])}: {told}",
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column(
            [
                text.muted(f"{names()[found.against].capitalize()}, {unit}"),
                ft.Container(chart, padding=ft.Padding.only(right=24, top=8)),
            ],
            spacing=2,
            tight=True,
        ),
    )


def _unit(against: Against, most: float) -> tuple[str, float]:
    """What the other axis is told in, and how many of what there is make one of it."""
    if against == "latency":
        return "ms", 1.0
    return (tr("kgCO2e / month"), 1_000.0) if most >= 10_000 else (tr("gCO2e / month"), 1.0)
