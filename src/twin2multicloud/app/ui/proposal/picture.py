"""The architecture as a picture: seven slots, where each is, what it costs, and what travels between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import flet as ft
import flet.canvas as cv

from twin2multicloud.app.schemas.answers import Choice, Link
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Currency
from twin2multicloud.app.ui.proposal.layout import ARROWS, BOX_HEIGHT_PX, Arrow, Layout, Wire
from twin2multicloud.app.ui.proposal.lines import usd_by_cloud
from twin2multicloud.app.ui.proposal.state import Names, Shown
from twin2multicloud.app.ui.proposal.words import slot_name
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.model.slots import SLOTS, Slot

_HEAD_PX = 8.0


@dataclass(frozen=True)
class Picture:
    """What is drawn, in which colours, and what pressing a slot does. `marks` says of slots what is special."""

    shown: Shown
    names: Names
    palette: Palette
    currency: Currency
    selected: str
    pressed: Callable[[str], None]
    commands: bool
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def arrows(self) -> list[Arrow]:
        """What flows: commands only where the twin sends any."""
        return [each for each in ARROWS if self.commands or not each.back]

    def usd(self, slot: Slot) -> str:
        """What a slot costs."""
        return figures.money(self.shown.slot_usd.get(slot.value), self.currency)

    def told(self) -> str:
        """All of it in words."""
        parts = [slot_told(self, slot) for slot in SLOTS]
        parts += [
            f"{slot_name(Slot(link.source))} → {slot_name(Slot(link.target))}: {link_told(link, self.currency)}"
            for link in self.shown.links
        ]
        return tr("Architecture") + ". " + ". ".join(parts)


def slot_told(picture: Picture, slot: Slot) -> str:
    """A slot in words."""
    choice = picture.shown.placement[slot.value]
    mark = picture.marks.get(slot.value)
    facts = [
        picture.names.title(choice.offer),
        f"{badges.CLOUDS[choice.provider]} {choice.region}",
        f"{picture.usd(slot)} / {tr('month')}",
        *([mark] if mark else []),
    ]
    return f"{slot_name(slot)}: {', '.join(facts)}"


def link_told(link: Link, currency: Currency) -> str:
    """What travels on a link, and what that costs."""
    return f"{figures.volume(link.gb_per_month)}, {figures.money(link.usd, currency)} / {tr('month')}"


def picture(drawn: Picture, layout: Layout) -> ft.Control:
    """The picture."""
    shapes: list[cv.Shape] = []
    parts: list[ft.Control] = []
    for arrow in drawn.arrows:
        wire = layout.wire(arrow, paired=drawn.commands and {arrow.source, arrow.target} <= {SLOTS[0], SLOTS[1]})
        link = drawn.shown.link(arrow.source, arrow.target)
        shapes += _drawn(wire, link, drawn.palette)
        if link is not None:
            parts.append(_label(wire, link, drawn))
    for slot in SLOTS:
        box = layout.box_of(slot)
        parts.append(ft.Container(_box(drawn, slot), left=box.left, top=box.top, width=box.width, height=BOX_HEIGHT_PX))
    free = layout.place(layout.free)
    legend = ft.Container(_legend(drawn), left=free.left, top=free.top, width=free.width, height=BOX_HEIGHT_PX)
    canvas = cv.Canvas(shapes, width=layout.width, height=layout.height)
    return ft.Container(
        ft.Stack([canvas, *parts, legend], width=layout.width, height=layout.height),
        alignment=ft.Alignment.TOP_CENTER,
    )


def as_list(drawn: Picture, opened: ft.Control | None) -> ft.Control:
    """The same where there is no room for a picture: slots below each other, each with what it sends; what is `opened`
    stands below the slot that is selected.
    """
    rows: list[ft.Control] = []
    for slot in SLOTS:
        links = [link for link in drawn.shown.links if link.source == slot.value]
        rows.append(ft.Container(_box(drawn, slot), height=BOX_HEIGHT_PX))
        if opened is not None and slot.value == drawn.selected:
            rows.append(opened)
        for link in links:
            arrow = f"→ {slot_name(Slot(link.target))}: {link_told(link, drawn.currency)}"
            rows.append(ft.Container(text.muted(arrow), padding=ft.Padding.only(left=14)))
    rows.append(_legend(drawn))
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _box(drawn: Picture, slot: Slot) -> ft.Control:
    choice, palette = drawn.shown.placement[slot.value], drawn.palette
    tint = palette.cloud(choice.provider)
    selected, mark = slot.value == drawn.selected, drawn.marks.get(slot.value)
    cost: list[ft.Control] = [
        text.figure(drawn.usd(slot), size=13, weight=ft.FontWeight.W_600),
        text.muted(f"/ {tr('month')}", size=10.5, no_wrap=True),
    ]
    if mark:
        cost.append(ft.Icon(ft.Icons.PUSH_PIN, size=15, color=palette.warn.strong, tooltip=tip(mark)))
    inner = ft.Column(
        [
            text.figure(slot_name(slot), size=13, weight=ft.FontWeight.W_600, overflow=ft.TextOverflow.ELLIPSIS),
            _where(choice, palette),
            ft.Column(
                [
                    _line(drawn.names.service(choice.offer), text.body),
                    _line(drawn.names.variant(choice.offer), text.muted),
                ],
                spacing=0,
                tight=True,
            ),
            ft.Row(cost, spacing=4, tight=True, vertical_alignment=ft.CrossAxisAlignment.END),
        ],
        spacing=3,
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
    )
    row = ft.Row(
        [
            ft.Container(width=4, bgcolor=tint.strong),
            ft.Container(inner, padding=ft.Padding.only(left=8, right=4, top=8, bottom=8), expand=True),
        ],
        spacing=0,
        vertical_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return pressable(
        row,
        slot_told(drawn, slot),
        lambda: drawn.pressed(slot.value),
        selected=selected,
        id=f"slot-{slot.value}",
        bgcolor=palette.accent.soft if selected else ft.Colors.SURFACE,
        border=ft.Border.all(2, palette.accent.strong) if selected else ft.Border.all(1, palette.line),
        border_radius=8,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )


def _where(choice: Choice, palette: Palette) -> ft.Control:
    region = text.muted(choice.region, size=11.5, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS, max_lines=1)
    return ft.Row(
        [badges.cloud(choice.provider, palette, size=11.5), ft.Container(region, expand=True)],
        spacing=6,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _line(said: str, kind: Callable[..., ft.Text]) -> ft.Control:
    return kind(said, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS, max_lines=1)


def _style(link: Link | None, palette: Palette) -> tuple[str, float, list[ft.Number] | None]:
    """Colour, width and dashes: within a region, between regions of a cloud, between clouds."""
    if link is None:
        return palette.muted, 1.2, None
    if link.crosses == "cloud":
        return palette.text, 2.2, None
    return palette.text, 1.6, [5, 4]


def _drawn(wire: Wire, link: Link | None, palette: Palette) -> list[cv.Shape]:
    color, thick, dashes = _style(link, palette)
    (x1, y1), (x2, y2) = wire.start, wire.end
    long = math.hypot(x2 - x1, y2 - y1)
    dx, dy = (x2 - x1) / long, (y2 - y1) / long
    back = (x2 - dx * _HEAD_PX, y2 - dy * _HEAD_PX)
    aside = _HEAD_PX / 2
    line = ft.Paint(color=color, stroke_width=thick, style=ft.PaintingStyle.STROKE, stroke_dash_pattern=dashes)
    head = cv.Path(
        [
            cv.Path.MoveTo(x2, y2),
            cv.Path.LineTo(back[0] - dy * aside, back[1] + dx * aside),
            cv.Path.LineTo(back[0] + dy * aside, back[1] - dx * aside),
            cv.Path.Close(),
        ],
        paint=ft.Paint(color=color, style=ft.PaintingStyle.FILL),
    )
    return [cv.Line(x1, y1, *back, paint=line), head]


def _label(wire: Wire, link: Link, drawn: Picture) -> ft.Control:
    left, top, width = wire.label
    align = ft.CrossAxisAlignment.START if wire.upright else ft.CrossAxisAlignment.CENTER
    amount = text.figure(figures.money(link.usd, drawn.currency), size=11.5, weight=ft.FontWeight.W_600)
    told = f"{slot_name(Slot(link.source))} → {slot_name(Slot(link.target))}: {link_told(link, drawn.currency)}"
    return ft.Container(
        ft.Column(
            [text.figure(figures.volume(link.gb_per_month), size=11), amount],
            spacing=6 if wire.split else 0,
            tight=True,
            horizontal_alignment=align,
        ),
        left=left,
        top=top,
        width=width,
        tooltip=tip(told),
    )


def _legend(drawn: Picture) -> ft.Control:
    rows: list[ft.Control] = []
    for provider, usd in usd_by_cloud(drawn.shown.lines).items():
        rows.append(
            ft.Row(
                [badges.cloud(provider, drawn.palette), text.figure(figures.money(usd, drawn.currency), size=12.5)],
                spacing=8,
                tight=True,
            )
        )
    if drawn.shown.links:
        kinds = {link.crosses for link in drawn.shown.links}
        said = tr("bold: between clouds") if "cloud" in kinds else ""
        dashed = tr("dashed: between regions") if "region" in kinds else ""
        rows.append(text.muted(", ".join(filter(None, (said, dashed))), size=11.5))
    return ft.Column(rows, spacing=4, tight=True)
