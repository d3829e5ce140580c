"""Lines of a log out of it: looked at whole, copied, downloaded; and the way to a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final

import flet as ft

from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import buttons, dialogs, fields, menus, text
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs.lines import Line, written
from twin2multicloud.app.ui.runs.log_state import Reading
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

MOST_COPIED: Final = 5_000
"""Lines: what a clipboard is given goes to the browser at once."""
MOST_SENT_BYTES: Final = 12_000_000


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


def download_button(session: Session, run: str) -> ft.Control:
    """Has the browser save all that the run told, as the server has it. Where a browser is signed in at the server it
    fetches that itself; elsewhere it comes from us.
    """
    label = tr("Download the whole log")
    if session.access.as_browser:
        return buttons.link(ft.Icons.DOWNLOAD, label, places.run_log(run))
    return buttons.icon(ft.Icons.DOWNLOAD, label, lambda: session.act(_download(session, run)))


async def _download(session: Session, run: str) -> None:
    session.notices.tell(tr("The log is being fetched"))
    # A browser is sent it in one piece, and what waits for a slow one is bounded.
    most = MOST_SENT_BYTES if session.page.web else None
    content, whole = await session.ask(lambda api: beginning(api.runs.log(run), most))
    await ft.FilePicker().save_file(file_name=f"{run}.log", src_bytes=content or b"\n")
    if not whole:
        session.notices.tell(
            tr(
                "The first {size} are saved; `twin2multicloud runs log {run}` writes all of it",
                size=figures.size(len(content)),
                run=run,
            )
        )


def beginning(pieces: Iterator[bytes], most_bytes: int | None) -> tuple[bytes, bool]:
    """The whole lines of a log that are within so many bytes (None: all), and whether there are no more."""
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if most_bytes is not None and len(taken) > most_bytes:
            return bytes(taken[: taken.rfind(b"\n", 0, most_bytes) + 1]), False
    return bytes(taken), True


def _written(line: Line, names: Mapping[str, str]) -> str:
    return written(line, names.get(line.stack, line.stack))
