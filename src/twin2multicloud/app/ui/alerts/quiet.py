"""Rules that keep alerts quiet by twin, layer and kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import flet as ft
from pydantic import ValidationError

from twin2multicloud.app.schemas.alert_policy import MuteRule, MuteRuleInput
from twin2multicloud.app.ui import figures, layers, may
from twin2multicloud.app.ui.alerts.acting import lasting
from twin2multicloud.app.ui.alerts.state import MUTE_MINUTES
from twin2multicloud.app.ui.components import buttons, cards, dialogs, fields, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_ANY = "*"


def quiet_rules(
    session: Session,
    workspace: str,
    rules: Sequence[MuteRule],
    twins: Mapping[str, str],
    changed: Callable[[], None],
) -> ft.Control:
    """The rules that hold now, which operators make and end."""
    operator = may.have(session.me, "run", "operator", workspace)
    rows: list[ft.Control] = [_rule(session, each, twins, operator, changed) for each in rules]
    if not rows:
        rows = [text.muted(tr("Nothing is kept quiet by a rule."))]
    add = (
        [
            buttons.other(
                tr("Keep quiet…"),
                partial(_ask, session, workspace, twins, changed),
                icon=ft.Icons.NOTIFICATIONS_OFF_OUTLINED,
            )
        ]
        if operator
        else []
    )
    return cards.card(
        ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Kept quiet"),
        beside=add,
        id="quiet",
    )


def _rule(
    session: Session, rule: MuteRule, twins: Mapping[str, str], operator: bool, changed: Callable[[], None]
) -> ft.Control:
    twin = tr("all twins") if rule.twin is None else twins.get(rule.twin, rule.twin)
    what = tr("any kind") if rule.kind == _ANY else rule.kind
    where = tr("any layer") if rule.layer == _ANY else rule.layer
    ends = tr("until {moment}, by {name}", moment=figures.day_and_time(rule.until), name=rule.created_by)
    count = trn("{count} alert now", "{count} alerts now", rule.muted)

    def end() -> None:
        async def ended() -> None:
            await session.ask(lambda api: api.alert_routes.end_mute_rule(rule.workspace, rule.id))
            session.notices.tell(tr("It is told again when it comes again"))
            changed()

        session.act(ended())

    lines: list[ft.Control] = [
        text.body(" · ".join((twin, where, what))),
        text.muted(" · ".join(filter(None, (ends, count, rule.note)))),
    ]
    row: list[ft.Control] = [ft.Column(lines, spacing=1, tight=True, expand=True)]
    if operator:
        row.append(buttons.named(tr("End"), tr("End the rule for {twin}", twin=twin), end))
    return ft.Row(row, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _ask(session: Session, workspace: str, twins: Mapping[str, str], changed: Callable[[], None]) -> None:
    chosen = {"twin": "", "layer": "", "kind": "", "minutes": str(MUTE_MINUTES[1]), "note": ""}
    problem = text.muted("", color=ft.Colors.ERROR)

    def go() -> None:
        try:
            given = MuteRuleInput(
                twin=chosen["twin"] or None,
                layer=f"{chosen['layer']}*" if chosen["layer"] else _ANY,
                kind=chosen["kind"].strip() or _ANY,
                minutes=int(chosen["minutes"]),
                note=chosen["note"].strip(),
            )
        except ValidationError:
            problem.value = tr("A kind is as in “link-timeout”, or with * as in “link-*”")
            problem.update()
            return
        dialogs.close(session)

        async def made() -> None:
            rule = await session.ask(lambda api: api.alert_routes.mute(workspace, given))
            session.notices.tell(trn("{count} alert is muted", "{count} alerts are muted", rule.muted))
            changed()

        session.act(made())

    content = ft.Column(
        [
            text.body(tr("Nobody is told of what fits, however often it comes. It stays in the list.")),
            fields.choice(tr("Of twin"), "", {"": tr("any twin"), **twins}, lambda value: chosen.update(twin=value)),
            fields.choice(
                tr("Of layer"), "", {"": tr("any layer"), **layers.names()}, lambda value: chosen.update(layer=value)
            ),
            fields.line(tr("Kind"), "", lambda value: chosen.update(kind=value), hint="link-*"),
            fields.choice(
                tr("For"),
                chosen["minutes"],
                {str(each): lasting(each) for each in MUTE_MINUTES},
                lambda value: chosen.update(minutes=value),
            ),
            fields.line(tr("Why"), "", lambda value: chosen.update(note=value)),
            problem,
        ],
        spacing=GAP + 4,
        tight=True,
    )
    dialogs.show(
        session,
        tr("Keep alerts quiet"),
        content,
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Keep quiet"), go)],
    )
