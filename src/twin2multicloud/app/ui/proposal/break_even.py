"""Break-even: along one number of the workload, which placement is the cheapest from where to where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.schemas.uncertainty import BreakevenInput, BreakevenResult
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.busy import Busy
from twin2multicloud.app.ui.components import axes, buttons, fields, states, tables, text
from twin2multicloud.app.ui.components.axes import Tick
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import course, words
from twin2multicloud.app.ui.proposal.course import Stretch
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded, pins
from twin2multicloud.app.ui.proposal.sweep import DEFAULT, field_title
from twin2multicloud.app.ui.proposal.words import moves_text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.uncertain import FIELDS

_MOST_ROWS = 60
_TO = " – "
_STEPS = 1_000
_LETTERED = 0.03
"""A stretch that takes less of the line has no room for its letter."""


class Range(Store):
    """A range that is being written."""

    def __init__(self, between: str) -> None:
        super().__init__()
        self.low, self.high = course.ends_of(between)

    @property
    def between(self) -> str:
        """As an address has it."""
        return f"{self.low}..{self.high}"

    def start(self, low: str) -> None:
        """Where it begins. Nothing is shown anew by it."""
        self.low = low.strip()

    def end(self, high: str) -> None:
        """Where it ends. Nothing is shown anew by it."""
        self.high = high.strip()


@ft.component
def BreakEven(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of it."""
    proposal = loaded.standing.proposal
    if proposal is None:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    return Asked(look, loaded, proposal)


@ft.component
def Asked(look: Look, loaded: Loaded, proposal: Proposed) -> ft.Control:  # noqa: N802
    """What is asked, and the answer."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    along = look.along if look.along in FIELDS else DEFAULT
    between = look.between or course.usual(along, proposal.workload or {})
    written = use_made(lambda: Range(between), along, between)
    busy = use_made(Busy)
    asked, problem = course.question(proposal, along, between)
    names = {name: field_title(field) for name, field in FIELDS.items()}

    def find(_: str = "") -> None:
        session.go(look.seeking(along, written.between).path)

    form = ft.Row(
        [
            fields.choice(
                tr("Along"),
                along,
                names,
                lambda name: session.go(look.seeking(name, "").path),
                width=None if session.viewport.narrow else 300,
            ),
            *(
                ft.Container(
                    fields.line(label, value, changed, unit=tr(FIELDS[along].unit), done=find, problem=said),
                    width=200,
                    key=f"{along}-{between}-{label}",
                )
                for label, value, changed, said in (
                    (tr("From"), written.low, written.start, problem),
                    (tr("To"), written.high, written.end, None),
                )
            ),
            buttons.busy(tr("Finding…")) if busy.now else buttons.main(tr("Find"), find, icon=ft.Icons.SEARCH),
        ],
        spacing=GAP,
        run_spacing=GAP,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    said = tr("Where the cheapest placement changes as one number grows, under the same constraints and overrides.")
    # Below the form, so that the answer keeps its place, and with it what it knows.
    above: list[ft.Control] = [form]
    if busy.now:
        above.append(states.working(tr("Hundreds of values are optimized."), id="break-even-progress"))
    rows: list[ft.Control] = [text.muted(said), ft.Column(above, spacing=GAP + 4, tight=True)]
    if asked is not None:
        rows.append(Answered(look, loaded, asked, busy))
    return ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


@ft.component
def Answered(look: Look, loaded: Loaded, asked: BreakevenInput, busy: Busy) -> ft.Control:  # noqa: N802
    """The answer; that to the question before stays in view until it comes."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    found = use_remote(
        lambda: busy.until(session.ask(lambda api: api.optimizer.breakeven(asked))),
        asked.model_dump_json(),
        loaded.standing.price_book.hash,
    )
    return states.shown(found, lambda answer: _answer(session, look, loaded, answer))


def _answer(session: Session, look: Look, loaded: Loaded, found: BreakevenResult) -> ft.Control:
    given = course.stretches(found)
    shown = given[:_MOST_ROWS]
    name = field_title(FIELDS[found.along])
    table = tables.table(
        _columns(session, look, loaded),
        shown,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Break-even points along {what}", what=name),
    )
    parts: list[ft.Control] = [_line(session, name, given), table]
    if len(shown) < len(given):
        said = tr(
            "The first {shown} of {count} stretches; narrow the range for the others.",
            shown=len(shown),
            count=len(given),
        )
        parts.append(text.muted(said))
    parts.append(text.muted(_proof(found)))
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _proof(found: BreakevenResult) -> str:
    if found.complete:
        return tr("Every value of the range was examined.")
    return tr(
        "{count} values were optimized exactly. Between two of them no placement is cheaper than the one named by more "
        "than {share}, as long as usage there lies between that of the two.",
        count=figures.count(found.points),
        share=figures.share(found.slack, digits=2),
    )


def _line(session: Session, name: str, given: Sequence[Stretch]) -> ft.Control:
    palette = session.appearance.palette
    pieces: list[ft.Control] = []
    for number, each in enumerate(given):
        pieces.append(
            ft.Container(
                text.strong(each.letter, size=12) if each.share >= _LETTERED else None,
                expand=max(1, round(each.share * _STEPS)),
                height=34,
                alignment=ft.Alignment.CENTER,
                bgcolor=palette.accent.soft if number % 2 else palette.sunken,
                border=ft.Border(left=ft.BorderSide(1, palette.accent.strong)) if number else None,
                tooltip=tip(f"{each.letter}: {each.between}"),
            )
        )
    first, last = given[0].start, given[-1].end
    narrow = session.viewport.narrow
    title = f"{name} ({tr('evenly by factor')})" if course.by_factor(first, last) else name
    axis = axes.uneven(
        [Tick(at, course.exact(value)) for at, value in course.marks(first, last, most=5 if narrow else 12)],
        course.exact(first),
        course.exact(last),
        title,
        least_share=0.14 if narrow else 0.07,
    )
    told = ". ".join(f"{each.between}: {each.letter}, {_usd(session, each)}" for each in given[:_MOST_ROWS])
    return ft.Semantics(
        identifier="break-even-line",
        label=f"{tr('The cheapest along {what}', what=name)}: {told}",
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column([ft.Row(pieces, spacing=0), axis], spacing=0, tight=True),
    )


def _costs(session: Session, each: Stretch) -> ft.Control:
    """At both ends, one below the other."""
    lines: list[ft.Control] = [text.figure(part, size=13) for part in _usd(session, each).split(_TO)]
    return ft.Column(lines, spacing=1, tight=True, horizontal_alignment=ft.CrossAxisAlignment.END)


def _usd(session: Session, each: Stretch) -> str:
    if each.placement is None:
        return tr("no placement")
    ends = [figures.money(usd, session.currency) for usd in dict.fromkeys(each.usd)]
    return _TO.join(ends)


def _columns(session: Session, look: Look, loaded: Loaded) -> list[tables.Column[Stretch]]:
    palette, narrow = session.appearance.palette, session.viewport.narrow
    return [
        tables.Column("", lambda each: text.strong(each.letter), share=1, main=True),
        tables.Column(tr("From – to"), lambda each: text.body(each.between, size=13), share=4),
        tables.Column(tr("$ / month"), lambda each: _costs(session, each), share=3, number=True),
        tables.Column(
            tr("What changes"),
            lambda each: words.placement(each.clouds, _changes(loaded, each), palette, narrow=narrow),
            share=8,
        ),
        tables.Column("", lambda each: _look_at(session, look, each), share=2, number=True),
    ]


def _changes(loaded: Loaded, each: Stretch) -> str:
    if each.placement is None:
        return tr("no placement satisfies the constraints")
    return moves_text(each.differs, loaded.names) or figures.NONE


def _look_at(session: Session, look: Look, each: Stretch) -> ft.Control:
    if each.placement is None:
        return ft.Container(height=0)
    name = tr("Consider the placement of {between}", between=each.between)
    return buttons.named(tr("Look"), name, partial(session.go, look.of_placement(pins(each.placement)).path))
