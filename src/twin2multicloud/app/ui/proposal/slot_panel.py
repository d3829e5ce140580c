"""A slot that is selected: what fills it, and what everything else that could would add, cloud by cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.placements import SlotChoice, SlotChoiceList
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded, Names, pin
from twin2multicloud.app.ui.proposal.words import choice_text, slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import PROVIDERS, Slot

_ANYWHERE = ""


@dataclass(frozen=True)
class Way:
    """An offer at the place where it is cheapest, of those that are looked at. `follow_usd` is what it adds where all
    slots that nobody decided about follow it, if that is less, USD per month.
    """

    best: SlotChoice
    places: int
    follow_usd: float | None


def ways(
    found: Sequence[SlotChoice], loaded: Loaded, slot: str, country: str
) -> tuple[Mapping[str, Sequence[Way]], Sequence[Way]]:
    """What can be chosen, by cloud, and what cannot; each with the cheapest first."""
    here = [each for each in found if country in (_ANYWHERE, loaded.names.country(each.provider, each.region))]
    offers: dict[str, list[SlotChoice]] = {}
    for each in here:
        offers.setdefault(each.offer, []).append(each)
    follow = _following(loaded, slot)
    good: dict[str, list[Way]] = {}
    bad: list[Way] = []
    for offer, choices in offers.items():
        possible = [each for each in choices if each.problem is None]
        best = next((each for each in choices if each.chosen), (possible or choices)[0])
        way = Way(best, len(possible), _less(follow.get(offer), best.change_usd))
        if possible or best.chosen:
            good.setdefault(best.provider.value, []).append(way)
        else:
            bad.append(way)
    return {provider.value: good[provider.value] for provider in PROVIDERS if provider.value in good}, bad


def _following(loaded: Loaded, slot: str) -> Mapping[str, float]:
    """Offer → what it adds to what is shown where the other slots follow."""
    proposal, shown = loaded.standing.proposal, loaded.shown
    if proposal is None or shown is None or proposal.alternatives is None:
        return {}
    return {
        each["offer"]: float(each["usd_per_month"]) - shown.usd_per_month
        for each in proposal.alternatives.get(slot, ())
    }


def _less(usd: float | None, than: float | None) -> float | None:
    return usd if usd is not None and than is not None and usd < than - HALF_A_CENT else None


@ft.component
def SlotPanel(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The card of the slot that is selected."""
    session = use_session()
    use_store(session.appearance)
    country, set_country = ft.use_state(_ANYWHERE)
    found = use_remote(
        lambda: session.ask(lambda api: api.twins.choices(look.twin, look.slot)),
        look.twin,
        look.slot,
        loaded.twin.version,
        loaded.standing.price_book.hash,
    )
    return cards.card(
        states.shown(
            found,
            lambda given: (
                _panel(session, look, loaded, given, country, set_country)
                if given.slot == look.slot
                else states.waiting()  # those that are there still are another slot's
            ),
        ),
        title=slot_name(Slot(look.slot)),
        beside=[buttons.icon(ft.Icons.CLOSE, tr("Close"), lambda: session.go(look.selecting(look.slot).path))],
        id="slot-panel",
    )


def _panel(
    session: Session, look: Look, loaded: Loaded, given: SlotChoiceList, country: str, set_country: object
) -> ft.Control:
    assert callable(set_country)
    good, bad = ways(given.items, loaded, look.slot, country)
    countries = sorted({loaded.names.country(each.provider, each.region) for each in given.items} - {""})
    rows: list[ft.Control] = [
        text.body(_why(session, loaded, look.slot, given)),
        fields.choice(
            tr("Where"),
            country,
            {_ANYWHERE: tr("anywhere"), **{each: each for each in countries}},
            set_country,
            width=180,
        ),
    ]
    for provider, found in good.items():
        rows.append(ft.Row([badges.cloud(provider, session.appearance.palette)]))
        rows += [_way(session, look, loaded.names, way) for way in found]
    if not good:
        rows.append(text.muted(tr("Nothing that can be chosen is there.")))
    if bad:
        rows.append(_impossible(session, loaded.names, bad))
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _why(session: Session, loaded: Loaded, slot: str, given: SlotChoiceList) -> str:
    """Why the slot is filled as it is."""
    decided = next((each for each in loaded.standing.overrides if each.slot == slot), None)
    if decided is not None:
        if decided.extra_usd is None or decided.extra_usd <= HALF_A_CENT:
            return tr("Somebody decided so; it costs nothing extra.")
        return tr("Somebody decided so; that adds {usd}.", usd=figures.per_month(decided.extra_usd, session.currency))
    others = [each for each in given.items if each.problem is None and not each.chosen and each.change_usd is not None]
    if not others:
        return tr("Nothing else can fill this slot under the twin's constraints.")
    best = others[0]
    usd, said = best.change_usd or 0.0, choice_text(best, loaded.names)
    if usd < -HALF_A_CENT:
        amount = figures.per_month(-usd, session.currency)
        return tr("{other} would save {amount} at today's prices.", other=said, amount=amount)
    amount = figures.per_month(usd, session.currency)
    return tr(
        "With the other slots where they are, the next best is {other}: {amount} more.", other=said, amount=amount
    )


def _way(session: Session, look: Look, names: Names, way: Way) -> ft.Control:
    best = way.best
    region = f"{best.region} · {names.place(best.provider, best.region)}"
    if way.places > 1:
        region += " " + trn("(+{count} place)", "(+{count} places)", way.places - 1)
    facts: list[ft.Control] = [text.body(names.title(best.offer)), text.muted(region, size=12)]
    if way.follow_usd is not None:
        said = figures.money(way.follow_usd, session.currency, signed=True)
        facts.append(text.muted(tr("{usd} if other slots follow", usd=said), size=12))
    extra = tr("now") if best.chosen else figures.money(best.change_usd, session.currency, signed=True)
    end: list[ft.Control] = [text.figure(extra, size=13.5, weight=ft.FontWeight.W_600)]
    if not best.chosen or way.places > 1:
        end.append(
            buttons.named(
                tr("Where") if best.chosen else tr("Try"),
                tr("Consider {offer}", offer=names.title(best.offer)),
                partial(session.go, look.trying(look.slot, pin(best)).path),
            )
        )
    return ft.Row(
        [ft.Container(ft.Column(facts, spacing=0, tight=True), expand=True), *end],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _impossible(session: Session, names: Names, bad: Sequence[Way]) -> ft.Control:
    rows: list[ft.Control] = [
        ft.Container(
            ft.Row(
                [
                    badges.cloud(way.best.provider, session.appearance.palette, size=11),
                    ft.Container(text.muted(f"{names.title(way.best.offer)}: {_reason(names, way.best)}"), expand=True),
                ],
                spacing=GAP,
            ),
            padding=ft.Padding.only(bottom=4),
        )
        for way in bad
    ]
    return ft.ExpansionTile(
        title=text.muted(trn("{count} that cannot be chosen", "{count} that cannot be chosen", len(bad))),
        controls=rows,
        dense=True,
        tile_padding=0,
        controls_padding=0,
        shape=ft.RoundedRectangleBorder(radius=0),
    )


def _reason(names: Names, choice: SlotChoice) -> str:
    offer = names.offers.get(choice.offer)
    if offer is not None and not offer.deployable:
        return tr("priced for comparison, cannot be deployed")
    return choice.problem or ""


@ft.component
def RegionChoice(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802
    """The places at which a considered offer can be had, and what each adds."""
    session = use_session()
    use_store(session.appearance)
    found = use_remote(
        lambda: session.ask(lambda api: api.twins.choices(look.twin, look.slot)),
        look.twin,
        look.slot,
        loaded.twin.version,
    )
    if found.value is None or found.value.slot != look.slot:
        return ft.Container(height=0)
    offer, _, region = look.offer.partition("@")
    options = {
        each.region: _place(session, loaded.names, each, look.anew)
        for each in sorted(found.value.items, key=lambda one: (one.change_usd is None, one.change_usd))
        if each.offer == offer and (each.problem is None or each.region == region)
    }
    if len(options) < 2:
        return ft.Container(height=0)
    return fields.choice(
        tr("Region"),
        region,
        options,
        lambda code: session.go(look.trying(look.slot, f"{offer}@{code}", anew=look.anew).path),
    )


def _place(session: Session, names: Names, each: SlotChoice, anew: bool) -> str:
    country, place = names.country(each.provider, each.region), names.place(each.provider, each.region)
    said = f"{country} · {place} ({each.region})"
    if anew:  # what it adds then depends on where the others go
        return said
    extra = tr("now") if each.chosen else figures.money(each.change_usd, session.currency, signed=True)
    return f"{said}: {extra}"
