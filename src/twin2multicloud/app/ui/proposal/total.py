"""What it costs in all, beside what everything on one cloud would."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, bars, cards, text
from twin2multicloud.app.ui.components.bars import Bar, Part
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded, Shown, baselines, best_baseline
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def total(session: Session, loaded: Loaded, shown: Shown, *, considered: bool) -> ft.Control:
    """The card at the right."""
    currency = session.currency
    amount = figures.per_month(shown.usd_per_month, currency)
    rows: list[ft.Control] = [
        text.named(
            "total",
            ft.Row(
                [
                    ft.Text(amount, size=24, weight=ft.FontWeight.W_600),
                    text.muted(tr("estimate, list prices before tax")),
                ],
                spacing=GAP,
                run_spacing=0,
                wrap=True,
                vertical_alignment=ft.CrossAxisAlignment.END,
            ),
        ),
        bars.bars(_bars(session, loaded, shown), label=tr("Per month"), name_px=104, said_px=108),
    ]
    said = _saving(session, loaded, shown)
    if said:
        rows.append(text.body(said))
    if shown.unverified_usd > HALF_A_CENT:
        rows.append(
            text.muted(
                tr(
                    "{usd} of it rests on prices that could not be verified; they are marked ▲ in the bill.",
                    usd=figures.money(shown.unverified_usd, currency),
                )
            )
        )
    title = tr("Considered") if considered else tr("Placed") if loaded.placed else tr("Proposed")
    return cards.card(ft.Column(rows, spacing=GAP + 4, tight=True), title=title, id="proposal-total")


def _bars(session: Session, loaded: Loaded, shown: Shown) -> list[Bar]:
    palette, currency = session.appearance.palette, session.currency
    given = [
        _bar(tr("This one"), shown.usd_per_month, palette.accent.strong, figures.money(shown.usd_per_month, currency))
    ]
    optimum = loaded.standing.optimum
    if optimum is not None and abs(optimum.usd_per_month - shown.usd_per_month) > HALF_A_CENT:
        usd = optimum.usd_per_month
        given.append(_bar(tr("Cheapest"), usd, palette.ok.strong, figures.money(usd, currency)))
    for each in baselines(loaded.standing) if loaded.standing.baselines is not None else ():
        name = tr("{cloud} only", cloud=badges.CLOUDS[each.provider])
        if each.usd_per_month is None:
            given.append(Bar(name, (), tr("not possible")))
        else:
            color = palette.cloud(each.provider).strong
            given.append(_bar(name, each.usd_per_month, color, figures.money(each.usd_per_month, currency)))
    first, *rest = given
    return [Bar(first.name, first.parts, first.said, strong=True), *rest]


def _bar(name: str, usd: float, color: str, said: str) -> Bar:
    return Bar(name, (Part(usd, color, name),), said)


def _saving(session: Session, loaded: Loaded, shown: Shown) -> str:
    best = best_baseline(loaded.standing)
    if loaded.standing.baselines is None:
        return ""
    if best is None or best.usd_per_month is None:
        return tr("No cloud alone can run this twin.")
    saved = best.usd_per_month - shown.usd_per_month
    cloud = badges.CLOUDS[best.provider]
    if abs(saved) <= HALF_A_CENT:
        return tr("As much as the best single cloud, {cloud}.", cloud=cloud)
    amount = figures.per_month(abs(saved), session.currency)
    share = figures.share(abs(saved) / best.usd_per_month)
    if saved > 0:
        return tr(
            "Saves {share} ({amount}) against the best single cloud, {cloud}.", share=share, amount=amount, cloud=cloud
        )
    return tr("{amount} more than {cloud} alone ({share}).", share=share, amount=amount, cloud=cloud)
