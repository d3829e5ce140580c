"""What is odd about prices that were fetched: what was, what the list says now, and a decision about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import flet as ft

from twin2multicloud.app.schemas.price_findings import PriceFinding, PriceTier
from twin2multicloud.app.ui import figures, may
from twin2multicloud.app.ui.components import badges, buttons, cards, states, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.prices.words import number
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.optimizer.pricing.fetching.findings import ABSENT

_MOST = 100


@ft.component
def FindingsPart() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The findings that the last refreshes left, those that nobody decided about first."""
    session = use_session()
    use_store(session.appearance)
    found = use_remote(
        lambda: session.ask(lambda api: list(api.prices.findings(limit=_MOST))), refresh_on=Wanted(("prices.",))
    )
    return states.shown(found, lambda findings: _list(session, findings, found.refresh), rows=4)


def _list(session: Session, findings: Sequence[PriceFinding], decided: Callable[[], None]) -> ft.Control:
    if not findings:
        return states.nothing(
            tr("Nothing is odd about the prices that were fetched"),
            hint=tr("What is not believed at once is listed here; the last good price holds until it is accepted."),
            icon=ft.Icons.PRICE_CHECK,
        )
    ordered = sorted(findings, key=lambda each: (each.decision is not None, not each.decidable))
    return ft.Column(
        [_card(session, each, decided) for each in ordered],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _card(session: Session, finding: PriceFinding, decided: Callable[[], None]) -> ft.Control:
    palette, now = session.appearance.palette, session.now()
    where = " · ".join(each for each in (finding.meter or finding.service, finding.region) if each)
    lines: list[ft.Control] = [
        ft.Row(
            [badges.cloud(finding.provider, palette), text.strong(where or kind_word(finding.kind))],
            spacing=6,
            wrap=True,
            run_spacing=2,
        ),
        text.body(f"{kind_word(finding.kind)}: {finding.message}"),
        facts(
            [
                *([(tr("Was"), tiers_text(finding.before, finding))] if finding.before else []),
                *([(tr("The list says"), tiers_text(finding.after, finding))] if finding.after else []),
                (tr("Seen"), figures.since(finding.last_seen_at, now)),
                *([(tr("Decided"), decision_text(finding))] if finding.decision else []),
            ],
            name_px=110,
        ),
    ]
    if may.administer(session.me) and finding.decidable:
        lines.append(_buttons(session, finding, decided))
    return cards.card(ft.Column(lines, spacing=6, tight=True), beside=[], id=f"finding-{finding.id}")


def _buttons(session: Session, finding: PriceFinding, decided: Callable[[], None]) -> ft.Control:
    def decide(decision: Literal["accept", "reject"]) -> Callable[[], None]:
        async def ask() -> None:
            await session.ask(lambda api: api.prices.decide(finding.id, decision))
            decided()

        return lambda: session.act(ask())

    accept = None if finding.decision == "accept" else decide("accept")
    reject = None if finding.decision == "reject" else decide("reject")
    absent = finding.kind in ABSENT
    return ft.Row(
        [
            buttons.other(tr("It is not sold there") if absent else tr("Accept the price"), accept),
            buttons.quiet(tr("Keep the last good one"), reject),
        ],
        spacing=GAP,
        wrap=True,
    )


def tiers_text(tiers: Sequence[PriceTier], of: PriceFinding) -> str:
    """Tiers in one line, all prices of the finding for as many units: $0.40 per million requests, from 1,000,000 $0.30
    per million requests.
    """
    beside = [usd for _, usd in (*of.before, *of.after)]

    def told(usd: float) -> str:
        word = figures.unit_price(usd, *beside)
        return f"{word} {of.unit}" if usd and of.unit and " " in word else word

    return ", ".join(
        told(usd) if start == 0 else tr("from {start} {price}", start=number(start), price=told(usd))
        for start, usd in tiers
    )


def decision_text(finding: PriceFinding) -> str:
    """What was decided, and why if that was said."""
    if finding.decision == "reject":
        said = tr("rejected: the last good one stays")
    elif finding.kind in ABSENT:
        said = tr("not sold there: the next refresh takes it out of the book")
    else:
        said = tr("accepted: the next refresh takes it")
    return f"{said} ({finding.note})" if finding.note else said


def kind_word(kind: str) -> str:
    """What is odd, in words."""
    return {
        "no_match": tr("No row of the list is this meter's"),
        "several_matches": tr("Several rows could be this meter's"),
        "unit": tr("Another unit than expected"),
        "tiers": tr("Tiers that cannot be believed"),
        "not_monotone": tr("The price rises with volume"),
        "jump": tr("The price jumps"),
        "outlier": tr("Far from what other regions pay"),
        "free": tr("For nothing, and it was not"),
        "vanished": tr("It is in the list no more"),
        "unreachable": tr("The list could not be read"),
    }.get(kind, kind)
