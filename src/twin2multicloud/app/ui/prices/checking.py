"""Checking a price book of one's own: its files in, every fault out. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.catalogue import BookCheck
from twin2multicloud.app.ui.components import badges, cards, states, text
from twin2multicloud.app.ui.components.files import Picked, pick_button, use_picker
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MOST_BYTES: Final = 900_000
"""Of all files together: a window takes no larger message from a browser."""
_MOST_SHOWN: Final = 100


@ft.component
def CheckingPart() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Files to pick, and what is wrong with them."""
    session = use_session()
    use_store(session.appearance)
    nothing: BookCheck | None = None
    well: Failure | None = None
    found, set_found = ft.use_state(nothing)
    failure, set_failure = ft.use_state(well)
    busy, set_busy = ft.use_state(False)
    names: tuple[str, ...] = ()
    given, set_given = ft.use_state(names)

    def picked(files: Sequence[Picked]) -> None:
        texts = {file.name: file.content.decode(errors="replace") for file in files}
        set_given(tuple(texts))
        set_found(nothing)
        set_failure(well)

        async def checked() -> None:
            set_busy(True)
            try:
                set_found(await session.ask(lambda api: api.prices.validate(texts)))
            finally:
                set_busy(False)

        session.act(checked(), failed=set_failure)

    def refused(why: str) -> None:
        set_failure(Failure(tr("These files are not taken"), why, retry=False))

    picker = use_picker(picked, refused, most_bytes=_MOST_BYTES)
    parts: list[ft.Control] = [
        text.body(tr("A price book is a TOML file for each cloud: aws.toml, azure.toml, gcp.toml. Give all three.")),
        ft.Row(
            [
                pick_button(tr("Choose files…"), picker, extensions=("toml",), several=True, busy=busy),
                text.muted(", ".join(given) if given else tr("no file chosen")),
            ],
            spacing=GAP,
            wrap=True,
        ),
    ]
    if busy:
        parts.append(states.waiting(3))
    if failure is not None:
        parts.append(states.failed(failure))
    if found is not None:
        parts.append(_found(session, found))
    return cards.card(
        ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Check a book of your own"),
        id="check-book",
    )


def _found(session: Session, check: BookCheck) -> ft.Control:
    palette = session.appearance.palette
    if check.ok and check.price_book is not None:
        return ft.Row(
            [
                badges.pill(tr("sound"), palette.ok, sign="●"),
                text.body(
                    tr("Prices of {date}, book {hash}", date=check.price_book.date, hash=check.price_book.hash[:8])
                ),
            ],
            spacing=GAP,
        )
    rows: list[ft.Control] = [
        ft.Row(
            [
                badges.pill(tr("not sound"), palette.bad, sign="■"),
                text.body(trn("{count} fault", "{count} faults", len(check.findings))),
            ],
            spacing=GAP,
        )
    ]
    for each in check.findings[:_MOST_SHOWN]:
        where = tr("line {line}", line=each.line) if each.line is not None else ""
        head = " · ".join(part for part in (each.field, where) if part)
        rows.append(
            ft.Column(
                [
                    *([text.mono(head)] if head else []),
                    text.body(each.problem, selectable=True),
                ],
                spacing=1,
                tight=True,
            )
        )
    if len(check.findings) > _MOST_SHOWN:
        rows.append(text.muted(tr("These are the first {count}.", count=_MOST_SHOWN)))
    return ft.Column(rows, spacing=GAP, tight=True)
