"""The section of the editor that the address names."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import cards, text
from twin2multicloud.app.ui.components.buttons import other
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.dashboards_section import DashboardsSection
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.devices_section import DevicesSection
from twin2multicloud.app.ui.new_twin.processors_section import ProcessorsSection
from twin2multicloud.app.ui.new_twin.rules_section import RulesSection
from twin2multicloud.app.ui.new_twin.sections import Section
from twin2multicloud.app.ui.new_twin.text_section import TextSection
from twin2multicloud.app.ui.new_twin.workload_section import WorkloadSection
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


@ft.component
def SectionBody(desk: Desk, section: Section, item: str) -> ft.Control:  # noqa: N802  as Flet's controls are named
    """A section. Those with a form need a text that can be read."""
    session = use_session()
    editor = use_store(desk.editor)
    use_store(desk.checks)
    use_store(session.viewport)
    if section is not Section.TEXT and not editor.readable:
        return _unreadable(session, desk)
    return text.named(f"section-{section}", _section(desk, section, item))


def _section(desk: Desk, section: Section, item: str) -> ft.Control:
    match section:
        case Section.DEVICES:
            return DevicesSection(desk, item)
        case Section.RULES:
            return RulesSection(desk, item)
        case Section.PROCESSORS:
            return ProcessorsSection(desk, item)
        case Section.DASHBOARDS:
            return DashboardsSection(desk, item)
        case Section.TEXT:
            return TextSection(desk)
        case _:
            return WorkloadSection(desk)


def _unreadable(session: Session, desk: Desk) -> ft.Control:
    to_text = lambda: session.go(places.draft(desk.saving.draft.id, Section.TEXT.value))  # noqa: E731
    return cards.card(
        ft.Column(
            [
                text.body(tr("The text cannot be read, so there is no form of it now:")),
                *[text.mono(str(each)) for each in desk.editor.unreadable[:5]],
                ft.Row([other(tr("Change the text"), to_text), other(tr("Undo"), desk.editor.undo)], spacing=GAP),
            ],
            spacing=GAP,
            tight=True,
        ),
        title=tr("First the text"),
        id="unreadable",
    )
