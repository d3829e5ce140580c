"""One account: what can be read of it, whether it works, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.connections import CheckFinding, Connection, ConnectionCheck
from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.connections.state import Look
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.run_log import RunLog
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette

_MOST_TWINS = 200


@ft.component
def Details(  # noqa: N802  components are named as Flet's controls are
    look: Look, connection: Connection, owner: bool, changed: Callable[[], None]
) -> ft.Control:
    """A connection; `owner`: whether its workspace's things may be changed. `changed` is called when it was checked."""
    session = use_session()
    use_store(session.appearance)
    run, set_run = ft.use_state("")
    nothing_failed: Failure | None = None
    failure, set_failure = ft.use_state(nothing_failed)
    twin, set_twin = ft.use_state("")
    twins = use_remote(lambda: session.ask(lambda api: _twins(api, connection.workspace)), connection.workspace)

    def check() -> None:
        async def begun() -> None:
            set_failure(None)
            made = await session.ask(lambda api: api.connections.check(connection, twin or None))
            set_run(made.id)

        session.act(begun(), failed=set_failure)

    def ended(found: Run) -> None:
        set_run("")
        if found.status != "succeeded":
            set_failure(Failure(tr("The check did not come to an end"), found.problem or badges.run_word(found.status)))
        changed()

    head = cards.card(
        ft.Column(
            [facts(_facts(session, connection)), *([_actions(session, look, connection, changed)] if owner else [])],
            spacing=GAP + 6,
            tight=True,
        ),
        title=connection.name,
        beside=[
            badges.cloud(connection.provider, session.appearance.palette),
            buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path)),
        ],
        id="connection",
    )
    parts: list[ft.Control] = []
    if failure is not None:
        parts.append(states.failed(failure, check))
    if run:
        parts.append(RunLog(run, ended))
    elif connection.check is not None:
        parts.append(_found(session, connection.check))
    else:
        parts.append(text.muted(tr("It was not checked since it was given its credentials.")))
    known = {"": tr("just that it signs in"), **(twins.value or {})}
    parts.append(
        ft.Row(
            [
                ft.Container(fields.choice(tr("Look whether it suffices for"), twin, known, set_twin), width=260),
                buttons.main(
                    tr("Checking…") if run else tr("Check"),
                    None if run or "run" not in session.me.scopes else check,
                    icon=ft.Icons.FACT_CHECK_OUTLINED,
                ),
            ],
            wrap=True,
            spacing=GAP,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
    )
    below = cards.card(
        ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Check"),
        id="connection-check",
    )
    return ft.Column([head, below], spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _twins(api: Client, workspace: str) -> dict[str, str]:
    return {twin.id: twin.name for twin in api.twins.list(workspace=workspace, sort="name", limit=_MOST_TWINS)}


def _facts(session: Session, connection: Connection) -> list[Fact]:
    config = connection.config.model_dump(mode="json")
    names = {
        "account_id": tr("Account"),
        "region": tr("Region"),
        "role_arn": tr("Role"),
        "external_id": tr("External id"),
        "subscription_id": tr("Subscription"),
        "tenant_id": tr("Tenant"),
        "client_id": tr("Client"),
        "project_id": tr("Project"),
        "impersonate": tr("Acts as"),
    }
    now = session.now()
    found: list[Fact] = [(names.get(name, name), value) for name, value in config.items() if value is not None]
    return [
        *found,
        (tr("Credentials"), tr("kept, shown to nobody")),
        (tr("Added"), figures.since(connection.created_at, now)),
        (tr("Changed"), figures.since(connection.updated_at, now)),
    ]


def _actions(session: Session, look: Look, connection: Connection, changed: Callable[[], None]) -> ft.Control:
    def remove() -> None:
        async def removed() -> None:
            await session.ask(lambda api: api.connections.delete(connection))
            session.notices.tell(tr("{name} is forgotten", name=connection.name))
            session.go(look.listed.path)
            changed()

        session.act(removed())

    ask = partial(
        dialogs.confirm_typed,
        session,
        tr("Remove {name}?", name=connection.name),
        tr(
            "Its credentials are forgotten, and nothing changes at {cloud}. While a twin is deployed there with it, it "
            "is not removed; you are told which.",
            cloud=connection.provider.label,
        ),
        connection.name,
        tr("Remove"),
        remove,
    )
    return ft.Row(
        [
            buttons.other(
                tr("Replace credentials"), lambda: session.go(look.changing("credentials").path), icon=ft.Icons.KEY
            ),
            buttons.other(
                tr("Name and settings"), lambda: session.go(look.changing("settings").path), icon=ft.Icons.EDIT_OUTLINED
            ),
            buttons.quiet(tr("Remove…"), ask, icon=ft.Icons.DELETE_OUTLINE),
        ],
        wrap=True,
        spacing=GAP,
        run_spacing=GAP,
    )


def state(check: ConnectionCheck | None, palette: Palette) -> ft.Control:
    """Whether a connection works, as a mark."""
    if check is None:
        return badges.pill(tr("not checked"), palette.unknown, sign="○")
    if check.sufficient:
        return badges.pill(tr("works"), palette.ok, sign="●")
    return badges.pill(tr("does not suffice"), palette.bad, sign="■")


def _found(session: Session, check: ConnectionCheck) -> ft.Control:
    palette = session.appearance.palette
    order = {"missing": 0, "unknown": 1, "ok": 2}
    rows = [_finding(each, palette) for each in sorted(check.findings, key=lambda each: order[each.verdict])]
    head = ft.Row([state(check, palette), text.muted(figures.since(check.at, session.now()))], spacing=GAP)
    return ft.Column([head, *rows], spacing=GAP + 2, tight=True)


def _finding(finding: CheckFinding, palette: Palette) -> ft.Control:
    tints = {
        "ok": (ft.Icons.CHECK_CIRCLE_OUTLINE, palette.ok.strong, tr("ok")),
        "missing": (ft.Icons.ERROR_OUTLINE, palette.bad.strong, tr("missing")),
        "unknown": (ft.Icons.HELP_OUTLINE, palette.warn.strong, tr("not known")),
    }
    sign, color, word = tints[finding.verdict]
    parts: list[ft.Control] = [text.body(f"{finding.topic}: {finding.text}", selectable=True)]
    if finding.names:
        parts.append(text.mono(", ".join(finding.names), selectable=True))
    if finding.remedy:
        parts.append(text.muted(tr("What to do: {remedy}", remedy=finding.remedy), selectable=True))
    return ft.Row(
        [
            ft.Icon(sign, color=color, size=20, semantics_label=word),
            ft.Container(ft.Column(parts, spacing=3, tight=True), expand=True),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
