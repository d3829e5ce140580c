"""A twin's proposal: its architecture as a picture, what that costs and why, and what else could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.schemas.placements import PlacementInput, PlacementPreview
from twin2multicloud.app.schemas.uncertainty import UncertaintyResult
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.hooks import use_events, use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.prices.identity import age_text, is_stale
from twin2multicloud.app.ui.proposal import exporting, optimize, picture, tabs
from twin2multicloud.app.ui.proposal.layout import layout
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.next_best import next_best
from twin2multicloud.app.ui.proposal.overrides import overrides
from twin2multicloud.app.ui.proposal.picture import Picture
from twin2multicloud.app.ui.proposal.preview import Preview
from twin2multicloud.app.ui.proposal.room import Room
from twin2multicloud.app.ui.proposal.slot_panel import SlotPanel
from twin2multicloud.app.ui.proposal.state import Loaded, Shown, considered, load
from twin2multicloud.app.ui.proposal.status import status
from twin2multicloud.app.ui.proposal.total import total
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, back_to, columns, screen
from twin2multicloud.app.ui.theme import GAP

_TWIN_NEWS = ("twin.placed", "twin.revised", "twin.repriced", "run.succeeded", "run.failed", "run.cancelled")
_PRICE_NEWS = Wanted(("prices.",))


@ft.component
def ProposalScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The screen."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.preferences)
    use_store(session.appearance)
    twin = str(ft.use_route_params()["twin"])
    look = Look.read(twin, Place.of(ft.context.page.route).query)
    studies: dict[str, UncertaintyResult] = ft.use_memo(dict, [twin])
    found = use_remote(
        lambda: session.ask(lambda api: load(api, twin, studies)), twin, refresh_on=Wanted(_TWIN_NEWS, twin=twin)
    )
    use_events(_PRICE_NEWS, found.refresh, id(found))
    # What was loaded before for another twin is not this one's.
    loaded = found.value if found.value is not None and found.value.twin.id == twin else None
    name = twin if loaded is None else loaded.twin.name
    crumbs = [
        Crumb(tr("Twins"), places.TWINS),
        Crumb(name, places.twin(twin)),
        Crumb(tr("Proposal")),
    ]
    content: ft.Control
    if found.failure is not None and found.failure.gone:
        content = ft.Column([states.failed(found.failure), back_to(session, places.TWINS)], spacing=GAP)
    elif loaded is None and found.failure is None:
        content = states.waiting(10)
    else:
        content = states.shown(found, lambda all_of_it: Content(look, all_of_it))
    return screen(session, crumbs, content, actions=_actions(session, look, loaded), id="proposal")


def _actions(session: Session, look: Look, loaded: Loaded | None) -> list[ft.Control]:
    if loaded is None:
        return []
    placed = loaded.twin.current.placement is not None
    stale = is_stale(loaded.prices)
    deploy = (lambda: session.go(places.deploy(look.twin))) if placed and not look.considers else None
    return [
        buttons.quiet(
            age_text(loaded.prices),
            lambda: session.go(look.showing("prices").path),
            icon=ft.Icons.WARNING_AMBER if stale else ft.Icons.SELL_OUTLINED,
        ),
        exporting.menu(session, loaded),
        buttons.other(
            tr("Optimize …"),
            (lambda: optimize.ask(session, look, loaded)) if loaded.may_decide else None,
            icon=ft.Icons.AUTO_AWESOME_OUTLINED,
        ),
        buttons.main(
            tr("Deploy"),
            deploy,
            icon=ft.Icons.ROCKET_LAUNCH_OUTLINED,
            tooltip=None if deploy else tr("Place the twin first") if not placed else tr("Keep or discard first"),
        ),
    ]


@ft.component
def Content(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802
    """Everything below the name."""
    session = use_session()
    given = considered(look, loaded)
    if given is None:
        return _content(session, look, loaded, None, None)
    return Considering(look, loaded, given)


@dataclass(frozen=True)
class Answer:
    """A change that was considered, and what would come of it: while another one is awaited, this one is not that."""

    given: PlacementInput
    preview: PlacementPreview


@ft.component
def Considering(look: Look, loaded: Loaded, given: PlacementInput) -> ft.Control:  # noqa: N802
    """The same with what is considered."""
    session = use_session()

    async def ask() -> Answer:
        return Answer(given, await session.ask(lambda api: api.twins.preview(look.twin, given)))

    found = use_remote(
        ask,
        given.model_dump_json(),
        loaded.twin.version,
        loaded.standing.price_book.hash,
    )
    return _content(session, look, loaded, given, found)


def _content(
    session: Session, look: Look, loaded: Loaded, given: PlacementInput | None, found: Remote[Answer] | None
) -> ft.Control:
    answer = None if found is None else found.value
    shown = loaded.shown if answer is None else Shown.of(answer.preview)
    rows: list[ft.Control] = [status(session, look, loaded)]
    if shown is None:
        return ft.Column(rows, spacing=GAP + 4, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    beside: list[ft.Control] = [total(session, loaded, shown, considered=answer is not None)]
    panel: ft.Control | None = None
    if given is not None and found is not None:
        panel = _considered(session, look, loaded, given, found)
    elif look.slot:
        panel = SlotPanel(look, loaded)
    inside = panel if session.viewport.narrow and look.slot else None
    if panel is not None and inside is None:
        beside.insert(0, panel)
    if loaded.standing.overrides and given is None:
        beside.append(overrides(session, look, loaded))
    if given is None and not look.slot and loaded.standing.proposal is not None:
        beside.append(next_best(session, look, loaded, shown))
    decided = loaded.overrides if answer is None else answer.preview.overrides
    left: list[ft.Control] = [
        Architecture(look, loaded, shown, decided, inside),
        tabs.tabs(session, look, loaded, shown),
    ]
    if session.viewport.wide:
        rows.append(columns(session, left, beside, ratio=62))
    else:
        rows += [left[0], *beside, left[1]]
    return ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _considered(
    session: Session, look: Look, loaded: Loaded, given: PlacementInput, found: Remote[Answer]
) -> ft.Control:
    answer = found.value
    if answer is not None and answer.given == given and found.failure is None:
        return Preview(look, loaded, given, answer.preview)
    inner = states.waiting() if found.failure is None else states.failed(found.failure, found.refresh)
    discard = buttons.other(tr("Discard"), lambda: session.go(look.plain.path))
    return cards.card(ft.Column([inner, discard], spacing=GAP, tight=True), title=tr("Considered"))


@ft.component
def Architecture(  # noqa: N802
    look: Look, loaded: Loaded, shown: Shown, decided: Mapping[str, str], opened: ft.Control | None
) -> ft.Control:
    """The picture, as large as there is room; on a phone a list, with what is `opened` in it."""
    session = use_session()
    room = use_made(lambda: Room(session.viewport))
    workload = loaded.standing.proposal.workload if loaded.standing.proposal is not None else None
    commands = bool((workload or {}).get("commands_per_device_per_day"))
    marks = {slot: tr("Somebody decided so") for slot in decided}
    drawn = Picture(
        shown,
        loaded.names,
        session.appearance.palette,
        session.currency,
        look.slot,
        lambda slot: session.go(look.selecting(slot).path),
        commands,
        marks,
    )
    laid = layout(room.width_px)
    inner = picture.as_list(drawn, opened) if laid is None or session.viewport.narrow else picture.picture(drawn, laid)
    return cards.card(
        ft.Container(
            ft.Semantics(label=drawn.told(), container=True, content=inner),
            on_size_change=lambda event: room.resize(event.width),
        ),
        title=tr("Architecture"),
        beside=[]
        if session.viewport.narrow
        else [text.muted(tr("Press a slot for why it is there, and what else could be"))],
        id="architecture",
    )
