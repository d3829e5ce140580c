"""The architecture drawn: seven slots, where each is, and what travels between them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from twin2multicloud.app.report.figures import dollars, volume
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.view import LinkView, View
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Edge, Relation
from twin2multicloud.model.slots import Provider, Slot

_WIDTH, _HEIGHT = 182, 132  # of a slot's box
_GAP_X, _GAP_Y = 84, 76
_MARGIN = 3
_LINE_CHARS = 22

LINE_STYLES: Mapping[Relation, str] = {
    Relation.SAME: "within one region",
    Relation.REGION: "between regions of a cloud",
    Relation.CLOUD: "between clouds, signed HTTPS",
}


@dataclass(frozen=True)
class Layout:
    """Where slots stand: column and row of each, and the free cell that holds the legend."""

    name: str
    cells: Mapping[Slot, tuple[int, int]]
    legend: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawing."""
        columns = 1 + max(column for column, _ in self.cells.values())
        rows = 1 + max(row for _, row in self.cells.values())
        return (
            columns * _WIDTH + (columns - 1) * _GAP_X + 2 * _MARGIN,
            rows * _HEIGHT + (rows - 1) * _GAP_Y + 2 * _MARGIN,
        )


WIDE = Layout(
    "wide",
    {
        Slot.ACQUISITION: (0, 0),
        Slot.PROCESSING: (1, 0),
        Slot.HOT: (2, 0),
        Slot.COOL: (3, 0),
        Slot.ARCHIVE: (4, 0),
        Slot.MANAGEMENT: (1, 1),
        Slot.VISUALIZATION: (2, 1),
    },
    legend=(3, 1),
)

NARROW = Layout(
    "narrow",
    {
        Slot.ARCHIVE: (1, 0),
        Slot.ACQUISITION: (0, 1),
        Slot.COOL: (1, 1),
        Slot.PROCESSING: (0, 2),
        Slot.HOT: (1, 2),
        Slot.MANAGEMENT: (0, 3),
        Slot.VISUALIZATION: (1, 3),
    },
    legend=(0, 0),
)


def architecture(view: View) -> Html:
    """The drawing twice, for wide and for narrow windows; the style sheet shows one."""
    return join(_drawing(view, layout) for layout in (WIDE, NARROW))


def slot_name(slot: Slot) -> str:
    """The layer's number and the slot's name: L3 Storage · hot."""
    return f"{slot.layer} {slot.label}"


def _drawing(view: View, layout: Layout) -> Html:
    width, height = layout.size
    found = {(link.link.source, link.link.target): link for link in view.links}
    ids = f"architecture-{layout.name}"
    return tag(
        "svg",
        tag("title", "Architecture of the cheapest placement", id=f"{ids}-title"),
        tag("desc", _description(view), id=f"{ids}-description"),
        *(_arrow(edge, found.get((edge.source, edge.target)), layout) for edge in EDGES if _shown(edge, view)),
        *(_box(view, slot, layout) for slot in layout.cells),
        _legend(view, layout),
        class_=f"architecture {layout.name}",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{ids}-title {ids}-description",
    )


def _shown(edge: Edge, view: View) -> bool:
    """Commands only where the twin sends any; all else always flows."""
    if edge.source is not Slot.PROCESSING or edge.target is not Slot.ACQUISITION:
        return True
    return view.result.workload.commands_per_device_per_day > 0 or any(
        view_.link.id == edge.id and view_.link.gb_per_month > 0 for view_ in view.links
    )


def _description(view: View) -> str:
    boxes = [
        f"{slot_name(slot)}: {view.offer_title(choice.offer)}, {choice.provider.label} {choice.region}, "
        f"{dollars(view.slots[slot])} / month."
        for slot, choice in view.result.placement.items()
    ]
    links = [
        f"{slot_name(link.link.source)} to {slot_name(link.link.target)}: {volume(link.link.gb_per_month)} / month, "
        f"{dollars(link.cents)} / month."
        for link in view.links
    ]
    return " ".join(boxes + links)


def _corner(cell: tuple[int, int]) -> tuple[int, int]:
    return _MARGIN + cell[0] * (_WIDTH + _GAP_X), _MARGIN + cell[1] * (_HEIGHT + _GAP_Y)


def _box(view: View, slot: Slot, layout: Layout) -> Html:
    choice = view.result.placement[slot]
    x, y = _corner(layout.cells[slot])
    title = view.offer_title(choice.offer)
    lines = textwrap.wrap(title, _LINE_CHARS) or [title]
    if len(lines) > 2:
        lines = [lines[0], lines[1][: _LINE_CHARS - 1].rstrip() + "…"]
    badge, badge_width = _badge(choice.provider, x + 14, y + 30)
    region_x = x + 14 + badge_width + 7
    room = x + _WIDTH - 8 - region_x
    region = tag(
        "text",
        choice.region,
        class_="small muted",
        x=region_x,
        y=y + 44,
        # Long region names are squeezed into the box rather than cut.
        textLength=room if len(choice.region) * 6.6 > room else None,
        lengthAdjust="spacingAndGlyphs" if len(choice.region) * 6.6 > room else None,
    )
    return tag(
        "g",
        tag("rect", class_=f"box tint {choice.provider}", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=8),
        tag("rect", class_=f"fill {choice.provider}", x=x, y=y + 8, width=5, height=_HEIGHT - 16, rx=2),
        tag("text", slot_name(slot), class_="strong", x=x + 14, y=y + 22),
        badge,
        region,
        *(tag("text", line, class_="offer", x=x + 14, y=y + 68 + 16 * n) for n, line in enumerate(lines)),
        tag("text", dollars(view.slots[slot]), class_="strong money", x=x + 14, y=y + _HEIGHT - 13),
        tag("text", "/ month", class_="small muted end", x=x + _WIDTH - 10, y=y + _HEIGHT - 13),
    )


def _badge(provider: Provider, x: float, y: float) -> tuple[Html, float]:
    width = 12 + 7.6 * len(provider.label)
    drawn = tag(
        "g",
        tag("rect", class_=f"fill {provider}", x=x, y=y, width=width, height=18, rx=4),
        tag("text", provider.label, class_="on-fill middle", x=x + width / 2, y=y + 13),
    )
    return drawn, width


def _arrow(edge: Edge, link: LinkView | None, layout: Layout) -> Html:
    (column, row), (to_column, to_row) = layout.cells[edge.source], layout.cells[edge.target]
    x, y = _corner(layout.cells[edge.source])
    center_x, center_y = x + _WIDTH / 2, y + _HEIGHT / 2
    dx, dy = to_column - column, to_row - row
    # Telemetry and commands share a gap: each keeps to its own side of the middle.
    paired = {edge.source, edge.target} == {Slot.ACQUISITION, Slot.PROCESSING}
    forward, back = (-22.0, 22.0) if dx else (-8.0, 28.0)  # amounts need room on the left, too
    shift = 0.0 if not paired else forward if edge.source is Slot.ACQUISITION else back
    if dx:
        start = (center_x + dx * _WIDTH / 2, center_y + shift)
        end = (start[0] + dx * _GAP_X, start[1])
    else:
        start = (center_x + shift, center_y + dy * _HEIGHT / 2)
        end = (start[0], start[1] + dy * _GAP_Y)
    relation = Relation.SAME if link is None else link.link.relation
    tip = (end[0] - dx * 9, end[1] - dy * 9)
    across = (abs(dy) * 5.5, abs(dx) * 5.5)
    head = " ".join(
        f"{px:g},{py:g}"
        for px, py in (
            (end[0] - dx, end[1] - dy),
            (tip[0] - across[0], tip[1] - across[1]),
            (tip[0] + across[0], tip[1] + across[1]),
        )
    )
    return tag(
        "g",
        tag("title", edge.title),
        tag("line", class_=f"wire {relation}", x1=start[0], y1=start[1], x2=tip[0], y2=tip[1]),
        tag("polygon", class_=f"head {relation}", points=head),
        _label(link, start, end, shift) if link is not None else None,
    )


def _label(link: LinkView, start: tuple[float, float], end: tuple[float, float], shift: float) -> Html:
    """Traffic and cost beside a link: above and below a lone horizontal line, else on its outer side."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if start[1] == end[1]:
        anchor, at = "middle", x
        first, second = (y - 8, y + 19) if not shift else (y - 23, y - 8) if shift < 0 else (y + 19, y + 34)
    else:
        anchor, at = ("end", x - 9) if shift < 0 else ("", x + 9)
        first, second = y - 4, y + 12
    return tag(
        "g",
        tag("text", volume(link.link.gb_per_month), class_=f"small {anchor}", x=at, y=first),
        tag("text", dollars(link.cents), class_=f"small strong money {anchor}", x=at, y=second),
    )


def _legend(view: View, layout: Layout) -> Html:
    x, y = _corner(layout.legend)
    here = {Relation.SAME, *(link.link.relation for link in view.links)}
    rows: list[Html] = []
    shown = [(relation, words) for relation, words in LINE_STYLES.items() if relation in here]
    height = 24 * len(view.result.placement.providers) + 20 * len(shown) + 20
    top = float(max(_MARGIN, y + _HEIGHT - height))
    for provider in view.result.placement.providers:
        badge, width = _badge(provider, x, top)
        amount = tag("text", f"{dollars(view.providers[provider])}", class_="small money", x=x + width + 8, y=top + 13)
        rows.append(join([badge, amount]))
        top += 24
    top += 8
    for relation, words in shown:
        wire = tag("line", class_=f"wire {relation}", x1=x, y1=top, x2=x + 26, y2=top)
        rows.append(join([wire, tag("text", words, class_="small muted", x=x + 34, y=top + 4)]))
        top += 20
    if view.links:
        rows.append(tag("text", "On links: traffic and cost / month", class_="small muted", x=x, y=top + 6))
    return tag("g", *rows)
