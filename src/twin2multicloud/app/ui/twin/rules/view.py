"""The rules of a twin: what they look for, what they do, when they did it last."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.watching import TwinRule, TwinRules
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, states, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 4.0


@ft.component
def RulesTab(parts: Parts) -> ft.Control:  # noqa: N802
    """All of them, in the definition's order."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    target = parts.seen.target
    rules = use_store(
        use_held(
            lambda: session.ask(lambda api: api.watching.rules(parts.id, target)),
            parts.id,
            target,
            every_s=_EVERY_S if parts.seen.deployed else None,
        )
    )

    def shown(found: TwinRules) -> ft.Control:
        if not found.rules:
            return cards.card(
                states.nothing(
                    tr("It has no rules"),
                    hint=tr("A rule looks at messages and raises alerts, sends commands or calls functions."),
                    icon=ft.Icons.RULE,
                )
            )
        made: list[ft.Control] = [_rule(found, each, palette) for each in found.rules]
        if not found.live:
            made.insert(0, text.muted(tr("Not live: {why}", why=found.problem or tr("nothing runs"))))
        return ft.Column(made, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    return states.shown(rules, shown, rows=6)


def _rule(found: TwinRules, rule: TwinRule, palette: Palette) -> ft.Control:
    rows: list[tuple[str, ft.Control]] = [(tr("When"), text.mono(rule.when, selectable=True))]
    if rule.for_s:
        rows.append((tr("Held for"), text.body(figures.age(rule.for_s))))
    if rule.clear:
        rows.append((tr("Cleared by"), text.mono(rule.clear, selectable=True)))
    rows.append((tr("Looks at"), text.body(_looks_at(rule))))
    rows.append((tr("Does"), ft.Column([text.body(each) for each in rule.actions], spacing=2, tight=True)))
    if rule.active_devices:
        rows.append((tr("Active for"), text.body(_active(rule))))
    beside: list[ft.Control] = [_state(rule, palette), badges.severity(rule.severity, palette)]
    if found.live:
        beside.insert(0, text.muted(_fired(found, rule)))
    return cards.card(
        facts(rows, name_px=96),
        title=rule.name,
        beside=[ft.Row(beside, spacing=GAP, wrap=True, alignment=ft.MainAxisAlignment.END)],
        id=f"rule-{rule.name}",
    )


def _looks_at(rule: TwinRule) -> str:
    trigger = tr("at every message") if rule.trigger == "each" else tr("once, until it is cleared")
    if not rule.device_count:
        return tr("all devices of the type {type}; {trigger}", type=rule.device_type, trigger=trigger)
    named = ", ".join(rule.devices)
    rest = rule.device_count - len(rule.devices)
    more = trn(" and {count} more", " and {count} more", rest) if rest else ""
    return tr("{devices}{more}; {trigger}", devices=named, more=more, trigger=trigger)


def _active(rule: TwinRule) -> str:
    rest = (rule.active_count or 0) - len(rule.active_devices)
    more = trn(" and {count} more", " and {count} more", rest) if rest > 0 else ""
    return ", ".join(rule.active_devices) + more


def _state(rule: TwinRule, palette: Palette) -> ft.Control:
    if rule.active:
        return badges.pill(tr("active"), palette.warn, sign="▲")
    if rule.active is None:
        return ft.Container(width=0)
    return badges.pill(tr("quiet"), palette.unknown, sign="○")


def _fired(found: TwinRules, rule: TwinRule) -> str:
    if not rule.fired:
        return tr("has not fired")
    times = trn("fired {count} time", "fired {count} times", rule.fired)
    if rule.last_fired_at is None or found.twin_time is None:
        return times
    age = figures.age((found.twin_time - rule.last_fired_at).total_seconds())
    return tr("{times}, last {age} ago", times=times, age=age)
