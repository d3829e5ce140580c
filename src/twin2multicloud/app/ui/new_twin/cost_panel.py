"""What the definition would cost, beside it while somebody writes."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.schemas.catalogue import Offer
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, bars, buttons, cards, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.new_twin import costs
from twin2multicloud.app.ui.new_twin.costs import Costs
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.prices.identity import age_text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.errors import InfeasibleError, InvalidInputError, Twin2MultiCloudError
from twin2multicloud.model.slots import Slot

_METERS = 10


@ft.component
def CostPanel(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The costs, as tall as there is room."""
    return text.named(
        "costs",
        ft.Column(
            [CostParts(desk)],
            spacing=0,
            scroll=ft.ScrollMode.AUTO,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
    )


@ft.component
def CostParts(desk: Desk) -> ft.Control:  # noqa: N802
    """The costs in parts, one below the other."""
    session = use_session()
    found = use_store(desk.costs)
    offers = use_store(desk.offers)
    use_store(session.preferences)
    use_store(session.appearance)
    parts: list[ft.Control] = []
    if found.error is not None:
        parts.append(_problem(session, found.error, old=found.value is not None))
    if found.value is not None:
        value = found.value
        parts += [
            _total(session, desk, value),
            Slots(value, offers.value or {}),
            Meters(value),
            _prices(value),
        ]
    elif found.error is None:
        parts.append(
            cards.card(
                ft.Column(
                    [text.muted(tr("The cheapest mix is being found …")), ft.ProgressBar()], spacing=GAP, tight=True
                )
            )
        )
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


# ── The total ───────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def Updating(desk: Desk) -> ft.Control:  # noqa: N802
    """That a newer price is awaited, or that this one is of before."""
    palette = use_session().appearance.palette
    work = use_store(desk.costs.work)
    found = use_store(desk.costs)
    if work.busy:
        return badges.pill(tr("updating …"), palette.accent, sign="◔")
    if found.error is not None and found.value is not None:
        return badges.pill(tr("of before"), palette.warn, sign="▲")
    return ft.Container(width=0)


def _total(session: Session, desk: Desk, value: Costs) -> ft.Control:
    head = ft.Row(
        [
            ft.Container(
                ft.Column(
                    [
                        text.named(
                            "cost-total",
                            ft.Text(
                                figures.per_month(value.usd, session.currency), size=24, weight=ft.FontWeight.W_600
                            ),
                        ),
                        text.muted(tr("estimate for the cheapest mix that can be deployed")),
                    ],
                    spacing=0,
                    tight=True,
                ),
                expand=True,
            ),
            Updating(desk),
        ],
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    parts = [head, _against(session, value), text.body(saving_said(value))]
    parts += [
        text.muted(tr("{cloud} alone cannot do it: {why}", cloud=each.label, why=why))
        for each, why in value.why_not.items()
    ]
    parts += [text.muted(f"▲ {each}") for each in value.warnings[:2]]
    return cards.card(ft.Column(parts, spacing=GAP + 2, tight=True), id="cost-against")


def _against(session: Session, value: Costs) -> ft.Control:
    palette, currency = session.appearance.palette, session.currency
    mix = [
        bars.Part(each.usd, palette.cloud(each.choice.provider).strong, f"{slot_name(each.slot)}")
        for each in sorted(value.slots, key=lambda each: str(each.choice.provider))
    ]
    if value.links_usd:
        mix.append(bars.Part(value.links_usd, palette.muted, _links(value)))
    rows = [bars.Bar(tr("mix"), mix, figures.money(value.usd, currency), strong=True)]
    for provider, usd in value.alone.items():
        name = tr("{cloud} only", cloud=provider.label)
        if usd is None:
            rows.append(bars.Bar(name, [], tr("not possible")))
        else:
            part = bars.Part(usd, palette.cloud(provider).strong, name)
            rows.append(bars.Bar(name, [part], figures.money(usd, currency)))
    return bars.bars(rows, label=tr("Monthly cost, the mix against single clouds"), name_px=84, said_px=108)


def saving_said(value: Costs) -> str:
    """What the mix saves."""
    best = value.best_alone
    if best is None:
        return tr("No cloud alone can do it.")
    provider, _ = best
    saving = value.saving or 0.0
    if saving < 0.0005:
        return tr("As cheap as {cloud} alone, the best single cloud.", cloud=provider.label)
    return tr(
        "Saves {share} against {cloud} alone, the best single cloud.", share=figures.share(saving), cloud=provider.label
    )


# ── Slots ───────────────────────────────────────────────────────────────────────────────────────────────────
def slot_name(slot: Slot) -> str:
    """A slot as people say it: `L3 Storage · hot`."""
    return f"{slot.layer} {slot.label}"


@ft.component
def Slots(value: Costs, offers: dict[str, Offer]) -> ft.Control:  # noqa: N802
    """What fills each slot; or what each slot costs in the mix and in each cloud alone."""
    session = use_session()
    compared, set_compared = ft.use_state(False)
    label = tr("Only the mix") if compared else tr("Against single clouds")
    toggle = buttons.quiet(label, lambda: set_compared(not compared))
    inner = _compared(session, value) if compared else _filled(session, value, offers)
    return cards.card(inner, title=tr("Slot by slot"), beside=[toggle], id="cost-slots")


def _filled(session: Session, value: Costs, offers: dict[str, Offer]) -> ft.Control:
    palette, currency = session.appearance.palette, session.currency
    most = max((each.usd for each in value.slots), default=0.0)
    rows: list[ft.Control] = []
    for each in value.slots:
        choice = each.choice
        named = offers.get(choice.offer)
        offer = f"{named.service} {named.variant}".strip() if named is not None else choice.offer
        amount = text.figure(figures.money(each.usd, currency))
        head = ft.Row(
            [
                ft.Container(text.body(slot_name(each.slot), weight=ft.FontWeight.W_500), expand=True),
                badges.cloud(choice.provider, palette, size=11.5),
                ft.Container(amount, width=92, alignment=ft.Alignment.CENTER_RIGHT),
            ],
            spacing=GAP,
        )
        what = text.muted(f"{offer} · {choice.region}", no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)
        thin = _thin(each.usd, most, palette.cloud(choice.provider).strong)
        rows.append(ft.Column([head, what, thin], spacing=1, tight=True))
    if value.links or value.routes:
        said = _links(value)
        amount = text.figure(figures.money(value.links_usd, currency))
        rows.append(ft.Row([ft.Container(text.body(said), expand=True), amount]))
    return ft.Column(rows, spacing=GAP, tight=True)


def _links(value: Costs) -> str:
    said = [
        trn("{count} link between clouds", "{count} links between clouds", value.links) if value.links else "",
        trn("{count} link between regions", "{count} links between regions", value.routes) if value.routes else "",
    ]
    return ", ".join(filter(None, said))


def _compared(session: Session, value: Costs) -> ft.Control:
    palette, currency = session.appearance.palette, session.currency
    rows: list[ft.Control] = []
    for each in value.slots:
        name = slot_name(each.slot)
        mix = bars.Part(each.usd, palette.cloud(each.choice.provider).strong)
        given = [bars.Bar(tr("mix"), [mix], figures.money(each.usd, currency), strong=True)]
        for provider, usd in each.alone.items():
            if usd is not None:  # that a cloud cannot do it is said above
                part = bars.Part(usd, palette.cloud(provider).strong)
                given.append(bars.Bar(tr("{cloud} only", cloud=provider.label), [part], figures.money(usd, currency)))
        chart = bars.bars(given, label=name, name_px=84, said_px=108, thick_px=8)
        rows.append(ft.Column([text.body(name, weight=ft.FontWeight.W_500), chart], spacing=4, tight=True))
    return ft.Column(rows, spacing=GAP + 4, tight=True)


def _thin(amount: float, most: float, color: str) -> ft.Control:
    steps = round(amount / most * 1_000) if most > 0 else 0
    pieces: list[ft.Control] = []
    if steps:
        pieces.append(ft.Container(expand=steps, height=3, bgcolor=color, border_radius=2))
    if steps < 1_000:
        pieces.append(ft.Container(expand=1_000 - steps, height=3))
    return ft.Row(pieces, spacing=0)


# ── Meters ──────────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def Meters(value: Costs) -> ft.Control:  # noqa: N802
    """What is paid for, dearest first."""
    session = use_session()
    every, set_every = ft.use_state(False)
    palette, currency = session.appearance.palette, session.currency
    shown = value.meters if every else value.meters[:_METERS]
    most = value.meters[0].usd if value.meters else 0.0
    rows: list[ft.Control] = [
        ft.Column(
            [
                ft.Row(
                    [
                        ft.Container(
                            text.body(each.service, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS), expand=True
                        ),
                        badges.cloud(each.provider, palette, size=11.5),
                        ft.Container(
                            text.figure(figures.money(each.usd, currency)),
                            width=92,
                            alignment=ft.Alignment.CENTER_RIGHT,
                        ),
                    ],
                    spacing=GAP,
                ),
                text.muted(
                    f"{figures.short(each.quantity)} {each.unit} · {each.dimension}",
                    no_wrap=True,
                    overflow=ft.TextOverflow.ELLIPSIS,
                    tooltip=f"{each.dimension}, {each.region}",
                ),
                _thin(each.usd, most, palette.cloud(each.provider).strong),
            ],
            spacing=1,
            tight=True,
        )
        for each in shown
    ]
    if len(value.meters) > _METERS:
        label = tr("Show fewer") if every else tr("Show all {count}", count=len(value.meters))
        rows.append(buttons.quiet(label, lambda: set_every(not every)))
    return cards.card(
        ft.Column(rows, spacing=GAP, tight=True), title=tr("What is paid for, dearest first"), id="cost-meters"
    )


def _prices(value: Costs) -> ft.Control:
    return text.muted(tr("{prices} · book {book}", prices=age_text(value.prices), book=value.prices.hash[:4]))


# ── Where there is no price ─────────────────────────────────────────────────────────────────────────────────
def problem_title(error: Twin2MultiCloudError) -> str:
    """Why there is no price, in short."""
    if isinstance(error, InfeasibleError):
        return tr("No placement satisfies the constraints")
    if isinstance(error, InvalidInputError | InvalidError):
        return tr("Not priced: the workload or the constraints are not right yet")
    return tr("It cannot be priced now")


def _problem(session: Session, error: Twin2MultiCloudError, *, old: bool) -> ft.Control:
    palette = session.appearance.palette
    lines = [each for each in costs.explained(error) if each != problem_title(error)]
    parts: list[ft.Control] = [text.strong(problem_title(error)), *[text.body(each) for each in lines[:8]]]
    if old:
        parts.append(text.muted(tr("Below: what it was before.")))
    return text.named(
        "cost-problem",
        cards.strip(
            ft.Column(parts, spacing=4, tight=True),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.RULE,
        ),
        live=True,
    )
