"""What if: how the cheapest placement and its cost change with the size of the workload."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft
import flet_charts as fch

from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, fields, states, tables, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import course, sweep
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded
from twin2multicloud.app.ui.proposal.sweep import Point, Subject
from twin2multicloud.app.ui.proposal.words import slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Provider

_HIGH_PX = 260


@ft.component
def WhatIf(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of it."""
    proposal = loaded.standing.proposal
    if proposal is None:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    return Asked(look, loaded, proposal)


@dataclass(frozen=True)
class Answer:
    """What was asked about, and the answer: while another one is awaited, this one stays in view."""

    subject: Subject
    points: Sequence[Point]


@ft.component
def Asked(look: Look, loaded: Loaded, proposal: Proposed) -> ft.Control:  # noqa: N802
    """What is asked, and the answer."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    known = sweep.subjects()
    chosen = look.fields if look.fields in known else sweep.DEFAULT
    factors, problem = sweep.factors_of(look.factors)
    asked = sweep.sweep(proposal, known[chosen], factors)
    subject = known[chosen]

    async def ask() -> Answer:
        result = await session.ask(lambda api: api.optimizer.sensitivity(asked))
        return Answer(subject, sweep.points(factors, result))

    found = use_remote(
        ask,
        asked.model_dump_json(),
        loaded.standing.price_book.hash,
    )
    given = ft.Row(
        [
            fields.choice(
                tr("What if there were more, or less, of"),
                chosen,
                {key: subject.title for key, subject in known.items()},
                lambda key: session.go(look.asking(key, look.factors).path),
                width=330 if not session.viewport.narrow else None,
            ),
            ft.Container(
                fields.line(
                    tr("Factors"),
                    look.factors or ", ".join(f"{factor:g}" for factor in factors),
                    lambda _: None,
                    done=lambda written: session.go(look.asking(chosen, written).path),
                    problem=problem,
                    key=look.factors,
                ),
                width=260,
            ),
        ],
        spacing=GAP,
        run_spacing=GAP,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    said = tr("The cheapest placement at each size, under the same constraints and overrides. Press Enter in Factors.")
    return ft.Column(
        [
            text.muted(said),
            given,
            *_break_even(session, look, proposal, subject, factors),
            states.shown(found, lambda answer: _answer(session, answer.subject, answer.points)),
        ],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _break_even(
    session: Session, look: Look, proposal: Proposed, subject: Subject, factors: Sequence[float]
) -> list[ft.Control]:
    """What leads to the exact points of change over the same range, where one number is scaled."""
    value = (proposal.workload or {}).get(subject.fields[0])
    if len(subject.fields) != 1 or not value or len(factors) < 2:
        return []
    ends = sorted(1 / factor if subject.inverse else factor for factor in (factors[0], factors[-1]))
    between = course.scaled(subject.fields[0], float(value), *ends)
    act = partial(session.go, look.seeking(subject.fields[0], between).path)
    return [ft.Row([buttons.quiet(tr("Find the exact break-even points"), act, icon=ft.Icons.BALANCE)])]


def _answer(session: Session, subject: Subject, points: Sequence[Point]) -> ft.Control:
    table = tables.table(
        _columns(session),
        points,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=subject.title,
    )
    return ft.Column(
        [_legend(session, points), _chart(session, subject, points), table],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _columns(session: Session) -> list[tables.Column[Point]]:
    palette, currency = session.appearance.palette, session.currency
    return [
        tables.Column(tr("Factor"), lambda point: text.strong(f"× {point.factor:g}"), share=2, main=True),
        tables.Column(tr("That is"), lambda point: text.body(point.values, size=13), share=4),
        tables.Column(tr("Clouds"), lambda point: badges.clouds(list(point.clouds), palette), share=4, wide_only=True),
        tables.Column(tr("Placed otherwise"), lambda point: text.body(_changed(point), size=13), share=6),
        tables.Column(
            tr("$ / month"),
            lambda point: text.figure(figures.money(point.usd_per_month, currency)),
            share=3,
            number=True,
        ),
    ]


def _changed(point: Point) -> str:
    if point.problem is not None:
        return tr("no placement: {why}", why=point.problem)
    return ", ".join(slot_name(slot) for slot in point.changed) or figures.NONE


def _told(session: Session, point: Point) -> str:
    if point.usd_per_month is None:
        return f"× {point.factor:g}: {_changed(point)}"
    amount = figures.per_month(point.usd_per_month, session.currency)
    return f"× {point.factor:g}: {amount}" + (f"; {_changed(point)}" if point.changed else "")


def _chart(session: Session, subject: Subject, points: Sequence[Point]) -> ft.Control:
    palette = session.appearance.palette
    known = [point for point in points if point.usd_per_month is not None]
    if len(known) < 2:
        return ft.Container(height=0)
    series = [_baseline(session, provider, points) for provider in Provider]
    best = fch.LineChartData(
        points=[_dot(session, number, point) for number, point in enumerate(points) if point.usd_per_month is not None],
        color=palette.accent.strong,
        stroke_width=3,
        point=True,
    )
    most = max(
        [point.usd_per_month or 0.0 for point in known]
        + [usd for point in points for usd in point.baselines.values() if usd is not None]
    )
    scale = _step(most)
    shown = [each for each in series if each is not None]
    grid = ft.Colors.OUTLINE_VARIANT
    chart = fch.LineChart(
        data_series=[*shown, best],
        min_y=0,
        max_y=math.ceil(most / scale) * scale,
        min_x=0,
        max_x=len(points) - 1,
        horizontal_grid_lines=fch.ChartGridLines(interval=scale, color=grid, width=1),
        left_axis=fch.ChartAxis(
            labels=[
                fch.ChartAxisLabel(
                    value=step * scale,
                    label=text.muted(
                        f"{session.currency.symbol}{figures.short(step * scale * session.currency.per_usd)}", size=11
                    ),
                )
                for step in range(math.ceil(most / scale) + 1)
            ],
            label_size=62,
            label_spacing=scale,
        ),
        bottom_axis=fch.ChartAxis(
            labels=[
                fch.ChartAxisLabel(value=number, label=text.muted(f"×{point.factor:g}", size=11))
                for number, point in enumerate(points)
            ],
            label_size=24,
            title=text.muted(tr("{what}, times as much", what=subject.title)),
            title_size=20,
        ),
        border=ft.Border(bottom=ft.BorderSide(1, grid)),
        tooltip=fch.LineChartTooltip(
            bgcolor=palette.sunken, max_width=240, fit_inside_horizontally=True, fit_inside_vertically=True
        ),
        height=_HIGH_PX,
        animation=ft.Animation(ft.Duration(milliseconds=0)),
    )
    label = tr("{what}, the cheapest per month", what=subject.title) + ": "
    return ft.Semantics(
        identifier="what-if-chart",
        label=label + ". ".join(_told(session, point) for point in points),
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column(
            [
                text.muted(tr("{symbol} / month", symbol=session.currency.symbol)),
                ft.Container(chart, padding=ft.Padding.only(right=14, top=8)),
            ],
            spacing=2,
            tight=True,
        ),
    )


def _step(most: float) -> float:
    """A round distance between grid lines, of which four or five are needed."""
    if most <= 0:
        return 1.0
    base = 10.0 ** math.floor(math.log10(most / 4))
    return next(base * factor for factor in (1, 2, 2.5, 5, 10) if base * factor * 5 >= most)


def _dot(session: Session, number: int, point: Point) -> fch.LineChartDataPoint:
    palette = session.appearance.palette
    size = 6 if point.changed else 3
    shape = fch.ChartCirclePoint(
        color=palette.card if point.changed else palette.accent.strong,
        radius=size,
        stroke_color=palette.accent.strong,
        stroke_width=2,
    )
    return fch.LineChartDataPoint(
        number,
        point.usd_per_month or 0.0,
        point=shape,
        tooltip=fch.LineChartDataPointTooltip(
            text=f"×{point.factor:g}: {figures.money(point.usd_per_month, session.currency)}",
            text_style=ft.TextStyle(color=palette.text, size=12.5),
        ),
    )


def _baseline(session: Session, provider: Provider, points: Sequence[Point]) -> fch.LineChartData | None:
    palette = session.appearance.palette
    dots = [
        fch.LineChartDataPoint(
            number,
            usd,
            point=False,
            tooltip=fch.LineChartDataPointTooltip(
                text=f"{badges.CLOUDS[provider]}: {figures.money(usd, session.currency)}",
                text_style=ft.TextStyle(color=palette.cloud(provider).strong, size=12),
            ),
        )
        for number, point in enumerate(points)
        if (usd := point.baselines.get(provider)) is not None
    ]
    if len(dots) < 2:
        return None
    return fch.LineChartData(points=dots, color=palette.cloud(provider).strong, stroke_width=1.5, dash_pattern=[5, 4])


def _legend(session: Session, points: Sequence[Point]) -> ft.Control:
    palette = session.appearance.palette
    parts: list[ft.Control] = [badges.pill(tr("cheapest"), palette.accent)]
    for provider in Provider:
        if sum(point.baselines.get(provider) is not None for point in points) > 1:
            name = tr("{cloud} only (dashed)", cloud=badges.CLOUDS[provider])
            parts.append(badges.pill(name, palette.cloud(provider)))
    parts.append(text.muted(tr("A ring is where the placement changes.")))
    return ft.Row(parts, spacing=6, run_spacing=4, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER)
