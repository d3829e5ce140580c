"""A run's log: its lines, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.events import Severity
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, fields, states, text
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.components.virtual import VirtualList
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import log_files, log_line, words
from twin2multicloud.app.ui.runs.lines import SEVERITIES
from twin2multicloud.app.ui.runs.log_state import Reading
from twin2multicloud.app.ui.runs.place import RunLook
from twin2multicloud.app.ui.runs.watching import Watching
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_LINE_PX = 19


@ft.component
def RunLog(watching: Watching, reading: Reading, look: RunLook, names: Mapping[str, str]) -> ft.Control:  # noqa: N802
    """The log. `names` is what each stack is called."""
    session = use_session()
    use_store(session.viewport)
    ft.use_effect(lambda: reading.look_at(look.log), [look.log])
    return cards.card(
        ft.Column(
            [
                _filters(session, look, names, LogState(watching)),
                _tools(session, Search(reading, look), LogButtons(reading, look, names)),
                LogLines(watching, reading, names),
            ],
            spacing=GAP,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        padding=12,
        expand=True,
        id="log",
        # Lines that can be selected make a stop for Tab, which needs a name.
        label=tr("Log"),
    )


def _filters(session: Session, look: RunLook, names: Mapping[str, str], state: ft.Control) -> ft.Control:
    narrow = session.viewport.narrow
    slots = {"": tr("all slots"), **names}
    if look.log.stack and look.log.stack not in slots:
        slots[look.log.stack] = words.stack_short(look.log.stack, None)
    grave: dict[str, str] = {
        "debug": tr("everything"),
        "info": tr("info and graver"),
        "warning": tr("warnings and errors"),
        "error": tr("errors only"),
    }

    def severity(chosen: str) -> None:
        found: Severity = next((each for each in SEVERITIES if each == chosen), "info")
        session.go(look.logging(severity=found).path)

    choices: list[ft.Control] = [
        fields.choice(
            tr("Slot"), look.log.stack, slots, lambda stack: session.go(look.logging(stack=stack).path), width=150
        ),
        fields.choice(tr("Severity"), look.log.severity, grave, severity, width=150 if narrow else 180),
    ]
    if narrow:
        return ft.Column([ft.Row(choices, spacing=GAP), state], spacing=GAP, tight=True)
    return ft.Row([*choices, ft.Container(state, expand=True)], spacing=GAP)


def _tools(session: Session, search: ft.Control, chosen: ft.Control) -> ft.Control:
    if session.viewport.narrow:
        return ft.Column([search, chosen], spacing=4, tight=True)
    return ft.Row([ft.Container(search, expand=True), chosen], spacing=GAP)


@ft.component
def Search(reading: Reading, look: RunLook) -> ft.Control:  # noqa: N802
    """What is looked for, how often it is there, and the way from one to the next."""
    session = use_session()
    log = use_store(reading.log)
    use_store(reading)
    hits = len(log.hits)
    parts: list[ft.Control] = [
        ft.Container(
            SearchField(
                tr("Search the log"),
                look.log.search,
                lambda given: session.go(look.logging(search=given).path),
                exact=True,
                done=lambda: reading.go_to_hit("next"),
            ),
            width=210,
        )
    ]
    if log.look.search:
        at = f"{log.hit_number(reading.at):,} / " if reading.at is not None and log.is_hit(reading.at) else ""
        count = f"{at}{hits:,}" if hits else tr("no hit")
        move = hits > 0
        parts += [
            text.named("hits", text.muted(count), live=True),
            buttons.icon(
                ft.Icons.KEYBOARD_ARROW_UP, tr("Previous hit"), partial(reading.go_to_hit, "previous") if move else None
            ),
            buttons.icon(
                ft.Icons.KEYBOARD_ARROW_DOWN, tr("Next hit"), partial(reading.go_to_hit, "next") if move else None
            ),
        ]
    return ft.Row(parts, spacing=4, tight=True)


@ft.component
def LogButtons(reading: Reading, look: RunLook, names: Mapping[str, str]) -> ft.Control:  # noqa: N802
    """Pause, follow, a moment, copy, download."""
    session = use_session()
    log = use_store(reading.log)
    use_store(reading)
    paused = log.paused
    pause = (
        buttons.icon(ft.Icons.PLAY_ARROW, tr("Go on"), lambda: log.pause(False))
        if paused
        else buttons.icon(ft.Icons.PAUSE, tr("Pause"), lambda: log.pause(True))
    )
    follow = buttons.icon(
        ft.Icons.VERTICAL_ALIGN_BOTTOM,
        tr("Stop following the end") if reading.follow else tr("Follow the end"),
        lambda: reading.follow_end(not reading.follow),
        selected=reading.follow,
        icon_color=ft.Colors.PRIMARY if reading.follow else ft.Colors.ON_SURFACE_VARIANT,
    )
    at = reading.at
    whole = None if at is None else lambda: log_files.show_line(session, log.lines.line(at), names)
    return ft.Row(
        [
            pause,
            follow,
            buttons.icon(ft.Icons.SUBJECT, tr("Show the whole line"), whole),
            buttons.icon(ft.Icons.SCHEDULE, tr("Go to a time"), lambda: log_files.ask_time(session, reading)),
            log_files.copy_menu(session, reading, names),
            log_files.download_button(session, look.run),
        ],
        spacing=0,
        tight=True,
    )


@ft.component
def LogState(watching: Watching) -> ft.Control:  # noqa: N802
    """What the lines in view leave out, and whether they are up to date."""
    session = use_session()
    log = use_store(watching.log)
    connection = use_store(watching.connection)
    use_store(session.appearance)
    palette = session.appearance.palette
    told: list[ft.Control] = [text.named("lines", text.muted(trn("{count} line", "{count} lines", len(log))))]
    if log.loading:
        told.append(text.muted(tr("earlier lines are on their way")))
    if log.dropped:
        told.append(
            text.muted(
                trn(
                    "{count} earlier line is in the download only",
                    "{count} earlier lines are in the download only",
                    log.dropped,
                )
            )
        )
    if log.paused:
        told.append(
            text.muted(
                trn("paused, {count} new line", "paused, {count} new lines", log.held_back), color=palette.warn.strong
            )
        )
    if connection.failure is not None:
        told.append(
            text.body(tr("The log has ended here: {why}", why=connection.failure.message), color=palette.bad.strong)
        )
    elif connection.problem is not None:
        told.append(
            text.muted(tr("▲ The connection was lost; the log goes on where it stopped"), color=palette.warn.strong)
        )
    return ft.Row(told, wrap=True, spacing=GAP + 4, run_spacing=2)


@ft.component
def LogLines(watching: Watching, reading: Reading, names: Mapping[str, str]) -> ft.Control:  # noqa: N802
    """The lines in view."""
    session = use_session()
    log = use_store(watching.log)
    use_store(reading)
    use_store(session.appearance)
    use_store(session.viewport)
    style = log_line.Style(session.appearance.palette, names, short=session.viewport.narrow)
    count = len(log)
    if count == 0:
        waits = log.version == 0
        return states.waiting(6) if waits else states.nothing(tr("No lines"), hint=_why_none(log.look.severity))

    def tapped(position: int) -> None:
        line = log.at(position)
        reading.at = line.number
        reading.changed()
        log_files.show_line(session, line, names)

    lines = VirtualList(
        count,
        _LINE_PX,
        lambda position: log_line.line(log, position, reading.at, style),
        follow=reading.follow and not log.paused,
        scrolled_away=lambda: reading.follow_end(False),
        label=tr("Log, {count} lines", count=figures.count(count)),
        identify=lambda position: log.shown[position],
        tapped=tapped,
        scroller=reading.scroller,
    )
    # What fills the room there is has to lie in a column directly: Flutter shows a grey box otherwise.
    return ft.SelectionArea(
        ft.Column([lines], spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH), expand=True
    )


def _why_none(severity: str) -> str:
    return "" if severity == "debug" else tr("There may be some of less severity, or of other slots.")
