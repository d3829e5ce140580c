"""How to begin a twin: from an example, from a file, from nothing; or going on with a draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.drafts import Draft, DraftSummary
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, tables, text
from twin2multicloud.app.ui.components.files import Picked, pick_button, use_picker
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.new_twin import beginning
from twin2multicloud.app.ui.new_twin.beginning import Example
from twin2multicloud.app.ui.new_twin.sections import Section
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP

_SUFFIXES = ["yaml", "yml", "json", "toml", "py"]


@ft.component
def NewScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The screen."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    use_store(session.preferences)
    may = beginning.places_to_create(session.me)
    place, set_place = ft.use_state(may[0].id if may else "")
    busy, set_busy = ft.use_state("")
    nobody_failed: Failure | None = None
    failure, set_failure = ft.use_state(nobody_failed)
    known = use_remote(lambda: session.ask(beginning.examples))
    drafts = use_remote(lambda: session.ask(lambda api: list(api.drafts.list(limit=100))))

    def begin(what: str, make: Callable[[Client], Draft]) -> None:
        async def made() -> None:
            draft = await session.ask(make)
            session.go(places.draft(draft.id))

        def failed(why: Failure) -> None:
            set_busy("")
            set_failure(why)

        set_busy(what)
        set_failure(None)
        session.act(made(), failed=failed)

    if not may:
        nobody = states.nothing(
            tr("You may look at twins, but not make any"),
            hint=tr("Ask an owner of your workspace to make you an operator of it."),
            icon=ft.Icons.LOCK_OUTLINE,
        )
        return screen(session, [Crumb(tr("New twin"))], nobody, id="new")
    parts: list[ft.Control] = []
    if failure is not None:
        parts.append(states.failed(failure))
    parts.append(
        _examples(session, known, busy, lambda name: begin(name, lambda api: beginning.from_example(api, name, place)))
    )
    file = FileCard(lambda make: begin("file", make), busy, place)
    empty = EmptyCard(lambda make: begin("empty", make), busy, place)
    parts.append(
        ft.Column([file, empty], spacing=GAP + 4)
        if session.viewport.narrow
        else ft.Row(
            [ft.Container(file, expand=3), ft.Container(empty, expand=2)],
            spacing=GAP + 4,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    )
    parts.append(states.shown(drafts, lambda found: _drafts(session, found, drafts)))
    beside: list[ft.Control] = []
    if len(may) > 1:
        names = {each.id: each.name for each in may}
        beside.append(fields.choice(tr("Workspace"), place, names, set_place, width=220))
    return screen(
        session,
        [Crumb(tr("New twin"))],
        ft.Column(parts, spacing=GAP + 12, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        actions=beside,
        id="new",
    )


# ── From an example ─────────────────────────────────────────────────────────────────────────────────────────
def _examples(session: Session, known: Remote[list[Example]], busy: str, chosen: Callable[[str], None]) -> ft.Control:
    def shown(found: list[Example]) -> ft.Control:
        made: list[ft.Control] = [_example(session, each, busy, chosen) for each in found]
        if not session.viewport.wide:
            return ft.Column(made, spacing=GAP + 4, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        return ft.Row(
            [ft.Container(each, expand=1) for each in made],
            spacing=GAP + 4,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            intrinsic_height=True,
        )

    return ft.Column(
        [
            text.section(tr("From an example")),
            text.muted(tr("A whole twin that runs as it is: change what differs.")),
            states.shown(known, shown, rows=5),
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _example(session: Session, example: Example, busy: str, chosen: Callable[[str], None]) -> ft.Control:
    about, palette = example.about, session.appearance.palette
    devices = trn("{count} device", "{count} devices", int(about.workload["devices"]))
    rate = tr("{count} messages / month", count=figures.short(example.messages_per_month))
    cost = (
        tr("cannot be priced")
        if example.usd_per_month is None
        else tr("{money} (estimate)", money=figures.per_month(example.usd_per_month, session.currency))
    )
    label = tr("Begins …") if busy == about.name else tr("Begin with this")
    return cards.card(
        ft.Column(
            [
                ft.Column(
                    [
                        text.section(about.title),
                        text.muted(about.description),
                        ft.Row([text.body(devices), text.muted("·"), text.muted(rate)], wrap=True, spacing=6),
                        ft.Row(
                            [text.strong(cost), badges.clouds(list(example.clouds), palette)], wrap=True, spacing=GAP
                        ),
                    ],
                    spacing=GAP - 2,
                    tight=True,
                ),
                ft.Row(
                    [
                        buttons.main(
                            label,
                            None if busy else lambda: chosen(about.name),
                            name=tr("Begin with {example}", example=about.title),
                        )
                    ]
                ),
            ],
            spacing=GAP + 4,
            alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        ),
        id=f"example-{about.name}",
    )


# ── From a file, from nothing ───────────────────────────────────────────────────────────────────────────────
Begun = Callable[[Callable[[Client], Draft]], None]


@ft.component
def FileCard(begin: Begun, busy: str, place: str) -> ft.Control:  # noqa: N802
    """A file that is chosen, or a text that is pasted."""
    pasted, set_pasted = ft.use_state("")
    problem, set_problem = ft.use_state("")

    def picked(files: Sequence[Picked]) -> None:
        texts: dict[str, str] = {}
        for file in files:
            try:
                texts[file.name] = file.content.decode("utf-8-sig")
            except UnicodeDecodeError:
                set_problem(tr("{file} is not UTF-8 text; save it as UTF-8", file=file.name))
                return
        set_problem("")
        begin(lambda api: beginning.from_files(api, texts, place))

    picker = use_picker(picked, set_problem)
    parts: list[ft.Control] = [
        text.muted(tr("Choose a definition (YAML, JSON or TOML, at most 1 MiB) and the Python files that it names …")),
        ft.Row([pick_button(tr("Choose files"), picker, extensions=_SUFFIXES, several=True, busy=bool(busy))]),
        text.muted(tr("… or paste its text:")),
        fields.lines(tr("Definition"), pasted, set_pasted, rows=3, text_size=12.5),
        ft.Row(
            [
                buttons.other(
                    tr("Begins …") if busy == "file" else tr("Begin with this text"),
                    (lambda: begin(lambda api: beginning.from_text(api, pasted, place)))
                    if pasted.strip() and not busy
                    else None,
                )
            ]
        ),
    ]
    if problem:
        parts.insert(2, text.body(problem, color=ft.Colors.ERROR))
    return cards.card(
        ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("From a file"),
        id="from-file",
    )


@ft.component
def EmptyCard(begin: Begun, busy: str, place: str) -> ft.Control:  # noqa: N802
    """A name, and the least that can be priced."""
    name, set_name = ft.use_state("")

    def go(_: str = "") -> None:
        begin(lambda api: beginning.from_nothing(api, name.strip() or "my-twin", place))

    return cards.card(
        ft.Column(
            [
                text.muted(tr("One device type with one field, ten devices: enough to be priced at once.")),
                fields.line(tr("Name"), name, set_name, hint="my-twin", done=None if busy else go),
                ft.Row([buttons.other(tr("Begins …") if busy == "empty" else tr("Begin empty"), None if busy else go)]),
            ],
            spacing=GAP + 2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("From nothing"),
        id="from-nothing",
    )


# ── Drafts ──────────────────────────────────────────────────────────────────────────────────────────────────
def _drafts(session: Session, found: list[DraftSummary], remote: Remote[list[DraftSummary]]) -> ft.Control:
    if not found:
        return ft.Container(height=0)

    def forget(draft: DraftSummary) -> None:
        async def forgotten() -> None:
            await session.ask(lambda api: api.drafts.delete(draft))
            remote.refresh()

        dialogs.confirm(
            session,
            tr("Delete this draft?"),
            tr("What is written in “{title}” is lost. Twins stay as they are.", title=_title(draft)),
            tr("Delete"),
            lambda: session.act(forgotten()),
            dangerous=True,
        )

    now = session.now()
    columns = [
        tables.Column[DraftSummary](tr("Draft"), lambda draft: text.strong(_title(draft)), share=4, main=True),
        tables.Column[DraftSummary](tr("Becomes"), lambda draft: text.muted(_becomes(draft)), share=3),
        tables.Column[DraftSummary](
            tr("Saved"), lambda draft: text.muted(figures.since(draft.updated_at, now)), share=2, number=True
        ),
        tables.Column[DraftSummary](
            "",
            lambda draft: buttons.icon(
                ft.Icons.DELETE_OUTLINE,
                tr("Delete draft"),
                lambda: forget(draft),
                name=tr("Delete draft {title}", title=_title(draft)),
            ),
            number=True,
            aside_px=44,
        ),
    ]
    return ft.Column(
        [
            text.section(tr("Your drafts")),
            text.muted(tr("Kept as you type, and seen by nobody else.")),
            tables.table(
                columns,
                found,
                narrow=session.viewport.narrow,
                name=_title,
                opened=lambda draft: session.go(places.draft(draft.id, Section.read(draft.step))),
                label=tr("Your drafts"),
            ),
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _title(draft: DraftSummary) -> str:
    return draft.title or tr("Without a name")


def _becomes(draft: DraftSummary) -> str:
    if draft.twin is None or draft.twin_number is None:
        return tr("a new twin")
    return tr("version {number} of a twin", number=draft.twin_number + 1)
