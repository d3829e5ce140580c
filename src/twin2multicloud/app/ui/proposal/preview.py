"""What is considered: the new total, what it adds and why, what else it moves; then to be kept or discarded."""

from __future__ import annotations

from dataclasses import replace

import flet as ft

from twin2multicloud.app.schemas.placements import PlacementInput, PlacementPreview
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, fields, states, text
from twin2multicloud.app.ui.hooks import use_made, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.proposal.changes import adds, changes
from twin2multicloud.app.ui.proposal.deciding import Deciding
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.slot_panel import RegionChoice
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded, differences
from twin2multicloud.app.ui.proposal.words import choice_text, difference_text, slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot


@ft.component
def Preview(  # noqa: N802  components are named as Flet's controls are
    look: Look, loaded: Loaded, given: PlacementInput, preview: PlacementPreview
) -> ft.Control:
    """The card of what is considered, and where else it could be."""
    session = use_session()
    use_store(session.appearance)
    deciding = use_made(Deciding, look.path)
    rows: list[ft.Control] = [
        text.body(_what(look, loaded, preview)),
        *([RegionChoice(look, loaded)] if look.offer else []),
        _amounts(session, preview),
        _warning(session, preview),
        *_moved(look, loaded, preview),
        *_why(session, preview),
    ]
    if deciding.failure is not None:
        rows.append(states.failed(deciding.failure))
    if loaded.may_decide:
        rows.append(_decision(session, look, loaded, given, preview, deciding))
    else:
        rows.append(text.muted(tr("You may look at this. Keeping it takes an operator of the twin.")))
        rows.append(buttons.other(tr("Discard"), lambda: session.go(look.plain.path)))
    return cards.card(
        ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=_title(look),
        id="preview",
    )


def _title(look: Look) -> str:
    if look.offer:
        return tr("{slot} otherwise", slot=slot_name(Slot(look.slot)))
    if look.drop:
        return tr("Without the override of {slot}", slot=slot_name(Slot(look.drop)))
    if look.rank == 1:
        return tr("The cheapest now")
    if look.at:
        return tr("Another placement")
    return tr("Runner-up {number}", number=look.rank - 1) if look.rank else tr("A proposal")


def _what(look: Look, loaded: Loaded, preview: PlacementPreview) -> str:
    names = loaded.names
    count = 0 if loaded.shown is None else len(differences(loaded.shown.placement, preview.placement))
    if look.offer:
        chosen = choice_text(preview.placement[look.slot], names)
        return (
            tr("{chosen}; the other slots follow to where they are cheapest then.", chosen=chosen)
            if _others_follow(look, loaded)
            else tr("{chosen}; all other slots stay as they are.", chosen=chosen)
        )
    if look.drop:
        return tr(
            "The slot goes back to where it is cheapest: {chosen}.",
            chosen=choice_text(preview.placement[look.drop], names),
        )
    if count == 0:
        return tr("This is what is placed.")
    return trn("{count} slot is filled otherwise.", "{count} slots are filled otherwise.", count)


def _others_follow(look: Look, loaded: Loaded) -> bool:
    """Whether other slots follow."""
    return look.anew or loaded.placed is None


def _amounts(session: Session, preview: PlacementPreview) -> ft.Control:
    parts: list[ft.Control] = [
        ft.Text(figures.per_month(preview.usd_per_month, session.currency), size=20, weight=ft.FontWeight.W_600)
    ]
    if preview.change_usd is not None:
        palette = session.appearance.palette
        color = palette.bad.strong if preview.change_usd > HALF_A_CENT else palette.ok.strong
        parts.append(text.strong(adds(session, preview.change_usd), color=color))
    return text.named("preview-amount", ft.Row(parts, spacing=GAP + 4, wrap=True, run_spacing=0), live=True)


def _warning(session: Session, preview: PlacementPreview) -> ft.Control:
    palette = session.appearance.palette
    if preview.optimal:
        return cards.strip(
            text.body(tr("Nothing is cheaper under this twin's constraints."), color=palette.ok.strong),
            tint_soft=palette.ok.soft,
            tint=palette.ok.strong,
            icon=ft.Icons.CHECK_CIRCLE_OUTLINE,
        )
    said = tr(
        "Not cost-optimal: adds {extra} to the cheapest placement, {optimum}.",
        extra=figures.per_month(preview.extra_usd, session.currency),
        optimum=figures.per_month(preview.optimum.usd_per_month, session.currency),
    )
    return text.named(
        "preview-warning",
        cards.strip(
            text.body(said, color=palette.warn.strong),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.WARNING_AMBER,
        ),
        live=True,
    )


def _moved(look: Look, loaded: Loaded, preview: PlacementPreview) -> list[ft.Control]:
    """What else moves than the slot that somebody asked about, and what there is to think of."""
    if loaded.shown is None:
        return []
    found = [each for each in differences(loaded.shown.placement, preview.placement) if each.slot.value != look.slot]
    rows: list[ft.Control] = [text.body(f"• {difference_text(each, loaded.names)}") for each in found]
    rows += [text.muted(f"▲ {warning}") for warning in preview.warnings]
    return rows


def _why(session: Session, preview: PlacementPreview) -> list[ft.Control]:
    if preview.changes:
        said = tr("Which meters change, per month")
        return [text.strong(said), changes(session, preview.changes, said)]
    if preview.why:
        said = tr("Against the cheapest, per month")
        return [text.strong(said), changes(session, preview.why, said)]
    return []


def _decision(
    session: Session, look: Look, loaded: Loaded, given: PlacementInput, preview: PlacementPreview, deciding: Deciding
) -> ft.Control:
    same = loaded.placed is not None and preview.placement == loaded.placed.placement
    label = tr("Keep this override") if look.offer else tr("Drop the override") if look.drop else tr("Place it so")

    def keep() -> None:
        deciding.keep(session, look, given, loaded.twin.version)

    parts: list[ft.Control] = [
        buttons.main(
            tr("Keeping it …") if deciding.busy else label,
            None if deciding.busy or (same and not look.drop and not look.offer) else keep,
            icon=ft.Icons.CHECK,
        ),
        buttons.other(tr("Discard"), lambda: session.go(look.plain.path), icon=ft.Icons.CLOSE),
    ]
    if look.offer and loaded.placed is not None:
        other = replace(look, anew=not look.anew)
        said = tr("Leave the other slots") if look.anew else tr("Let the other slots follow")
        parts.append(buttons.quiet(said, lambda: session.go(other.path)))
    rows: list[ft.Control] = [
        fields.line(tr("Note (why)"), deciding.note, deciding.write),
        ft.Row(parts, spacing=GAP, run_spacing=GAP, wrap=True),
    ]
    if loaded.deployed:
        rows.append(
            text.muted(
                tr("The twin is deployed: a slot that exists is moved with all it holds, from the twin's own view.")
            )
        )
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
