"""Regions that may be used, chosen by place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.catalogue import Region
from twin2multicloud.app.ui.components import badges, cards, fields, text
from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.new_twin.chooser import stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.geography import by_area, country, found
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import PROVIDERS

_MOST: Final = 60
_PATH: Final = ("constraints", "regions")


@ft.component
def RegionsCard(desk: Desk, regions: Sequence[Region], clouds: Sequence[str]) -> ft.Control:  # noqa: N802  as Flet's
    """Which regions each cloud may use: none chosen means all in which every slot can be filled."""
    session = use_session()
    use_store(session.appearance)
    words, set_words = ft.use_state("")
    incomplete, set_incomplete = ft.use_state(False)
    editor = desk.editor
    chosen = _chosen(desk)

    def toggle(region: Region) -> None:
        cloud = region.provider.value
        codes = chosen.get(cloud, [])
        wanted = [each for each in codes if each != region.code] if region.code in codes else [*codes, region.code]
        editor.put((*_PATH, _key(desk, cloud)), wanted)
        if not wanted and len(chosen) == 1:
            editor.remove(_PATH)

    mine = [each for each in regions if each.code in chosen.get(each.provider.value, [])]
    shown = found(regions, words, clouds, incomplete=incomplete)[:_MOST]
    rows: list[ft.Control] = [_summary(session, chosen, mine, clouds, toggle)]
    rows.append(
        ft.Row(
            [
                ft.Container(fields.search(tr("City, country or region"), words, set_words), width=300),
                fields.switch(tr("Also where not every slot can be filled"), incomplete, set_incomplete),
            ],
            wrap=True,
            spacing=GAP + 4,
            run_spacing=GAP,
        )
    )
    for name, there in by_area(shown).items():
        rows.append(text.muted(name, weight=ft.FontWeight.W_600))
        rows.append(
            ft.Row([_one(session, each, each in mine, toggle) for each in there], wrap=True, spacing=6, run_spacing=6)
        )
    if not shown:
        rows.append(text.muted(tr("No region of the clouds that may be used fits.")))
    problem = desk.problem(*_PATH) or desk.problem_within(*_PATH)
    if problem is not None:
        rows.append(text.body(problem, color=ft.Colors.ERROR))
    return cards.card(stacked(*rows, spacing=GAP), title=tr("Regions"), id="regions")


def _chosen(desk: Desk) -> dict[str, list[str]]:
    """The codes of the regions that are chosen, by cloud; each cloud's as it is written."""
    written = desk.editor.mapping(*_PATH)
    return {
        cloud.casefold(): [str(each) for each in (codes if isinstance(codes, list) else [codes])]
        for cloud, codes in written.items()
    }


def _key(desk: Desk, cloud: str) -> str:
    return next((each for each in desk.editor.mapping(*_PATH) if each.casefold() == cloud), cloud)


def _summary(
    session: Session,
    chosen: dict[str, list[str]],
    mine: Sequence[Region],
    clouds: Sequence[str],
    toggle: Callable[[Region], None],
) -> ft.Control:
    if not chosen:
        return text.muted(tr("None is chosen: all in which every slot can be filled may be used."))
    lines: list[ft.Control] = []
    for provider in PROVIDERS:
        if provider.value not in clouds:
            continue
        codes = chosen.get(provider.value)
        said = (
            text.muted(tr("any of its regions"))
            if codes is None
            else ft.Row(
                [_one(session, each, True, toggle) for each in mine if each.provider is provider],
                wrap=True,
                spacing=6,
                run_spacing=6,
                expand=True,
            )
        )
        lines.append(
            ft.Row(
                [ft.Container(badges.cloud(provider, session.appearance.palette), width=64), said],
                spacing=GAP,
            )
        )
    count = trn("{count} region is chosen", "{count} regions are chosen", len(mine))
    return stacked(text.body(count, weight=ft.FontWeight.W_500), *lines, spacing=6)


def _one(session: Session, region: Region, here: bool, toggle: Callable[[Region], None]) -> ft.Control:
    tint = session.appearance.palette.cloud(region.provider)
    label = f"{region.name}, {country(region.country)} · {region.provider.label}"
    parts: list[ft.Control] = [
        ft.Container(width=8, height=8, border_radius=4, bgcolor=tint.strong),
        text.body(region.name),
        text.muted(f"{region.provider.label} {region.code}", size=11.5),
    ]
    if not region.complete:
        parts.append(ft.Icon(ft.Icons.TONALITY, size=13, color=ft.Colors.ON_SURFACE_VARIANT))
    if here:
        parts.insert(0, ft.Icon(ft.Icons.CHECK, size=14, color=ft.Colors.PRIMARY))
    told = label if region.complete else tr("{label}: not every slot can be filled here", label=label)
    return pressable(
        ft.Row(parts, spacing=6, tight=True),
        told,
        lambda: toggle(region),
        checked=here,
        padding=ft.Padding.symmetric(horizontal=10, vertical=5),
        border_radius=8,
        border=ft.Border.all(1, ft.Colors.PRIMARY if here else ft.Colors.OUTLINE_VARIANT),
        bgcolor=ft.Colors.PRIMARY_CONTAINER if here else None,
        tooltip=tip(told),
    )
