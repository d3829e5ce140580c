"""The twin graph: what there is in the world, what it is in, and its properties as they are now."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.watching import GraphEntity
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, states, tables, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.graph.state import PAGE, Level, Viewed, leads_on
from twin2multicloud.app.ui.twin.live_part import live_part, search
from twin2multicloud.app.ui.twin.parts import Parts

_SPAN = {"xs": 12, "sm": 6, "md": 4, "lg": 3}
_MOST_PROPERTIES = 4
_MOST_WAYS = 8


@ft.component
def GraphTab(parts: Parts) -> ft.Control:  # noqa: N802
    """A level of the graph at a time, and the twin that is chosen in full."""
    session = use_session()
    use_store(session.viewport)
    viewed = Viewed.of(parts.look)
    head = _way(session, parts, viewed)
    return live_part(parts, viewed, head, lambda found: _level(session, parts, viewed, found), rows=6)


def _way(session: Session, parts: Parts, viewed: Viewed) -> ft.Control:
    look = parts.look
    steps: list[ft.Control] = [
        buttons.quiet(
            tr("Whole graph"), lambda: session.go(viewed.up_to(look, 0).path), icon=ft.Icons.ACCOUNT_TREE_OUTLINED
        )
    ]
    for depth, entity in enumerate(viewed.path, start=1):
        steps.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=16, color=ft.Colors.ON_SURFACE_VARIANT))
        steps.append(buttons.quiet(entity, partial(session.go, viewed.up_to(look, depth).path)))
    return ft.Row(
        [
            search(session, parts, tr("Search the graph"), viewed.search, width=260),
            ft.Row(steps, spacing=2, tight=True, wrap=True),
        ],
        wrap=True,
        spacing=GAP + 4,
        run_spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _level(session: Session, parts: Parts, viewed: Viewed, level: Level) -> ft.Control:
    page, focus = level.page, level.focus
    shown: list[ft.Control] = []
    if not page.live:
        shown.append(text.muted(tr("Not live: {why}", why=page.problem or tr("nothing runs"))))
    if focus is not None:
        shown.append(_focus(session, parts, viewed, focus))
    if page.items:
        tiles: list[ft.Control] = [_entity(session, parts, viewed, each, focus) for each in page.items]
        shown.append(
            ft.ResponsiveRow(
                tiles, spacing=GAP, run_spacing=GAP, breakpoints={"xs": 0, "sm": 420, "md": 720, "lg": 1_000}
            )
        )
    else:
        nothing = tr("Nothing fits") if viewed.search else tr("There is nothing in it")
        shown.append(cards.card(states.nothing(nothing, icon=ft.Icons.ACCOUNT_TREE_OUTLINED)))
    through = "" if focus is None else focus.id
    shown += tables.turner(
        viewed.trail, PAGE, page, lambda trail: session.go(viewed.turned(parts.look, trail, through).path)
    )
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _focus(session: Session, parts: Parts, viewed: Viewed, entity: GraphEntity) -> ft.Control:
    """The twin that one is in, whole."""
    rows: list[Fact] = [(name, figures.measured(each.value, each.unit)) for name, each in entity.properties.items()]
    rows.append((tr("Model"), text.mono(entity.model, selectable=True)))
    if entity.incoming:
        ways: list[ft.Control] = [
            buttons.quiet(
                f"{edge.twin} · {edge.name}",
                partial(session.go, viewed.to(parts.look, edge.twin).path),
            )
            for edge in entity.incoming[:_MOST_WAYS]
        ]
        rows.append((tr("From"), ft.Row(ways, wrap=True, spacing=2)))
    if entity.outgoing_count:
        rows.append((tr("Leads to"), _outgoing(entity)))
    return cards.card(facts(rows), title=entity.id, beside=[text.muted(entity.type)], id="entity")


def _entity(
    session: Session, parts: Parts, viewed: Viewed, entity: GraphEntity, focus: GraphEntity | None
) -> ft.Control:
    look = parts.look
    if entity.device:
        path = look.at("devices", device=entity.id).path
    else:
        path = viewed.into(look, entity.id, "" if focus is None else focus.id).path
    sign = ft.Icons.SENSORS if entity.device else ft.Icons.DATASET_OUTLINED
    known = list(entity.properties.items())
    rows: list[tuple[str, ft.Control]] = [
        (name, text.body(figures.measured(each.value, each.unit), no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS))
        for name, each in known[:_MOST_PROPERTIES]
    ]
    lines: list[ft.Control] = [
        ft.Row(
            [
                ft.Icon(sign, size=16, color=ft.Colors.ON_SURFACE_VARIANT),
                text.strong(entity.id, expand=True, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS),
                text.muted(entity.type),
            ],
            spacing=6,
        ),
        facts(rows, name_px=112),
    ]
    if len(known) > len(rows):
        rest = len(known) - len(rows)
        lines.append(text.muted(trn("and {count} more property", "and {count} more properties", rest)))
    if leads_on(entity):
        lines.append(text.muted(_outgoing(entity)))
    return surfaces.pressable(
        tr("{id}, {type}", id=entity.id, type=entity.type),
        lambda: session.go(path),
        ft.Column(lines, spacing=5, tight=True),
        col=_SPAN,
    )


def _outgoing(entity: GraphEntity) -> str:
    by_name: dict[str, int] = {}
    for edge in entity.outgoing:
        by_name[edge.name] = by_name.get(edge.name, 0) + 1
    if entity.outgoing_count > len(entity.outgoing):
        return trn("{count} relationship", "{count} relationships", entity.outgoing_count)
    return ", ".join(f"{name} {count}" for name, count in by_name.items())
