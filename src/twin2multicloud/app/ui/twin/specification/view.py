"""All that was specified of a twin: its definition and files, where it is placed, every version, who may what."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.twins import TwinVersion
from twin2multicloud.app.ui import figures, layers, places
from twin2multicloud.app.ui.components import badges, buttons, cards, code, fields, states, tables, tabs, text
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.components.tabs import Tab
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.app.ui.twin.specification.people import PeoplePart
from twin2multicloud.app.ui.twin.specification.state import PARTS, Viewed, part_name
from twin2multicloud.app.ui.twin.specification.versions import VersionsPart
from twin2multicloud.model.slots import SLOTS, Slot


@ft.component
def SpecificationTab(parts: Parts) -> ft.Control:  # noqa: N802
    """The part that the address names."""
    session = use_session()
    use_store(session.viewport)
    look, viewed = parts.look, Viewed.of(parts.look)
    version = viewed.number
    kept = {"version": str(version)} if version is not None else {}
    every = [Tab(part_name(each), look.at("specification", part=each, **kept).path) for each in PARTS]
    chosen = look.at("specification", part=viewed.part, **kept).path
    inner: ft.Control
    if viewed.part == "versions":
        inner = VersionsPart(parts)
    elif viewed.part == "people":
        inner = PeoplePart(parts)
    else:
        inner = VersionPart(parts, viewed.part, version)
    return ft.Column(
        [tabs.tabs(session, every, chosen, label=tr("Parts of the specification")), inner],
        spacing=GAP + 6,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@ft.component
def VersionPart(parts: Parts, part: str, number: int | None) -> ft.Control:  # noqa: N802
    """A part of one version; without a number of the newest, which is at hand."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    newest = parts.seen.twin.current
    if number is None or number == newest.number:
        return _part(session, parts, part, newest, palette)
    return OlderPart(parts, part, number)


@ft.component
def OlderPart(parts: Parts, part: str, number: int) -> ft.Control:  # noqa: N802
    """A part of an older version."""
    session = use_session()
    palette = use_store(session.appearance).palette
    version = use_remote(lambda: session.ask(lambda api: api.twins.version(parts.id, number)), parts.id, number)
    newest = buttons.quiet(
        tr("Show the newest"), lambda: session.go(parts.look.asking(version=None).path), icon=ft.Icons.UPDATE
    )
    note = cards.strip(
        ft.Row([text.body(tr("This is version {number}.", number=number)), newest], wrap=True),
        tint_soft=palette.warn.soft,
        tint=palette.warn.strong,
        icon=ft.Icons.HISTORY,
    )
    return ft.Column(
        [note, states.shown(version, lambda found: _part(session, parts, part, found, palette), rows=8)],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _part(session: Session, parts: Parts, part: str, version: TwinVersion, palette: Palette) -> ft.Control:
    if part == "files":
        return _files(session, parts, version, palette)
    if part == "placement":
        return _placement(session, parts, version, palette)
    return _definition(session, parts, version, palette)


def _definition(session: Session, parts: Parts, version: TwinVersion, palette: Palette) -> ft.Control:
    name = f"{parts.seen.twin.name}.{version.format}"
    edit = buttons.main(tr("Edit"), lambda: session.go(places.edit(parts.id)), icon=ft.Icons.EDIT_OUTLINED)
    beside = _text_actions(session, name, version.source)
    if parts.seen.may_operate and version.number == parts.seen.twin.number:
        beside.append(edit)
    return cards.card(
        code.code(version.source, palette, kind=code.kind_of(version.format), label=tr("The definition")),
        title=tr("{name}, version {number}", name=name, number=version.number),
        beside=[ft.Row(beside, wrap=True, spacing=GAP, alignment=ft.MainAxisAlignment.END)],
        id="definition",
    )


def _text_actions(session: Session, name: str, content: str) -> list[ft.Control]:
    async def saved() -> None:
        await ft.FilePicker().save_file(file_name=name.rsplit("/", 1)[-1], src_bytes=content.encode())

    return [
        buttons.copy(tr("Copy"), content, lambda: session.notices.tell(tr("{name} is copied", name=name))),
        buttons.other(tr("Download"), lambda: session.act(saved()), icon=ft.Icons.DOWNLOAD_OUTLINED),
    ]


def _files(session: Session, parts: Parts, version: TwinVersion, palette: Palette) -> ft.Control:
    if not version.files:
        return cards.card(
            states.nothing(
                tr("It names no files"),
                hint=tr("Processors, functions of rules and DTDL interfaces would be here."),
                icon=ft.Icons.FOLDER_OPEN_OUTLINED,
            )
        )
    named = sorted(version.files)
    chosen = parts.look.get("file")
    path = chosen if chosen in version.files else named[0]
    choice = fields.choice(
        tr("File"),
        path,
        {each: each for each in named},
        lambda given: session.go(parts.look.asking(file=given).path),
        width=280,
    )
    content = version.files[path]
    return cards.card(
        ft.Column(
            [choice, code.code(content, palette, kind=code.kind_of(path), label=path)],
            spacing=GAP + 2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=path,
        beside=[ft.Row(_text_actions(session, path, content), wrap=True, spacing=GAP)],
        id="files",
    )


def _placement(session: Session, parts: Parts, version: TwinVersion, palette: Palette) -> ft.Control:
    placement = version.placement
    open_proposal = buttons.other(
        tr("Proposal"), lambda: session.go(places.proposal(parts.id)), icon=ft.Icons.SAVINGS_OUTLINED
    )
    if not placement:
        return cards.card(
            states.nothing(
                tr("It is not placed"),
                hint=tr("Where its layers go is decided with the optimizer’s proposal."),
                icon=ft.Icons.PLACE_OUTLINED,
                action=open_proposal,
            )
        )
    columns: list[Column[Slot]] = [
        Column(tr("Layer"), lambda slot: text.strong(layers.name(slot.value)), share=3, main=True),
        Column(tr("Cloud"), lambda slot: badges.cloud(placement[slot.value]["provider"], palette), share=2),
        Column(tr("Region"), lambda slot: text.body(placement[slot.value]["region"]), share=2),
        Column(tr("Offer"), lambda slot: text.mono(placement[slot.value]["offer"]), share=4),
        Column(
            tr("Chosen"),
            lambda slot: text.muted(tr("by hand") if slot.value in version.overrides else tr("by the optimizer")),
            share=2,
            wide_only=True,
        ),
    ]
    placed = [slot for slot in SLOTS if slot.value in placement]
    table = tables.table(
        columns,
        placed,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Placement"),
    )
    cost = figures.per_month(version.usd_per_month, session.currency)
    return ft.Column(
        [
            ft.Row(
                [
                    ft.Container(text.section(tr("{cost} predicted (estimate)", cost=cost)), expand=True),
                    open_proposal,
                ]
            ),
            table,
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
