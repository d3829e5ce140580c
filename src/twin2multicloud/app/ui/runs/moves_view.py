"""A move: what it will take, and how far it is, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, text
from twin2multicloud.app.ui.hooks import use_every, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.progress import Progress, Step
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import FALLBACK, GAP

_STEPS = ("build", "copy", "hold", "catch-up", "cut-over", "release", "verify", "destroy")


def phase_word(step: str) -> str:
    """What is done in a phase."""
    return {
        "build": tr("Built at the target"),
        "copy": tr("Copied, while all flows"),
        "hold": tr("Writers held"),
        "catch-up": tr("What came meanwhile copied"),
        "cut-over": tr("Cut over"),
        "release": tr("Writers let go on"),
        "verify": tr("Both ends compared"),
        "destroy": tr("The source destroyed"),
    }.get(step, step)


def estimate(session: Session, plan: Plan) -> ft.Control | None:
    """What a new move will take: from where to where, how long, once and every month."""
    found = plan.estimate
    if found is None:
        return None
    move = found.get("move", {})
    palette, currency = session.appearance.palette, session.currency
    source, target = move.get("source", {}), move.get("target", {})
    way = ft.Row(
        [
            text.strong(words.slot(move.get("slot", ""))),
            badges.cloud(source.get("provider", "aws"), palette),
            text.muted(str(source.get("region", ""))),
            text.body("→"),
            badges.cloud(target.get("provider", "aws"), palette),
            text.muted(str(target.get("region", ""))),
        ],
        wrap=True,
        spacing=6,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    missing = [cost for cost in found.get("costs", ()) if cost.get("missing")]
    facts = [
        (tr("Takes (estimate)"), _time(float(found.get("seconds", 0)))),
        (tr("Writers wait"), _time(float(found.get("held_s", 0)))),
        (tr("Costs once (estimate)"), figures.money(float(found.get("usd", 0)), currency)),
    ]
    if plan.change_usd is not None:
        facts.append((tr("Changes the bill by"), figures.per_month(plan.change_usd, currency, signed=True)))
    figures_row = ft.Row(
        [ft.Column([text.muted(name), text.strong(said)], spacing=1, tight=True) for name, said in facts],
        wrap=True,
        spacing=26,
        run_spacing=8,
    )
    parts: list[ft.Control] = [way, figures_row]
    parts += [
        text.body(
            tr(
                "Moves {items} items, {size} ({store})",
                items=figures.count(items),
                size=figures.size(size),
                store=name,
            )
        )
        for name, (items, size) in found.get("contents", {}).items()
    ]
    parts.append(
        text.muted(
            tr("Devices' messages are accepted all the time. Until the source is destroyed, the move can be aborted.")
        )
    )
    parts += [_cost(session, cost) for cost in found.get("costs", ()) if cost.get("usd") or cost.get("missing")]
    if missing:
        parts.append(
            text.body(
                trn(
                    "{count} line has no price; it costs more than shown",
                    "{count} lines have no price; it costs more than shown",
                    len(missing),
                ),
                color=palette.warn.strong,
            )
        )
    parts.append(text.muted(_sentence(str(found.get("basis", "")))))
    return cards.card(
        ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("What the move takes"),
        id="estimate",
    )


def _cost(session: Session, cost: Mapping[str, Any]) -> ft.Control:
    amount = tr("no price") if cost.get("missing") else figures.money(float(cost.get("usd", 0)), session.currency)
    return ft.Row([ft.Container(text.muted(str(cost.get("what", ""))), expand=True), text.figure(amount, size=12.5)])


@ft.component
def Phases(progress: Progress, plan: Plan | None) -> ft.Control:  # noqa: N802
    """How far a move is."""
    session = use_session()
    use_store(progress)
    use_store(session.appearance)
    _, tick = ft.use_state(0)
    under_way = progress.ended is None
    use_every(1.0, lambda: tick(lambda number: number + 1) if under_way else None, under_way)
    expected = _expected(plan)
    back = any(phase.back for phase in progress.phases.values())
    lines: list[ft.Control] = []
    now = session.now()
    for name in _STEPS:
        phase = progress.phases.get((name, False))
        if phase is not None or not back:
            lines.append(_phase(session, name, phase, expected.get(name), now))
    if back:
        lines.append(text.strong(tr("On the way back")))
        lines += [_phase(session, phase.name, phase, None, now) for phase in progress.phases.values() if phase.back]
    return cards.card(
        ft.Column(lines, spacing=7, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Phase by phase"),
        id="phases",
    )


def _expected(plan: Plan | None) -> dict[str, float]:
    steps = (plan.estimate or {}).get("steps", ()) if plan is not None else ()
    return {str(each.get("step")): float(each.get("seconds", 0)) for each in steps}


def _phase(session: Session, name: str, phase: Step | None, expected: float | None, now: datetime) -> ft.Control:
    palette = session.appearance.palette
    state = "waiting" if phase is None else phase.state
    sign, color, word = {
        "waiting": ("○", palette.unknown, tr("waits")),
        "working": ("◔", palette.accent, tr("under way")),
        "done": ("✔", palette.ok, tr("done")),
        "failed": ("■", palette.bad, tr("failed")),
    }[state]
    told: list[ft.Control] = []
    if phase is not None and phase.began is not None:
        ended = phase.ended if phase.state != "working" else None
        told.append(text.muted(_time(((ended or now) - phase.began).total_seconds())))
    elif expected is not None:
        told.append(text.muted(tr("about {time}", time=_time(expected))))
    amounts = [
        f"{store or tr('all')}: {_amount(items, size)}"
        for store, (items, size) in (phase.items.items() if phase is not None else ())
        if items
    ]
    return ft.Row(
        [
            ft.Text(sign, color=color.strong, width=18, size=14, semantics_label=word, font_family_fallback=FALLBACK),
            ft.Container(
                ft.Column(
                    [text.body(phase_word(name)), *(text.muted(each) for each in amounts)], spacing=1, tight=True
                ),
                expand=True,
            ),
            *told,
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def report(session: Session, result: Mapping[str, Any] | None) -> ft.Control | None:
    """What a move did."""
    found = (result or {}).get("report")
    if not isinstance(found, dict):
        return None
    slot = words.slot(found.get("move", {}).get("slot", ""))
    head = (
        tr("{slot} is back where it was", slot=slot)
        if found.get("aborted")
        else tr("{slot} is at its new place", slot=slot)
    )
    lines: list[ft.Control] = [text.strong(head, color=session.appearance.palette.ok.strong)]
    for each in found.get("verified", ()):
        late = trn(", {count} of them late", ", {count} of them late", int(each["late"])) if each.get("late") else ""
        lines.append(
            text.body(
                tr(
                    "{store}: {items} items at both ends the same",
                    store=each.get("name", ""),
                    items=figures.count(each.get("items")),
                )
                + late
            )
        )
    lines.append(
        text.muted(
            tr(
                "Took {all}; writers waited {held}",
                all=_time(float(found.get("seconds", 0))),
                held=_time(float(found.get("held_s", 0))),
            )
        )
    )
    return cards.card(ft.Column(lines, spacing=GAP, tight=True), title=tr("What was moved"), id="report")


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}"


def _time(seconds: float) -> str:
    """How long: a move's phases may take less than a second."""
    return f"{seconds * 1_000:,.0f} ms" if seconds < 1 else figures.duration(seconds)


def _amount(items: int, size: int) -> str:
    counted = trn("{count} item", "{count} items", items)
    return f"{counted}, {figures.size(size)}" if size else counted
