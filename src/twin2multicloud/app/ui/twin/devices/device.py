"""One device: what it told last, what it measured, what it can be told."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.watching import DeviceHistory, DeviceValue, HistorySeries
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, fields, states, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.commands.view import CommandCard
from twin2multicloud.app.ui.twin.devices import charts
from twin2multicloud.app.ui.twin.devices.state import RANGES, drawn, range_name, range_of
from twin2multicloud.app.ui.twin.errors.view import DeviceErrors
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 4.0
_POINTS = 160
_SMALL_POINTS = 60
_MOST_SMALL = 16


@ft.component
def DevicePart(parts: Parts, device: str) -> ft.Control:  # noqa: N802
    """The page of a device."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    target, span = parts.seen.target, range_of(parts.look)
    history = use_store(
        use_held(
            lambda: session.ask(
                lambda api: api.watching.history(
                    parts.id, device, seconds=RANGES[span], points=_SMALL_POINTS, target=target
                )
            ),
            parts.id,
            target,
            device,
            span,
            every_s=_EVERY_S if parts.seen.deployed else None,
        )
    )
    back = ft.Row(
        [
            buttons.quiet(
                tr("All devices"),
                lambda: session.go(parts.look.asking(device=None, field=None, range=None).path),
                icon=ft.Icons.ARROW_BACK,
            ),
            ft.Container(text.section(device), expand=True),
        ],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    return ft.Column(
        [back, states.shown(history, lambda found: _known(session, parts, found, palette), rows=8)],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _known(session: Session, parts: Parts, history: DeviceHistory, palette: Palette) -> ft.Control:
    shown = drawn(history)
    left: list[ft.Control] = []
    if not history.live:
        left.append(
            cards.card(
                states.nothing(
                    tr("Nothing is measured"),
                    hint=history.problem or tr("It is not deployed."),
                    icon=ft.Icons.SENSORS_OFF,
                )
            )
        )
    elif shown:
        chosen = next((each.field for each in shown if each.field == parts.look.get("field")), shown[0].field)
        left += [HistoryCard(parts, history.device, chosen), _every(session, parts, history, shown, chosen, palette)]
    else:
        left.append(
            cards.card(
                states.nothing(
                    tr("It has told nothing yet"),
                    hint=tr("What it measures is drawn here once it sends."),
                    icon=ft.Icons.SENSORS,
                )
            )
        )
    right: list[ft.Control] = [_last(history)]
    if parts.seen.may_operate:
        right.append(CommandCard(parts, history.device, history.type))
    if parts.seen.runs_in_sandbox:
        right.append(DeviceErrors(parts, history.device))
    return columns(session, left, right, ratio=64)


def _last(history: DeviceHistory) -> ft.Control:
    rows: list[tuple[str, ft.Control]] = [(tr("Type"), text.body(history.type))]
    if history.last_at is not None:
        rows.append((tr("At"), text.body(figures.day_and_time(history.last_at))))
        if history.twin_time is not None:
            age = figures.age((history.twin_time - history.last_at).total_seconds())
            rows.append((tr("Last seen"), text.body(tr("{age} ago", age=age))))
    rows += [(name, value_of(each)) for name, each in history.last.items()]
    return cards.card(facts(rows, name_px=130), title=tr("Last message"), id="last-message")


def value_of(value: DeviceValue) -> ft.Control:
    """A value with its unit."""
    return text.body(figures.measured(value.value, value.unit), selectable=True, weight=ft.FontWeight.W_500)


@ft.component
def HistoryCard(parts: Parts, device: str, field: str) -> ft.Control:  # noqa: N802
    """One field over a range that is chosen here."""
    session = use_session()
    palette = use_store(session.appearance).palette
    target, span = parts.seen.target, range_of(parts.look)
    history = use_store(
        use_held(
            lambda: session.ask(
                lambda api: api.watching.history(
                    parts.id, device, fields=[field], seconds=RANGES[span], points=_POINTS, target=target
                )
            ),
            parts.id,
            target,
            device,
            field,
            span,
            every_s=_EVERY_S if parts.seen.deployed else None,
        )
    )
    choice = fields.choice(
        tr("Range"),
        span,
        {each: range_name(each) for each in RANGES},
        lambda chosen: session.go(parts.look.asking(range=chosen).path),
        width=150,
    )

    def shown(found: DeviceHistory) -> ft.Control:
        series = next((each for each in found.series if each.field == field), None)
        if series is None or not series.points:
            return states.nothing(tr("Nothing in this range"), icon=ft.Icons.SHOW_CHART)
        told: list[ft.Control] = [
            text.figure(figures.measured(series.points[-1].last, series.unit), size=24, weight=ft.FontWeight.W_600),
            text.muted(_span_of(series)),
        ]
        if not found.complete:
            told.append(text.muted(tr("drawn from a part of many records; short spikes may be missing")))
        return ft.Column(
            [
                ft.Row(told, spacing=GAP + 4, wrap=True, vertical_alignment=ft.CrossAxisAlignment.END),
                charts.chart(found, series, palette.chart(0), height=230),
            ],
            spacing=GAP,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    return cards.card(states.shown(history, shown), title=field, beside=[choice], id="history")


def _span_of(series: HistorySeries) -> str:
    low = min((point.min for point in series.points if point.min is not None), default=None)
    high = max((point.max for point in series.points if point.max is not None), default=None)
    if low is None or high is None or series.type == "boolean":
        return ""
    return tr("from {low} to {high}", low=figures.measured(low, series.unit), high=figures.measured(high, series.unit))


def _every(
    session: Session,
    parts: Parts,
    history: DeviceHistory,
    shown: list[HistorySeries],
    chosen: str,
    palette: Palette,
) -> ft.Control:
    tiles: list[ft.Control] = [
        surfaces.pressable(
            tr("Show {field}", field=each.field),
            partial(session.go, parts.look.asking(field=each.field).path),
            ft.Column(
                [
                    ft.Row(
                        [
                            text.muted(each.field, expand=True, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS),
                            text.figure(figures.measured(each.points[-1].last, each.unit), size=13),
                        ]
                    ),
                    charts.chart(history, each, palette.chart(number), height=84, small=True),
                ],
                spacing=4,
                tight=True,
            ),
            chosen=each.field == chosen,
            col={"xs": 12, "sm": 6, "lg": 4},
        )
        for number, each in enumerate(shown[:_MOST_SMALL])
        if each.points
    ]
    return cards.card(
        ft.ResponsiveRow(tiles, spacing=GAP, run_spacing=GAP, breakpoints={"xs": 0, "sm": 420, "lg": 900}),
        title=tr("All fields"),
    )
