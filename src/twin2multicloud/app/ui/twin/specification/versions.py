"""Every version of a twin: who made it and why, what changed between any two, and taking one up again."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.twins import TwinDiff, TwinVersionSummary
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, code, fields, states, tables, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.app.ui.twin.specification.restoring import restore, slots_moved
from twin2multicloud.app.ui.twin.specification.state import MOST_VERSIONS, Viewed, who


@ft.component
def VersionsPart(parts: Parts) -> ft.Control:  # noqa: N802
    """The list, and below it what changed between the two that are compared."""
    session = use_session()
    use_store(session.viewport)
    loaded = use_remote(
        lambda: session.ask(
            lambda api: (
                list(api.twins.versions(parts.id, limit=MOST_VERSIONS)),
                {each.id: each.name for each in api.twins.members(parts.id)},
            )
        ),
        parts.id,
        refresh_on=Wanted(("twin.",), twin=parts.id),
    )
    return states.shown(loaded, lambda found: _list(session, parts, found[0], found[1]), rows=6)


def _list(session: Session, parts: Parts, versions: list[TwinVersionSummary], names: dict[str, str]) -> ft.Control:
    look, viewed = parts.look, Viewed.of(parts.look)
    currency = session.currency
    columns: list[Column[TwinVersionSummary]] = [
        Column(tr("Version"), lambda each: text.strong(f"{each.number}"), share=1, main=True),
        Column(tr("Note"), lambda each: text.body(each.note or figures.NONE, max_lines=2), share=4),
        Column(tr("By"), lambda each: text.body(who(each.created_by, names)), share=2),
        Column(tr("When"), lambda each: text.muted(figures.day_and_time(each.created_at)), share=3),
        Column(
            tr("Predicted / month"),
            lambda each: text.figure(figures.money(each.usd_per_month, currency)),
            share=2,
            number=True,
            wide_only=True,
        ),
        Column("", lambda each: _acts(session, parts, each), share=3, number=True),
    ]
    table = tables.table(
        columns,
        versions,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Versions"),
    )
    shown: list[ft.Control] = [table]
    if len(versions) > 1:
        numbers = [each.number for each in versions]
        after = viewed.after if viewed.after in numbers else numbers[0]
        earlier = [each for each in numbers if each < after] or numbers[1:]
        before = viewed.before if viewed.before in numbers else earlier[0]
        options = {str(each): tr("version {number}", number=each) for each in numbers}
        choices = [
            fields.choice(
                tr("From"), str(before), options, lambda given: session.go(look.asking(before=given).path), width=150
            ),
            fields.choice(
                tr("To"), str(after), options, lambda given: session.go(look.asking(after=given).path), width=150
            ),
        ]
        shown.append(
            cards.card(
                DiffPart(parts, before, after),
                title=tr("What changed"),
                beside=[ft.Row(choices, wrap=True, spacing=GAP, alignment=ft.MainAxisAlignment.END)],
                id="diff",
            )
        )
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _acts(session: Session, parts: Parts, version: TwinVersionSummary) -> ft.Control:
    look = parts.look.at("specification", part="definition", version=str(version.number))
    made: list[ft.Control] = [
        buttons.icon(
            ft.Icons.DESCRIPTION_OUTLINED,
            tr("Show version {number}", number=version.number),
            lambda: session.go(look.path),
        )
    ]
    if parts.seen.may_operate and version.number != parts.seen.twin.number:
        made.append(
            buttons.icon(
                ft.Icons.RESTORE,
                tr("Restore version {number}", number=version.number),
                lambda: restore(session, parts, version.number),
            )
        )
    return ft.Row(made, spacing=0, tight=True)


@ft.component
def DiffPart(parts: Parts, before: int, after: int) -> ft.Control:  # noqa: N802
    """What changed between two versions: text, placement, cost."""
    session = use_session()
    palette = use_store(session.appearance).palette
    diff = use_remote(lambda: session.ask(lambda api: api.twins.diff(parts.id, before, after)), parts.id, before, after)
    return states.shown(diff, lambda found: _diff(session, found, palette), rows=5)


def _diff(session: Session, diff: TwinDiff, palette: Palette) -> ft.Control:
    shown: list[ft.Control] = []
    if diff.text:
        shown.append(code.code(diff.text, palette, kind="diff", label=tr("Difference of the definitions")))
    else:
        shown.append(text.muted(tr("The definition and its files are the same.")))
    if diff.slots:
        shown += [text.section(tr("Placement")), slots_moved(diff, narrow=session.viewport.narrow)]
    old, new = diff.usd_per_month
    if old != new:
        told = f"{figures.per_month(old, session.currency)} → {figures.per_month(new, session.currency)}"
        shown.append(facts([(tr("Predicted"), told)], name_px=150))
    return ft.Column(shown, spacing=GAP + 2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
