"""Faults of a sandbox: which are on, and a dialog that switches one on."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.operating import TwinStatus
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.errors.fault_state import KINDS, Choice, kind_name
from twin2multicloud.app.ui.twin.overview.links import edge_name
from twin2multicloud.app.ui.twin.parts import Parts


@ft.component
def FaultsCard(parts: Parts) -> ft.Control:  # noqa: N802
    """Which are on, cloud by cloud."""
    session = use_session()
    status = use_store(parts.status)
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    on = [(cloud.cloud, fault) for cloud in status.value.clouds for fault in cloud.faults] if status.value else []

    async def cleared() -> None:
        await session.ask(lambda api: api.operating.clear_faults(parts.id))
        session.notices.tell(tr("No fault is on any more"))
        parts.status.refresh()

    shown: list[ft.Control] = [
        ft.Row([badges.cloud(cloud, palette), badges.pill(fault, palette.warn, sign="▲")], spacing=GAP, wrap=True)
        for cloud, fault in on
    ]
    if not on:
        shown.append(text.muted(tr("None is on. See how the twin bears an outage, slow links, full disks.")))
    if parts.seen.may_operate:
        made = [buttons.other(tr("Inject a fault"), lambda: inject(session, parts), icon=ft.Icons.BOLT_OUTLINED)]
        if on:
            made.append(
                buttons.main(tr("Switch all off"), lambda: session.act(cleared()), icon=ft.Icons.HEALING_OUTLINED)
            )
        shown.append(ft.Row(made, wrap=True, spacing=GAP))
    return cards.card(ft.Column(shown, spacing=GAP, tight=True), title=tr("Faults"), id="faults")


def inject(session: Session, parts: Parts) -> None:
    """Ask which fault, where, how strong and for how long, and switch it on."""
    status: TwinStatus | None = parts.status.value
    clouds = [cloud.cloud for cloud in status.clouds] if status is not None else []

    async def opened() -> None:
        links = await session.ask(lambda api: api.operating.links(parts.id))
        edges = sorted({end.edge for end in links.links})
        dialogs.show_live(session, tr("Inject a fault"), lambda: FaultForm(parts, clouds, edges), width=440)

    session.act(opened())


@ft.component
def FaultForm(parts: Parts, clouds: list[str], edges: list[str]) -> ft.Control:  # noqa: N802
    """The form of a fault."""
    session = use_session()
    choice, choose = ft.use_state(Choice().of("outage", clouds))
    problems, complain = ft.use_state(dict[str, str]())

    def put(**changes: str) -> None:
        choose(choice.typed(**changes))

    async def switched_on() -> None:
        found = choice.problems()
        complain(found)
        if found:
            return
        wanted = choice.wanted()
        where = await session.ask(lambda api: api.operating.inject(parts.id, wanted))
        dialogs.close(session)
        named = ", ".join(badges.CLOUDS[each] for each in where.clouds)
        session.notices.tell(tr("{fault}: on in {clouds}", fault=kind_name(choice.kind), clouds=named))
        parts.status.refresh()

    shown: list[ft.Control] = [
        fields.choice(
            tr("What goes wrong"),
            choice.kind,
            {each: kind_name(each) for each in KINDS},
            lambda kind: choose(choice.of(kind, clouds)),
        ),
        fields.choice(
            tr("Where"),
            choice.target,
            choice.targets([(each, edge_name(each)) for each in edges], clouds),
            lambda target: put(target=target),
        ),
    ]
    if choice.on_links:
        shown.append(
            fields.line(
                tr("Of requests"),
                choice.percent,
                lambda given: put(percent=given),
                unit="%",
                problem=problems.get("percent"),
            )
        )
    if choice.timed:
        label = {"kill": tr("Stays away for"), "clock-jump": tr("Jumps by (negative: back)")}.get(choice.kind, tr("By"))
        shown.append(
            fields.line(
                label, choice.seconds, lambda given: put(seconds=given), unit="s", problem=problems.get("seconds")
            )
        )
    if choice.ends:
        shown.append(
            fields.line(
                tr("Ends after (empty: when you switch it off)"),
                choice.duration_s,
                lambda given: put(duration_s=given),
                unit="s",
                problem=problems.get("duration_s"),
            )
        )
    shown.append(
        dialogs.choices(
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.main(tr("Switch on"), lambda: session.act(switched_on()), icon=ft.Icons.BOLT),
        )
    )
    return ft.Column(shown, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
