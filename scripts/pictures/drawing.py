"""The drawing: seven boxes in the order in which data flows, what travels between them, and the foundations below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pictures.anatomy import Anatomy, FoundationAnatomy, SlotAnatomy
from pictures.part import Part
from pictures.style import SHEET
from pictures.text import Run, width, wrap
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.blueprint.plan import PlannedLink
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.model.slots import Slot

_COLUMN: Final = 312  # of a slot's box
_GAP_X: Final = 104
_GAP_Y: Final = 74
_MARGIN: Final = 20
_HEAD: Final = 52  # of a box, before its parts
_TOP: Final = 124  # of the first row: the title, and the devices
_LEAST: Final = 156.0  # height of a box: what is beside it has arrows with texts
_SIZE: Final = 12.5
_LINE: Final = 16.0
_KIND: Final = 66.0  # where names begin in a box
WIDTH: Final = 3 * _COLUMN + 2 * _GAP_X + 2 * _MARGIN

# No two arrows cross: whoever hands something over is a neighbour.
_CELLS: Final = {
    Slot.ACQUISITION: (0, 0),
    Slot.PROCESSING: (1, 0),
    Slot.MANAGEMENT: (2, 0),
    Slot.COOL: (0, 1),
    Slot.HOT: (1, 1),
    Slot.VISUALIZATION: (2, 1),
    Slot.ARCHIVE: (0, 2),
}


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw(anatomy: Anatomy, title: str) -> str:
    """The picture as a file's text."""
    boxes = _boxes(anatomy)
    below = max(boxes[Slot.ARCHIVE].bottom, _side_bottom(anatomy, boxes))
    foundations, bottom = _foundations(anatomy, boxes, below)
    legend, height = _legend(anatomy, bottom + 34)
    svg = tag(
        "svg",
        tag("title", title),
        tag("style", Html(SHEET)),
        tag("rect", class_="page", x=0.5, y=0.5, width=WIDTH - 1, height=height - 1, rx=10),
        tag("text", title, class_="title", x=_MARGIN, y=36),
        tag("text", f"the example twin {anatomy.twin}; counts are of its workload", class_="note", x=_MARGIN, y=56),
        *_people(boxes),
        *(_arrow(link, boxes) for link in anatomy.links),
        *(_slot(slot, boxes[slot.slot]) for slot in anatomy.slots),
        _links(anatomy, boxes),
        *foundations,
        legend,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height:g}",
        width=WIDTH,
        height=height,
        role="img",
        aria_label=title,
    )
    return svg.replace("</g>", "</g>\n") + "\n"


# ── Where things are ────────────────────────────────────────────────────────────────────────────────────────
def _boxes(anatomy: Anatomy) -> dict[Slot, _Box]:
    heights = {each.slot: max(_HEAD + _parts_height(each.parts, _COLUMN), _LEAST) for each in anatomy.slots}
    first = max(heights[slot] for slot, (_, row) in _CELLS.items() if row == 0)
    second = _TOP + first + _GAP_Y
    tops = [_TOP, second, second + heights[Slot.COOL] + _GAP_Y]
    return {
        slot: _Box(_MARGIN + column * (_COLUMN + _GAP_X), tops[row], _COLUMN, heights[slot])
        for slot, (column, row) in _CELLS.items()
    }


def _side(boxes: dict[Slot, _Box]) -> _Box:
    """The room beside the archive, two columns wide, below the people."""
    top = max(boxes[Slot.HOT].bottom + 34, boxes[Slot.VISUALIZATION].bottom + _GAP_Y + 8)
    return _Box(boxes[Slot.HOT].x, top, 2 * _COLUMN + _GAP_X, 0.0)


def _apart(anatomy: Anatomy) -> list[PlannedLink]:
    return [link for link in anatomy.links if link.apart]


def _side_bottom(anatomy: Anatomy, boxes: dict[Slot, _Box]) -> float:
    return _side(boxes).y + (54 + 22 * len(_apart(anatomy)) if _apart(anatomy) else 0)


# ── Boxes ───────────────────────────────────────────────────────────────────────────────────────────────────
def _slot(found: SlotAnatomy, box: _Box) -> Html:
    return _frame(
        f"{found.slot.value} {found.slot.label.partition(' · ')[0]}", found.offer, found.site, box, found.parts, 1
    )


def _frame(name: str, about: str, site: Site, box: _Box, parts: Sequence[Part], columns: int) -> Html:
    badge = 12 + width(site.provider.label, 11.5, bold=True)
    room = box.width - 28
    heading = _line(wrap([Run(about, "muted")], _SIZE, room)[0], box.x + 14, box.y + 41)
    each = (box.width - (columns - 1) * 20) / columns
    shares = _shares(parts, columns, each)
    bodies = [_body(share, box.x + number * (each + 20), box.y + _HEAD, each) for number, share in enumerate(shares)]
    return tag(
        "g",
        tag("rect", class_=f"box {site.provider.value}", x=box.x, y=box.y, width=box.width, height=box.height, rx=8),
        tag("text", name, class_="head", x=box.x + 14, y=box.y + 23),
        tag("rect", class_=f"fill {site.provider.value}", x=box.right - badge - 10, y=box.y + 9, width=badge,
            height=18, rx=4),
        tag("text", site.provider.label, class_="on middle", x=box.right - badge / 2 - 10, y=box.y + 22),
        tag("text", site.region, class_="muted end", x=box.right - badge - 16, y=box.y + 22),
        heading,
        *bodies,
    )  # fmt: skip


def _shares(parts: Sequence[Part], columns: int, each: float) -> list[list[Part]]:
    """Parts in columns of about the same height, in their order."""
    shares: list[list[Part]] = [[] for _ in range(columns)]
    whole, passed = sum(_height(part, each) for part in parts), 0.0
    for part in parts:
        middle = passed + _height(part, each) / 2
        shares[min(int(columns * middle / whole), columns - 1)].append(part)
        passed += _height(part, each)
    return shares


def _texts(part: Part, box: float) -> list[list[Run]]:
    room = box - _KIND - 26
    head = [Run(part.name, "strong"), *([Run(f"· {part.service}", "muted")] if part.service else [])]
    lines = wrap(head, _SIZE, room)
    for note in part.notes:
        lines += wrap([Run(note, "note")], _SIZE - 0.5, room)
    return lines


def _height(part: Part, box: float) -> float:
    return len(_texts(part, box)) * _LINE + 6


def _parts_height(parts: Iterable[Part], box: float) -> float:
    return sum(_height(part, box) for part in parts) + 14


def _body(parts: Iterable[Part], x: float, y: float, box: float) -> Html:
    drawn: list[Html] = []
    top = y + 12
    for part in parts:
        drawn.append(tag("text", part.kind, class_="kind", x=x + 14, y=top))
        drawn += [_line(line, x + 14 + _KIND, top + number * _LINE) for number, line in enumerate(_texts(part, box))]
        top += _height(part, box)
    return join(drawn)


def _line(runs: Sequence[Run], x: float, y: float) -> Html:
    if len(runs) == 1:
        return tag("text", runs[0].text, class_=runs[0].style or None, x=x, y=y)
    spans = (tag("tspan", run.text + (" " if run is not runs[-1] else ""), class_=run.style or None) for run in runs)
    return tag("text", *spans, x=x, y=y)


# ── Arrows ──────────────────────────────────────────────────────────────────────────────────────────────────
def _arrow(link: PlannedLink, boxes: dict[Slot, _Box]) -> Html:
    source, target = boxes[link.source], boxes[link.target]
    dx = _CELLS[link.target][0] - _CELLS[link.source][0]
    if dx:
        y = source.y + {"commands": 128.0}.get(link.edge, 56.0)
        start = (source.right if dx > 0 else source.x, y)
        end = (target.x if dx > 0 else target.right, y)
        labels = [((start[0] + end[0]) / 2, y - 9, "middle"), ((start[0] + end[0]) / 2, y + 20, "middle"),
                  ((start[0] + end[0]) / 2, y + 35, "middle")]  # fmt: skip
    else:
        start, end = (source.middle, source.bottom), (target.middle, target.y)
        y = (start[1] + end[1]) / 2
        labels = [(start[0] + 12, y - 12, ""), (start[0] + 12, y + 4, ""), (start[0] + 12, y + 20, "")]
    texts = [(link.edge, "strong"), (f"{_count(link)} / month" if link.messages else _count(link), "note")]
    texts += [("signed", "note")] if link.apart else []
    return tag(
        "g",
        _wire(start, end, "apart" if link.apart else "near"),
        *(
            tag("text", text, class_=f"{style} {anchor}".strip(), x=x, y=at)
            for (x, at, anchor), (text, style) in zip(labels, texts, strict=False)
        ),
    )


def _wire(start: tuple[float, float], end: tuple[float, float], style: str) -> Html:
    dx, dy = _sign(end[0] - start[0]), _sign(end[1] - start[1])
    tip = (end[0] - dx * 10, end[1] - dy * 10)
    across = (abs(dy) * 5.5, abs(dx) * 5.5)
    head = f"{end[0] - dx:g},{end[1] - dy:g} " + " ".join(
        f"{tip[0] + side * across[0]:g},{tip[1] + side * across[1]:g}" for side in (-1, 1)
    )
    return join(
        [
            tag("line", class_=f"wire {style}", x1=start[0], y1=start[1], x2=tip[0], y2=tip[1]),
            tag("polygon", class_=f"tip {style}", points=head),
        ]
    )


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _count(link: PlannedLink) -> str:
    """How many messages a month, or what they depend on where nobody can tell."""
    value = link.messages
    for scale, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{value / scale:.3g}{unit}"
    return f"{value:.3g}" if value else "when rules fire"


# ── Around them ─────────────────────────────────────────────────────────────────────────────────────────────
def _people(boxes: dict[Slot, _Box]) -> list[Html]:
    """Devices above acquisition, people below dashboards."""
    devices, people = boxes[Slot.ACQUISITION], boxes[Slot.VISUALIZATION]
    above, under = _TOP - 28.0, people.bottom + 38.0
    return [
        tag("g", _pill("devices", devices.middle, above - 22),
            _wire((devices.middle, above), (devices.middle, _TOP), "near")),
        tag("g", _pill("people in browsers", people.middle, under),
            _wire((people.middle, under), (people.middle, people.bottom), "near")),
    ]  # fmt: skip


def _pill(text: str, middle: float, y: float) -> Html:
    wide = width(text, _SIZE) + 24
    return join(
        [
            tag("rect", class_="pill", x=middle - wide / 2, y=y, width=wide, height=22, rx=11),
            tag("text", text, class_="middle", x=middle, y=y + 15.5),
        ]
    )


def _links(anatomy: Anatomy, boxes: dict[Slot, _Box]) -> Html | None:
    """The links between clouds as a table: what crosses, from which function to which, under which key."""
    rows = _apart(anatomy)
    if not rows:
        return None
    side = _side(boxes)
    columns = (0.0, 116.0, 334.0, 590.0)
    about = "each with a key of its own, in the secret links of both foundations"
    drawn = [
        tag("text", "Links between clouds", class_="head", x=side.x, y=side.y + 16),
        tag("text", about, class_="note", x=side.x + 186, y=side.y + 16),
    ]
    heads = ("link", "sent or asked by", "received or answered by", "messages a month")
    drawn += [
        tag("text", head, class_="kind", x=side.x + at, y=side.y + 38) for at, head in zip(columns, heads, strict=True)
    ]
    for number, link in enumerate(rows):
        y = side.y + 60 + 22 * number
        sender, receiver = _ends(link)
        cells = (link.edge, sender, receiver, _count(link))
        drawn += [
            tag("text", cell, class_="strong" if not at else None, x=side.x + at, y=y)
            for at, cell in zip(columns, cells, strict=True)
        ]
    return tag("g", *drawn)


def _ends(link: PlannedLink) -> tuple[str, str]:
    source, target = link.source.value, link.target.value
    if not link.push:
        reader = "history" if link.source is Slot.HOT else "twin-state"
        return f"{target} dashboards", f"{source} {reader}"
    sender = "mover" if link.source in (Slot.HOT, Slot.COOL) else "sender"
    return f"{source} {link.edge}-{sender}", f"{target} {link.edge}-receiver"


def _foundations(anatomy: Anatomy, boxes: dict[Slot, _Box], below: float) -> tuple[list[Html], float]:
    """The foundations: one alone beside the archive, several in a row below everything."""
    if len(anatomy.foundations) == 1:
        only, side = anatomy.foundations[0], _side(boxes)
        each = (side.width - 20) / 2
        shares = _shares(only.parts, 2, each)
        high = max(_HEAD + max(_parts_height(share, each) for share in shares), 0)
        box = _Box(side.x, side.y, side.width, high)
        return [_foundation(only, box, 2)], max(box.bottom, boxes[Slot.ARCHIVE].bottom)
    top = below + 34
    high = _HEAD + max(_parts_height(each.parts, _COLUMN) for each in anatomy.foundations)
    drawn = [
        _foundation(each, _Box(_MARGIN + number * (_COLUMN + _GAP_X), top, _COLUMN, high), 1)
        for number, each in enumerate(anatomy.foundations)
    ]
    return drawn, top + high


def _foundation(found: FoundationAnatomy, box: _Box, columns: int) -> Html:
    return _frame("Foundation", "shared by the slots at this place", found.site, box, found.parts, columns)


def _legend(anatomy: Anatomy, y: float) -> tuple[Html, float]:
    told = ", ".join(sorted(anatomy.everywhere))
    lines = [
        "A box is a stack: a root module and a state of its own. Every function has an identity of its own that may do "
        "what its lines say,",
        f"and besides only report to {told}. Queues keep what their functions cannot take yet; what nobody ever could "
        "take is kept as dead letters.",
    ]
    drawn = [tag("text", line, class_="note", x=_MARGIN, y=y + 17 * number) for number, line in enumerate(lines)]
    at = y + 17 * len(lines) + 4
    wires = [
        ("near", "within one region"),
        *([("apart", "between clouds: a signed HTTPS request")] if _apart(anatomy) else []),
    ]
    x = float(_MARGIN)
    for style, words in wires:
        drawn.append(_wire((x, at - 4), (x + 40, at - 4), style))
        drawn.append(tag("text", words, class_="note", x=x + 50, y=at))
        x += 80 + width(words, _SIZE)
    return tag("g", *drawn), at + 20
