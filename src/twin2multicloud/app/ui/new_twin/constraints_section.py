"""Which placements would be acceptable: clouds, places, features, and what a slot must be filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import flet as ft

from twin2multicloud.app.schemas.catalogue import Offer, Region
from twin2multicloud.app.ui.components import cards, fields, states, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.chooser import sides, stacked
from twin2multicloud.app.ui.new_twin.cost_panel import slot_name
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form
from twin2multicloud.app.ui.new_twin.geography import residences
from twin2multicloud.app.ui.new_twin.regions_card import RegionsCard
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.editing.document import Document
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Slot

_CONSTRAINTS: Final = "constraints"


@ft.component
def ConstraintsSection(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section."""
    regions = use_store(desk.regions)
    offers = use_store(desk.offers)
    lands = states.shown(regions, lambda found: PlacesCard(desk, found))
    features = states.shown(offers, lambda found: SlotsCard(desk, list(found.values()), regions.value or []))
    return stacked(CloudsCard(desk), lands, features)


def chosen(desk: Desk, *path: str | int) -> list[str]:
    """A list of words; a single word is a list of one."""
    found = desk.editor.at(*path)
    return [found] if isinstance(found, str) else [str(each) for each in found] if isinstance(found, list) else []


def allowed(desk: Desk) -> list[str]:
    """The clouds that may be used."""
    listed = [each.casefold() for each in chosen(desk, _CONSTRAINTS, "providers")]
    denied = [each.casefold() for each in chosen(desk, _CONSTRAINTS, "deny_providers")]
    return [each.value for each in PROVIDERS if (not listed or each.value in listed) and each.value not in denied]


# ── Clouds ──────────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def CloudsCard(desk: Desk) -> ft.Control:  # noqa: N802
    """Which clouds, and how."""
    narrow = use_session().viewport.narrow
    form, editor = Form(desk), desk.editor
    now = allowed(desk)

    def toggle(cloud: str) -> None:
        wanted = [each.value for each in PROVIDERS if (each.value in now) != (each.value == cloud)]
        if not wanted:
            return  # somebody must be left
        listed: Path = (_CONSTRAINTS, "providers")
        denied: Path = (_CONSTRAINTS, "deny_providers")

        def change(document: Document) -> Document:
            left = document.remove(denied) if document.has(denied) else document
            if len(wanted) < len(PROVIDERS):
                return left.set(listed, wanted)
            return left.remove(listed) if left.has(listed) else left

        editor.change(change)

    clouds = fields.chips(
        tr("Clouds that may be used"), {each.value: each.label for each in PROVIDERS}, frozenset(now), toggle
    )
    most = fields.choice(
        tr("At most so many clouds"),
        editor.text_at(_CONSTRAINTS, "max_clouds") or "3",
        {"1": tr("1: all in one cloud"), "2": "2", "3": "3"},
        lambda count: editor.put((_CONSTRAINTS, "max_clouds"), None if count == "3" else int(count)),
        error=desk.problem(_CONSTRAINTS, "max_clouds"),
    )
    egress = form.choice(
        tr("Traffic that leaves a cloud costs"),
        {"list": tr("list prices"), "eu-data-act": tr("what the EU Data Act grants")},
        _CONSTRAINTS,
        "egress_policy",
        default="list",
    )
    parts: list[ft.Control] = [
        text.muted(tr("Clouds that may be used")),
        clouds,
        sides(narrow, most, egress),
        form.switch(tr("Only services that the cloud operates"), _CONSTRAINTS, "managed_only"),
    ]
    for name in ("providers", "deny_providers", "managed_only"):
        problem = desk.problem(_CONSTRAINTS, name)
        if problem is not None:
            parts.append(text.body(problem, color=ft.Colors.ERROR))
    return cards.card(stacked(*parts), title=tr("Clouds"), id="clouds")


# ── Places ──────────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def PlacesCard(desk: Desk, regions: Sequence[Region]) -> ft.Control:  # noqa: N802
    """Where in the world."""
    editor = desk.editor
    now = [each.upper() for each in chosen(desk, _CONSTRAINTS, "residency")]
    lands = residences(regions)
    shown = {
        code: lands.get(code, code) for code in [*now, *(each for each in ("EU", "EEA", "CH", "US") if each not in now)]
    }
    rest = {"": tr("another country …")} | {code: name for code, name in lands.items() if code not in shown}

    def toggle(code: str) -> None:
        wanted = [each for each in now if each != code] if code in now else [*now, code]
        editor.put((_CONSTRAINTS, "residency"), wanted)

    def another(code: str) -> None:
        if code:
            toggle(code)

    parts: list[ft.Control] = [
        text.muted(tr("All of it stays in these countries; with none chosen it may be anywhere.")),
        fields.chips(tr("Data stays in"), shown, frozenset(now), toggle),
        ft.Row([fields.choice(tr("Add"), "", rest, another, width=240)]),
    ]
    problem = desk.problem(_CONSTRAINTS, "residency") or desk.problem_within(_CONSTRAINTS, "residency")
    if problem is not None:
        parts.append(text.body(problem, color=ft.Colors.ERROR))
    return stacked(
        cards.card(stacked(*parts, spacing=GAP), title=tr("Where data stays"), id="residency"),
        RegionsCard(desk, regions, allowed(desk)),
    )


# ── Slots ───────────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def SlotsCard(desk: Desk, offers: Sequence[Offer], regions: Sequence[Region]) -> ft.Control:  # noqa: N802
    """What each slot must have, or be."""
    rows: list[ft.Control] = []
    for slot in SLOTS:
        if rows:
            rows.append(ft.Divider(height=1))
        rows.append(SlotRow(desk, slot, [each for each in offers if each.slot == slot.value], regions))
    return cards.card(
        stacked(
            text.muted(tr("What a slot must be filled with, and features that its offer must have.")),
            *rows,
        ),
        title=tr("Slot by slot"),
        id="slots",
    )


@ft.component
def SlotRow(desk: Desk, slot: Slot, offers: Sequence[Offer], regions: Sequence[Region]) -> ft.Control:  # noqa: N802
    """A slot: pinned to a cloud, an offer, a region; and features."""
    narrow = use_session().viewport.narrow
    editor = desk.editor
    pin_path = _pin_path(desk, slot)
    what, _, region = editor.text_at(*pin_path).partition("@")
    options: dict[str, str] = {"": tr("whatever is cheapest")}
    for provider in PROVIDERS:
        options[provider.value] = tr("{cloud}, whatever is cheapest", cloud=provider.label)
        options |= {
            each.id: f"{provider.label} · {each.service} {each.variant}".strip()
            for each in offers
            if each.provider is provider and each.deployable
        }
    if what not in options:
        options[what] = what
    there = _regions_of(what, offers, regions)
    if region and region not in there:
        there[region] = region

    def pin(chosen_what: str, chosen_region: str) -> None:
        place = f"@{chosen_region}" if chosen_region else ""
        editor.put(pin_path, f"{chosen_what}{place}" if chosen_what else None)

    parts: list[ft.Control] = [
        fields.choice(
            tr("{slot} is filled with", slot=slot_name(slot)),
            what,
            options,
            lambda key: pin(key, region if region in _regions_of(key, offers, regions) else ""),
            error=desk.problem(*pin_path),
        )
    ]
    if what:
        parts.append(fields.choice(tr("In"), region, {"": tr("any region")} | there, lambda key: pin(what, key)))
    return stacked(
        text.body(slot_name(slot), weight=ft.FontWeight.W_500),
        sides(narrow, *parts),
        _Features(desk, slot, sorted({feature for each in offers for feature in each.features})),
        spacing=GAP,
    )


def _pin_path(desk: Desk, slot: Slot) -> Path:
    """Where a slot's pin is: its name may be written in any case."""
    written = desk.editor.mapping(_CONSTRAINTS, "pins")
    name = next((each for each in written if each.casefold() == slot.value.casefold()), slot.value)
    return (_CONSTRAINTS, "pins", name)


def _regions_of(what: str, offers: Sequence[Offer], regions: Sequence[Region]) -> dict[str, str]:
    """The regions in which something can be had, with their places."""
    if not what:
        return {}
    cloud = what.partition(".")[0]
    codes = {code for each in offers if what in (each.id, each.provider.value) for code in each.regions}
    return {
        each.code: f"{each.name} ({each.code})"
        for each in regions
        if each.provider.value == cloud and each.code in codes
    }


@ft.component
def _Features(desk: Desk, slot: Slot, known: Sequence[str]) -> ft.Control:  # noqa: N802
    """Features that a slot's offer must have."""
    editor = desk.editor
    written = chosen(desk, _CONSTRAINTS, "require")
    here: Mapping[str, str] = {
        each.rpartition(":")[2].strip().casefold(): each
        for each in written
        if each.rpartition(":")[0].strip().casefold() in (slot.value.casefold(), slot.layer.casefold())
    }

    def toggle(feature: str) -> None:
        rest: list[Any] = [each for each in written if each != here.get(feature)]
        editor.put((_CONSTRAINTS, "require"), rest if feature in here else [*rest, f"{slot.value}:{feature}"])

    return fields.chips(
        tr("Features that {slot} must have", slot=slot_name(slot)),
        {each: each.replace("-", " ") for each in known},
        frozenset(here),
        toggle,
    )
