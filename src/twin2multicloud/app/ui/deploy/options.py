"""With what a twin is deployed: whose it is, who may look, how long logs are kept; how fast a sandbox's time goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import flet as ft

from twin2multicloud.app.ui.components import cards, fields, text
from twin2multicloud.app.ui.deploy.state import Facts, Options
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import SLOTS


def options(
    facts: Facts, given: Options, problems: Mapping[str, str], changed: Callable[[Options], None], owner: str
) -> ft.Control:
    """The form. What is left empty is as the server has it; `owner` is whose the twin is then."""
    inner = (
        _sandbox(given, problems, changed, facts)
        if facts.target == "sandbox"
        else _clouds(given, problems, changed, owner)
    )
    return cards.card(
        ft.Column(inner, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Options"),
        id="options",
    )


def _sandbox(
    given: Options, problems: Mapping[str, str], changed: Callable[[Options], None], facts: Facts
) -> list[ft.Control]:
    there = facts.stacks and len({stack.slot for stack in facts.stacks}) < len(SLOTS)
    return [
        _pair(
            fields.line(
                tr("Speed of the twin's clock"),
                given.speed,
                lambda value: changed(given.changed(speed=value)),
                unit="×",
                hint="1",
                problem=problems.get("speed"),
            ),
            fields.line(
                tr("Only so many devices"),
                given.devices,
                lambda value: changed(given.changed(devices=value)),
                hint=tr("as it is deployed") if there else f"{facts.twin.devices:,}",
                problem=problems.get("devices"),
            ),
        ),
        text.muted(
            tr("At 60 × an hour of the twin passes in a minute: data ages, moves to cool storage, is archived.")
        ),
    ]


def _clouds(
    given: Options, problems: Mapping[str, str], changed: Callable[[Options], None], owner: str
) -> list[ft.Control]:
    return [
        _pair(
            fields.line(
                tr("Owner's e-mail address"),
                given.owner,
                lambda value: changed(given.changed(owner=value)),
                hint=owner,
                problem=problems.get("owner"),
                keyboard_type=ft.KeyboardType.EMAIL,
            ),
            fields.line(
                tr("Logs are kept for"),
                given.retention,
                lambda value: changed(given.changed(retention=value)),
                unit=tr("days"),
                hint=tr("as now"),
                problem=problems.get("log_retention_days"),
            ),
        ),
        fields.line(
            tr("Who may see dashboards"),
            given.users,
            lambda value: changed(given.changed(users=value)),
            hint=tr("e-mail addresses"),
            problem=problems.get("users"),
        ),
        fields.switch(
            tr("Look at unchanged slots, too"),
            given.refresh,
            lambda value: changed(given.changed(refresh=value)),
        ),
        text.muted(tr("The owner is told about alerts and budgets, and is a tag on everything that is built.")),
    ]


def _pair(left: ft.Control, right: ft.Control) -> ft.Control:
    stretched = ft.CrossAxisAlignment.STRETCH
    return ft.ResponsiveRow(
        [
            ft.Column([each], col={"xs": 12, "sm": 6}, horizontal_alignment=stretched, tight=True)
            for each in (left, right)
        ],
        spacing=GAP,
        run_spacing=GAP + 4,
    )
