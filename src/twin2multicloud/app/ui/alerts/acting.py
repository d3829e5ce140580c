"""What is done about alerts: taken on, kept quiet, let be told again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.alerts.state import MUTE_MINUTES, Chosen, until
from twin2multicloud.app.ui.components import buttons, dialogs, fields, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

Done = Callable[[], None]


def acknowledge(session: Session, ids: Sequence[str], chosen: Chosen, done: Done) -> None:
    """Look after them."""

    def each(api: Client) -> None:
        for one in ids:
            api.alerts.acknowledge(one)

    told = trn("You look after {count} alert", "You look after {count} alerts", len(ids))
    _act(session, each, told, chosen, done)


def unmute(session: Session, ids: Sequence[str], chosen: Chosen, done: Done) -> None:
    """Let them be told again."""

    def each(api: Client) -> None:
        for one in ids:
            api.alerts.unmute(one)

    _act(session, each, trn("{count} alert is told again", "{count} alerts are told again", len(ids)), chosen, done)


def mute(session: Session, ids: Sequence[str], chosen: Chosen, done: Done) -> None:
    """Ask how long to keep them quiet, and do so."""
    written = ""

    def for_minutes(minutes: int) -> None:
        def each(api: Client) -> None:
            for one in ids:
                api.alerts.mute(one, minutes=minutes)

        dialogs.close(session)
        _act(session, each, _muted(len(ids)), chosen, done)

    def until_moment(moment: datetime) -> None:
        def each(api: Client) -> None:
            for one in ids:
                api.alerts.mute(one, until=moment)

        dialogs.close(session)
        _act(session, each, _muted(len(ids)), chosen, done)

    problem = text.muted("", color=ft.Colors.ERROR)

    def typed(given: str) -> None:
        nonlocal written
        written = given

    def go() -> None:
        moment = until(written, session.now())
        if moment is None:
            problem.value = tr(
                "Write a moment to come within a year, in UTC, such as {example}", example=_example(session)
            )
            problem.update()
        else:
            until_moment(moment)

    quick = [buttons.other(lasting(minutes), partial(for_minutes, minutes)) for minutes in MUTE_MINUTES]
    field = fields.line(tr("Or until (UTC)"), "", typed, hint=_example(session), done=lambda _: go())
    content = ft.Column(
        [
            text.body(
                trn(
                    "While it is muted nobody is told of it, however often it comes. It stays in the list.",
                    "While they are muted nobody is told of them, however often they come. They stay in the list.",
                    len(ids),
                )
            ),
            ft.Row(quick, wrap=True, spacing=GAP, run_spacing=GAP),
            field,
            problem,
        ],
        spacing=GAP + 4,
        tight=True,
    )
    dialogs.show(
        session,
        trn("Mute {count} alert", "Mute {count} alerts", len(ids)),
        content,
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Mute until then"), go)],
    )


def _act(session: Session, each: Callable[[Client], None], told: str, chosen: Chosen, done: Done) -> None:
    async def carried_out() -> None:
        chosen.begin()
        try:
            await session.ask(each)
            session.notices.tell(told)
        finally:
            chosen.end()
            done()

    session.act(carried_out())


def _muted(count: int) -> str:
    return trn("{count} alert is muted", "{count} alerts are muted", count)


def lasting(minutes: int) -> str:
    """A number of minutes, as people say it."""
    if minutes < 60:
        return tr("{number} min", number=minutes)
    if minutes < 24 * 60:
        return trn("{count} hour", "{count} hours", minutes // 60)
    return trn("{count} day", "{count} days", minutes // (24 * 60))


def _example(session: Session) -> str:
    return figures.day_and_time(session.now())[:11] + "18:00"
