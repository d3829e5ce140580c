"""With whose accounts a twin is deployed: a connection for each cloud that it needs, and what a check of it found."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.connections import Connection, TwinConnections
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, text
from twin2multicloud.app.ui.deploy.state import Facts
from twin2multicloud.app.ui.hooks import use_made, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import access
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.runs.results import findings
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Provider


@ft.component
def Accounts(facts: Facts, changed: Callable[[], None]) -> ft.Control:  # noqa: N802
    """The connections."""
    session = use_session()
    use_store(session.appearance)
    busy = use_made(Busy)
    opened, set_opened = ft.use_state("")
    may = access.may_operate(session, facts.twin, facts.twin.workspace)

    def choose(provider: Provider, connection: str) -> None:
        async def keep() -> None:
            given = facts.chosen.model_copy(update={provider.value: connection or None})
            await session.ask(
                lambda api: api.connections.choose(
                    facts.twin.id, TwinConnections.model_validate(given.model_dump()), facts.twin.version
                )
            )
            changed()

        busy.act(session, provider.value, keep)

    def check(connection: Connection) -> None:
        async def begin() -> None:
            await session.ask(lambda api: api.connections.check(connection, facts.twin.id))
            session.notices.tell(tr("“{name}” is being checked", name=connection.name))

        busy.act(session, connection.id, begin)

    rows: list[ft.Control] = []
    for provider in facts.providers:
        rows.append(_row(session, facts, provider, busy, may, choose, check, opened, set_opened))
    if busy.failure is not None:
        rows.append(states.failed(busy.failure))
    rows.append(
        text.muted(tr("Credentials stay on the server, sealed. A check asks the cloud and changes nothing there."))
    )
    add = buttons.quiet(tr("Add a connection"), lambda: session.go(places.CONNECTIONS), icon=ft.Icons.ADD)
    return cards.card(
        ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Accounts"),
        beside=[add],
        id="accounts",
    )


def _row(
    session: Session,
    facts: Facts,
    provider: Provider,
    busy: Busy,
    may: bool,
    choose: Callable[[Provider, str], None],
    check: Callable[[Connection], None],
    opened: str,
    set_opened: Callable[[str], None],
) -> ft.Control:
    palette = session.appearance.palette
    mine = [each for each in facts.connections or () if each.provider is provider]
    chosen_id = getattr(facts.chosen, provider.value) or ""
    chosen = next((each for each in mine if each.id == chosen_id), None)
    head: list[ft.Control] = [ft.Container(ft.Row([badges.cloud(provider, palette)], tight=True), width=64)]
    if facts.connections is None:
        head.append(text.body(tr("chosen") if chosen_id else tr("none chosen")))
    elif not mine:
        head.append(text.body(tr("no connection yet; add one, then choose it here")))
    else:
        options = {"": tr("choose one"), **{each.id: each.name for each in mine}}
        head.append(
            fields.choice(
                tr("Connection for {cloud}", cloud=provider.label),
                chosen_id,
                options,
                lambda connection: choose(provider, connection),
                width=230,
                disabled=not may or bool(busy.doing),
            )
        )
    if chosen is not None:
        head.append(_verdict(session, chosen))
        if may:
            under_way = busy.doing == chosen.id
            head.append(
                buttons.quiet(
                    tr("Checking …") if under_way else tr("Check"),
                    busy.free(lambda: check(chosen)),
                    icon=ft.Icons.FACT_CHECK_OUTLINED,
                )
            )
        if chosen.check is not None:
            shown = opened == chosen.id
            head.append(
                buttons.quiet(
                    tr("Hide findings") if shown else tr("Findings"), lambda: set_opened("" if shown else chosen.id)
                )
            )
    parts: list[ft.Control] = [
        ft.Row(head, wrap=True, spacing=GAP, run_spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    ]
    if chosen is not None and chosen.check is not None and opened == chosen.id:
        parts.append(findings(session, [each.model_dump() for each in chosen.check.findings]))
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _verdict(session: Session, connection: Connection) -> ft.Control:
    palette, found = session.appearance.palette, connection.check
    if found is None:
        return badges.pill(tr("not checked"), palette.unknown, sign="○")
    missing = sum(each.verdict == "missing" for each in found.findings)
    age = figures.since(found.at, session.now())
    if found.sufficient:
        return badges.pill(tr("suffices, checked {age}", age=age), palette.ok, sign="✔")
    return badges.pill(tr("{count} missing, checked {age}", count=missing, age=age), palette.bad, sign="■")
