"""The list of twins: what they are, where they run, how they do, what they cost."""

from __future__ import annotations

from typing import Final

import flet as ft

from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.twins import Health, Life, TwinSummary
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, fields, states, tables, text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import FALLBACK, GAP
from twin2multicloud.app.ui.twins.state import PAGE, Look, load, seen

_NEWS = Wanted(("twin.", "run.", "alert", "health."))
_GRAVEST: Final[tuple[AlertSeverity, ...]] = ("critical", "error", "warning", "info")


@ft.component
def TwinsScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    use_store(session.preferences)
    look = Look.read(Place.of(ft.context.page.route).query)
    part = use_remote(lambda: session.ask(lambda api: (look, load(api, look))), look, refresh_on=_NEWS)
    matter = states.use_shown(part, lambda found: _list(session, *found), rows=8)
    new = buttons.main(tr("New twin"), lambda: session.go(places.NEW), icon=ft.Icons.ADD)
    return screen(
        session,
        [Crumb(tr("Twins"))],
        ft.Column(
            [_filters(session, look), matter],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        actions=[new],
        id="twins",
    )


def _filters(session: Session, look: Look) -> ft.Control:
    def search(given: str) -> None:
        session.go(look.changed(search=given).path)

    lives: dict[str, str] = {"": tr("any state")}
    states_shown: tuple[Life, ...] = ("deployed", "deploying", "moving", "partial", "destroying", "draft")
    lives |= {each: badges.life_word(each) for each in states_shown}
    healths: dict[str, str] = {"": tr("any health")}
    grades: tuple[Health, ...] = ("down", "degraded", "ok", "unknown")
    healths |= {each: badges.health_word(each) for each in grades}
    return ft.Row(
        [
            SearchField(tr("Search twins"), look.search, search, width=280),
            fields.choice(
                tr("Cloud"),
                look.cloud,
                {"": tr("any cloud"), **badges.CLOUDS},
                lambda cloud: session.go(look.changed(cloud=cloud).path),
                width=150,
            ),
            fields.choice(
                tr("State"),
                look.life,
                lives,
                lambda life: session.go(look.changed(life=life or None).path),
                width=170,
            ),
            fields.choice(
                tr("Health"),
                look.health,
                healths,
                lambda health: session.go(look.changed(health=health or None).path),
                width=150,
            ),
            fields.switch(
                tr("Needs attention"),
                look.attention,
                lambda attention: session.go(look.changed(attention=attention).path),
            ),
        ],
        wrap=True,
        spacing=GAP + 4,
        run_spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _list(session: Session, look: Look, part: Page[TwinSummary]) -> ft.Control:
    if not part.items and not look.filtered and not look.trail:
        return states.nothing(
            tr("No twins yet"),
            hint=tr("Describe one: its devices, messages and rules. Its cheapest home is found while you type."),
            icon=ft.Icons.HUB_OUTLINED,
            action=buttons.main(tr("New twin"), lambda: session.go(places.NEW), icon=ft.Icons.ADD),
        )
    if not part.items:
        return states.nothing(
            tr("No twin fits"),
            icon=ft.Icons.SEARCH_OFF,
            action=buttons.other(tr("Show all"), lambda: session.go(places.TWINS)),
        )
    table = tables.table(
        _columns(session),
        part.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        name=lambda twin: twin.name,
        opened=lambda twin: session.go(places.twin(twin.id)),
        sort=look.sort,
        sorted_by=lambda sort: session.go(look.changed(sort=sort).path),
        label=tr("Twins"),
    )
    turner = tables.turner(look.trail, PAGE, part, lambda trail: session.go(look.turned(trail).path))
    return ft.Column([table, *turner], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns(session: Session) -> list[tables.Column[TwinSummary]]:
    palette, currency = session.appearance.palette, session.currency
    return [
        tables.Column(tr("Twin"), _name, share=6, key="name", main=True),
        tables.Column(tr("State"), lambda twin: _lives(session, twin), share=4),
        tables.Column(tr("Health"), lambda twin: _health(session, twin), share=4),
        tables.Column(tr("Alerts"), lambda twin: _alerts(session, twin), share=2, key="alerts"),
        tables.Column(tr("Clouds"), lambda twin: badges.clouds(twin.clouds, palette), share=4, wide_only=True),
        tables.Column(
            tr("Devices"),
            lambda twin: text.figure(figures.count(twin.devices)),
            number=True,
            wide_only=True,
            key="devices",
        ),
        tables.Column(
            tr("Predicted / month"),
            lambda twin: text.figure(figures.money(twin.usd_per_month, currency)),
            share=3,
            number=True,
            key="usd",
        ),
        tables.Column(
            tr("Metered / month"),
            lambda twin: text.figure(figures.money(twin.usd_metered, currency)),
            share=3,
            number=True,
            wide_only=True,
        ),
    ]


def _name(twin: TwinSummary) -> ft.Control:
    parts: list[ft.Control] = [text.strong(twin.name, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)]
    if twin.description:
        parts.append(text.muted(twin.description, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS))
    return ft.Column(parts, spacing=1, tight=True)


def _lives(session: Session, twin: TwinSummary) -> ft.Control:
    palette = session.appearance.palette
    lives = twin.life or {"sandbox": "draft"}
    shown: list[ft.Control] = [
        ft.Row([badges.life(life, palette), *([text.muted(target)] if life != "draft" else [])], spacing=6, tight=True)
        for target, life in lives.items()
    ]
    if twin.attention:
        shown.append(badges.pill(tr("needs attention"), palette.warn, sign="▲"))
    return ft.Column(shown, spacing=4, tight=True)


def _health(session: Session, twin: TwinSummary) -> ft.Control:
    """A sign for each layer, in their order; their names and states are read, and shown where one points."""
    found = seen(twin)
    if found is None:
        return text.muted(figures.NONE)
    palette = session.appearance.palette
    told = ", ".join(f"{each.slot} {badges.health_word(each.health)}" for each in found.layers)
    signs = [
        ft.TextSpan(
            f"{badges.health_sign(each.health)} ",
            ft.TextStyle(color=badges.health_tint(each.health, palette).strong),
        )
        for each in found.layers
    ]
    told += f" ({figures.since(found.seen_at, session.now())})"
    return ft.Text(
        spans=[*signs, ft.TextSpan(badges.health_word(found.health))],
        size=12.5,
        no_wrap=True,
        semantics_label=told,
        tooltip=tip(told),
        font_family_fallback=FALLBACK,
    )


def _alerts(session: Session, twin: TwinSummary) -> ft.Control:
    worst: AlertSeverity | None = next((each for each in _GRAVEST if twin.alerts.get(each)), None)
    if worst is None:
        return text.muted(figures.NONE)
    palette = session.appearance.palette
    tint = palette.warn if worst in ("warning", "info") else palette.bad
    told = ", ".join(f"{count} {badges.severity_word(each)}" for each, count in twin.alerts.items() if count)
    return badges.pill(str(sum(twin.alerts.values())), tint, sign="▲" if tint is palette.warn else "■", tooltip=told)
