"""Lines of a log out of it: looked at whole, copied, downloaded; and the way to a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, time, timedelta
from typing import Final

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, dialogs, fields, menus, text
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs.lines import Line, written
from twin2multicloud.app.ui.runs.log_state import Reading
from twin2multicloud.app.ui.runs.watching import Source
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

MOST_COPIED: Final = 5_000
"""Lines: what a clipboard is given goes to the browser at once."""
MOST_DOWNLOADED_BYTES: Final = 12_000_000
"""What waits for a slow browser is bounded, and this goes to it in one piece."""
_AT_ONCE: Final = 200
"""Lines after which others get their turn."""


def copy_menu(session: Session, reading: Reading, names: Mapping[str, str]) -> ft.Control:
    """Which lines are copied. What is marked with the mouse is copied by the keyboard, as anywhere."""
    log, scroller = reading.log, reading.scroller

    def in_view() -> None:
        first = max(0, len(log) - scroller.lines) if reading.follow else scroller.first
        _copy(session, reading, range(first, min(len(log), first + scroller.lines)), names)

    def every() -> None:
        _copy(session, reading, range(max(0, len(log) - MOST_COPIED), len(log)), names)

    newest = tr("All that are shown, the newest {most}", most=figures.count(MOST_COPIED))
    items = [Item(tr("Lines in view"), in_view), Item(newest, every)]
    return menus.more(tr("Copy lines"), items, icon=ft.Icons.COPY_ALL)


def _copy(session: Session, reading: Reading, positions: Iterable[int], names: Mapping[str, str]) -> None:
    lines = [_written(reading.log.at(position), names) for position in positions]
    session.act(copy(session, "\n".join(lines), trn("{count} line copied", "{count} lines copied", len(lines))))


async def copy(session: Session, content: str, said: str) -> None:
    """Give the browser's clipboard a text, and say so."""
    await ft.Clipboard().set(content)
    session.notices.tell(said)


def show_line(session: Session, line: Line, names: Mapping[str, str]) -> None:
    """A line with all it says."""
    name = names.get(line.stack, line.stack)
    head = f"{figures.day_and_time(line.at)} · {figures.clock(line.at, milliseconds=True)}" + (
        f" · {name}" if name else ""
    )
    dialogs.show(
        session,
        tr("Line of the log"),
        ft.Column([text.muted(head), text.mono(line.text, selectable=True)], spacing=GAP, tight=True),
        [
            buttons.quiet(
                tr("Copy"),
                lambda: session.act(copy(session, _written(line, names), tr("Line copied"))),
                icon=ft.Icons.COPY,
            ),
            buttons.main(tr("Close"), lambda: dialogs.close(session)),
        ],
        width=720,
    )


def ask_time(session: Session, reading: Reading) -> None:
    """Ask for a time of day, and go to the first line from then on."""
    given: list[str] = [""]
    field = fields.line(
        tr("Time of day in UTC"),
        "",
        lambda text: given.__setitem__(0, text),
        hint="16:27:04",
        autofocus=True,
        done=lambda _: go(),
    )

    def go() -> None:
        moment = moment_of(given[0], reading)
        if moment is None:
            assert isinstance(field, ft.TextField)
            field.error = tr("is a time such as 16:27 or 16:27:04")
            field.update()
            return
        dialogs.close(session)
        if len(reading.log):
            reading.go_to(reading.log.at(reading.log.position_at(moment)).number)

    dialogs.show(
        session,
        tr("Go to a time"),
        field,
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Go there"), go)],
        width=320,
    )


def moment_of(given: str, reading: Reading) -> datetime | None:
    """The moment that a time of day means in a log: on the day it begins, or on the next if it began later that day."""
    try:
        wanted = time.fromisoformat(given.strip())
    except ValueError:
        return None
    if not len(reading.log):
        return None
    first = reading.log.at(0).at
    moment = datetime.combine(first.date(), wanted.replace(tzinfo=UTC))
    last = reading.log.at(len(reading.log) - 1).at
    return moment + timedelta(days=1) if moment < first and last.date() > first.date() else moment


async def download(session: Session, run: str, names: Mapping[str, str]) -> None:
    """Have the browser save the log from its beginning, as the server has it."""
    session.notices.tell(tr("The log is being fetched"))
    newest = await session.ask(lambda api: list(api.events.list(run=run, newest=True, limit=1)))
    content, whole = await fetched(session.live.source, run, newest[0].id if newest else 0, names)
    await ft.FilePicker().save_file(file_name=f"{run}.log", src_bytes=content)
    if not whole:
        session.notices.tell(tr("The first {size} are saved; the API has the rest", size=figures.size(len(content))))


async def fetched(source: Source, run: str, until: int, names: Mapping[str, str]) -> tuple[bytes, bool]:
    """A run's log as a file, up to an event; and whether that is all of it."""
    written_lines: list[bytes] = []
    size = 0
    if until:
        async with aclosing(source.follow(run=run, after=0)) as events:
            async for event in events:
                line = Line(0, event.at, event.severity, event.stack, event.message)
                written_lines.append(_written(line, names).encode() + b"\n")
                size += len(written_lines[-1])
                if event.id >= until or size > MOST_DOWNLOADED_BYTES:
                    break
                if len(written_lines) % _AT_ONCE == 0:
                    await asyncio.sleep(0)
    return b"".join(written_lines) or b"\n", size <= MOST_DOWNLOADED_BYTES


def _written(line: Line, names: Mapping[str, str]) -> str:
    return written(line, names.get(line.stack, line.stack))
