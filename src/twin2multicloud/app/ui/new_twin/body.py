"""The section of the editor that the address names."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.constraints_section import ConstraintsSection
from twin2multicloud.app.ui.new_twin.dashboards_section import DashboardsSection
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.devices_section import DevicesSection
from twin2multicloud.app.ui.new_twin.graph_section import GraphSection
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
        case Section.GRAPH:
            return GraphSection(desk)
        case Section.CONSTRAINTS:
            return ConstraintsSection(desk)
        case Section.DASHBOARDS:
            return DashboardsSection(desk, item)
        case Section.TEXT:
            return TextSection(desk)
        case Section.WORKLOAD:
            return WorkloadSection(desk)


def _unreadable(session: Session, desk: Desk) -> ft.Control:
    editor = desk.editor
    acts = [buttons.other(tr("Change the text"), partial(session.go, desk.address(Section.TEXT)))]
    if editor.written.format == "toml":
        acts.insert(0, buttons.main(tr("Go on in YAML, without its comments"), editor.write_yaml))
    if editor.can_undo:
        acts.append(buttons.other(tr("Undo"), editor.undo))
    return cards.card(
        ft.Column(
            [
                text.body(tr("There is no form of this text now:")),
                *[text.mono(str(each)) for each in desk.editor.unreadable[:5]],
                ft.Row(acts, spacing=GAP, run_spacing=GAP, wrap=True),
            ],
            spacing=GAP,
            tight=True,
        ),
        title=tr("First the text"),
        id="unreadable",
    )
