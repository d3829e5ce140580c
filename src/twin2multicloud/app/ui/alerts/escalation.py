"""Escalation: who is told what nobody looks after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.alert_policy import AlertPolicy, EscalationStep, PolicyInput
from twin2multicloud.app.schemas.alert_routes import AlertRoute
from twin2multicloud.app.ui import may
from twin2multicloud.app.ui.alerts.acting import lasting
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MINUTES = (5, 15, 30, 60, 240, 1_440)


def escalation(
    session: Session,
    workspace: str,
    policy: AlertPolicy,
    routes: Sequence[AlertRoute] | None,
    changed: Callable[[], None],
) -> ft.Control:
    """The steps, which owners change."""
    names = {route.id: route.name for route in routes or ()}
    owner = may.have(session.me, "write", "owner", workspace)

    def put(steps: Sequence[EscalationStep]) -> None:
        given = PolicyInput(
            severities=dict(policy.severities),
            escalate_from=policy.escalate_from,
            steps=sorted(steps, key=lambda step: step.after_minutes),
        )

        async def set_to() -> None:
            await session.ask(lambda api: api.alert_routes.set_policy(workspace, given, policy.version))
            session.notices.tell(tr("Escalation is changed"))
            changed()

        session.act(set_to())

    rows: list[ft.Control] = []
    for step in policy.steps:
        others = [each for each in policy.steps if each is not step]
        said = tr("after {time}: {route}", time=lasting(step.after_minutes), route=names.get(step.route, step.route))
        row: list[ft.Control] = [ft.Container(text.body(said), expand=True)]
        if owner:
            row.append(
                buttons.icon(
                    ft.Icons.DELETE_OUTLINE,
                    tr("Remove the step after {time}", time=lasting(step.after_minutes)),
                    partial(put, others),
                )
            )
        rows.append(ft.Row(row, vertical_alignment=ft.CrossAxisAlignment.CENTER))
    if policy.steps:
        word = badges.severity_word(policy.escalate_from)
        rows.insert(0, text.muted(tr("From {severity} on, unless somebody looks after it:", severity=word)))
    else:
        rows.append(text.muted(tr("Nobody else is told what nobody looks after.")))
    free = [each for each in _MINUTES if each not in {step.after_minutes for step in policy.steps}]
    add = (
        [buttons.other(tr("Add a step"), partial(_ask, session, free, names, policy.steps, put), icon=ft.Icons.ADD)]
        if owner and names and free
        else []
    )
    return cards.card(
        ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Escalation"),
        beside=add,
        id="escalation",
    )


def _ask(
    session: Session,
    free: Sequence[int],
    names: dict[str, str],
    steps: Sequence[EscalationStep],
    put: Callable[[Sequence[EscalationStep]], None],
) -> None:
    chosen = {"minutes": str(free[0]), "route": next(iter(names))}

    def go() -> None:
        dialogs.close(session)
        put([*steps, EscalationStep(after_minutes=int(chosen["minutes"]), route=chosen["route"])])

    content = ft.Column(
        [
            fields.choice(
                tr("When nobody looks after it for"),
                chosen["minutes"],
                {str(each): lasting(each) for each in free},
                lambda value: chosen.update(minutes=value),
            ),
            fields.choice(tr("Tell"), chosen["route"], names, lambda value: chosen.update(route=value)),
        ],
        spacing=GAP + 6,
        tight=True,
    )
    dialogs.show(
        session,
        tr("Add a step"),
        content,
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Add"), go)],
    )
