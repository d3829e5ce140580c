"""A plan that waits: what agreeing to it means, and the way to say yes or no."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, dialogs, states, text
from twin2multicloud.app.ui.hooks import use_made, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import access
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.stacks_view import counts, going, more_than
from twin2multicloud.app.ui.theme import GAP

_SHOWN = 12


@ft.component
def Deciding(run: Run, plan: Plan, may: bool) -> ft.Control:  # noqa: N802
    """What is asked, and the answer."""
    session = use_session()
    busy = use_made(Busy)
    use_store(session.appearance)
    palette, currency = session.appearance.palette, session.currency

    async def decide(agreed: bool) -> None:
        await session.ask(
            lambda api: api.runs.decide(run.id, agreed=agreed, plan_digest=api.runs.digest_of(run) if agreed else None)
        )

    def agree() -> None:
        busy.act(session, "agree", lambda: decide(True))

    def ask() -> None:
        lost = going(plan.stacks)
        if not lost:
            agree()
            return
        dialogs.confirm_typed(
            session,
            label(run),
            trn(
                "{count} resource is destroyed, with what it holds. That cannot be undone.",
                "{count} resources are destroyed, with what they hold. That cannot be undone.",
                len(lost),
            ),
            run.twin_name or "destroy",
            label(run),
            agree,
            details=more_than(lost, _SHOWN),
        )

    said: list[ft.Control] = [
        text.strong(tr("This plan waits for your agreement") if may else tr("This plan waits for somebody to agree"))
    ]
    if plan.stacks:
        said.append(counts(plan, palette))
    if plan.usd_per_month and run.kind != "move":
        month = figures.per_month(plan.usd_per_month, currency)
        said.append(text.body(tr("{amount} predicted for the whole twin", amount=month)))
    parts: list[ft.Control] = [
        ft.Row(said, wrap=True, spacing=GAP + 2, run_spacing=4, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    ]
    for stack in plan.losing:
        parts.append(
            cards.strip(
                text.body(tr("{slot} loses the data that it holds.", slot=stack.label), color=palette.bad.strong),
                tint_soft=palette.bad.soft,
                tint=palette.bad.strong,
                icon=ft.Icons.WARNING_AMBER,
            )
        )
    if busy.failure is not None:
        parts.append(states.failed(busy.failure))
    if may:
        agree_button = buttons.danger if going(plan.stacks) else buttons.main
        parts.append(
            ft.Row(
                [
                    agree_button(
                        tr("Agreeing …") if busy.doing == "agree" else label(run), busy.free(ask), icon=ft.Icons.CHECK
                    ),
                    buttons.other(
                        tr("Declining …") if busy.doing == "decline" else tr("Decline"),
                        busy.free(lambda: busy.act(session, "decline", lambda: decide(False))),
                    ),
                ],
                wrap=True,
                spacing=GAP,
                run_spacing=GAP,
            )
        )
    else:
        parts.append(text.muted(access.why_not(session)))
    return cards.card(
        ft.Column(parts, spacing=GAP + 2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        id="decision",
    )


def label(run: Run) -> str:
    """What agreeing is called."""
    return {
        "deploy": tr("Agree and deploy"),
        "redeploy": tr("Agree and redeploy"),
        "destroy": tr("Agree and destroy"),
        "move": tr("Move"),
    }.get(run.kind, tr("Agree"))
