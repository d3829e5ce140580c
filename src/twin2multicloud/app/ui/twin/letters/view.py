"""Messages that a twin could not handle and set aside: what is in them, and sending them again."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.sandboxes import DeadLetter, Letters, LettersTarget, WholeDeadLetter
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_held, use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.letters.state import Chosen, Deed, pretty
from twin2multicloud.app.ui.twin.parts import Parts

_MOST = 100
_EVERY_S = 6.0
_EVERY_IN_CLOUDS_S = 60.0


@ft.component
def LettersTab(parts: Parts) -> ft.Control:  # noqa: N802
    """All of them."""
    session = use_session()
    use_store(session.viewport)
    target = where(parts)
    if target is None:
        hint = tr("A rehearsal handles no messages.") if parts.seen.deployed else tr("It is not deployed.")
        return cards.card(states.nothing(tr("No dead letters to show"), hint=hint))
    if not parts.seen.may_operate:
        return cards.card(
            states.nothing(
                tr("Only operators see them"),
                hint=tr("They hold what devices sent. Ask an owner for the role operator."),
                icon=ft.Icons.LOCK_OUTLINE,
            )
        )
    return LetterList(parts, target)


def where(parts: Parts) -> LettersTarget | None:
    """Where its dead letters are; None where there are none to look at."""
    target = parts.seen.target
    return None if target == "rehearsal" or not parts.seen.deployed else target


@ft.component
def LetterList(parts: Parts, target: LettersTarget) -> ft.Control:  # noqa: N802
    """The list, and what can be done with it."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    chosen = use_made(lambda: Chosen(target), parts.id, target)
    letters = use_store(
        use_held(
            lambda: session.ask(lambda api: list(api.operating.letters(parts.id, limit=_MOST, target=target))),
            parts.id,
            target,
            every_s=_EVERY_S if target == "sandbox" else _EVERY_IN_CLOUDS_S,
            refresh_on=Wanted(("alert",), twin=parts.id),
        )
    )

    def shown(found: list[DeadLetter]) -> ft.Control:
        if not found:
            return states.nothing(
                tr("No message was set aside"),
                hint=tr("Messages that cannot be handled come here with the reason; nothing is lost."),
                icon=ft.Icons.MARK_EMAIL_READ_OUTLINED,
            )
        newest = sorted(found, key=lambda each: each.at, reverse=True)
        rows: list[ft.Control] = [_row(session, parts, chosen, each, palette) for each in newest]
        return ft.Column(
            [_bar(session, parts, chosen, letters, newest), *rows],
            spacing=0,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    result = _result(chosen, palette)
    return ft.Column(
        [*([result] if result is not None else []), cards.card(states.shown(letters, shown), id="letters")],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _bar(
    session: Session, parts: Parts, chosen: Chosen, letters: Remote[list[DeadLetter]], found: list[DeadLetter]
) -> ft.Control:
    ids = frozenset(each.id for each in found)
    some = chosen.ids & ids
    count = len(some)
    what = Letters(ids=sorted(some)) if some else Letters(all=True)

    async def carried_out(deed: Deed) -> None:
        await chosen.carry_out(session, parts.id, deed, what)
        letters.refresh()

    def drop() -> None:
        dialogs.confirm(
            session,
            tr("Drop dead letters?"),
            trn("{count} message is thrown away for good.", "{count} messages are thrown away for good.", count)
            if some
            else tr("All messages that were set aside are thrown away for good."),
            tr("Drop"),
            lambda: session.act(carried_out("drop")),
            dangerous=True,
        )

    told = trn("{count} chosen", "{count} chosen", count) if some else tr("all")
    replay = None if chosen.busy else lambda: session.act(carried_out("replay"))
    return fields.ticked_for(
        fields.checkbox(
            tr("Choose all in view"),
            some == ids,
            lambda on: chosen.all_of(ids if on else frozenset()),
        ),
        [
            buttons.main(
                tr("Working…") if chosen.busy else tr("Replay ({which})", which=told), replay, icon=ft.Icons.REPLAY
            ),
            buttons.other(
                tr("Drop ({which})", which=told), None if chosen.busy else drop, icon=ft.Icons.DELETE_OUTLINE
            ),
            text.muted(
                tr("the first {count} of them", count=_MOST)
                if len(found) >= _MOST
                else trn("{count} message", "{count} messages", len(found))
            ),
        ],
        narrow=session.viewport.narrow,
    )


def _row(session: Session, parts: Parts, chosen: Chosen, letter: DeadLetter, palette: Palette) -> ft.Control:
    opened = parts.look.get("letter") == letter.id
    toggled = parts.look.asking(letter=None if opened else letter.id)
    at = letter.at[:23].replace("T", " ")
    head = ft.Column(
        [
            ft.Row(
                [
                    badges.cloud(letter.cloud, palette),
                    text.strong(letter.device or letter.component),
                    text.muted(letter.component),
                    text.muted(at),
                ],
                wrap=True,
                spacing=GAP,
                run_spacing=2,
            ),
            text.body(letter.reason, max_lines=None if opened else 2, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=3,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    face = pressable(
        head,
        tr("{device} at {moment}: {reason}", device=letter.device or letter.component, moment=at, reason=letter.reason),
        lambda: session.go(toggled.path),
        expand=True,
        expanded=opened,
        padding=6,
        border_radius=6,
    )
    tick = fields.checkbox(
        "",
        letter.id in chosen.ids,
        lambda _: chosen.toggle(letter.id),
        semantics_label=tr(
            "Choose the message of {device} at {moment}", device=letter.device or letter.component, moment=at
        ),
    )
    shown: list[ft.Control] = [ft.Row([tick, face], spacing=4, vertical_alignment=ft.CrossAxisAlignment.START)]
    if opened:
        shown.append(Whole(parts, letter.id, chosen.target))
    return ft.Container(
        ft.Column(shown, spacing=4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        key=letter.id,
        border=ft.Border(top=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
        padding=ft.Padding.symmetric(vertical=4),
    )


@ft.component
def Whole(parts: Parts, letter: str, target: LettersTarget) -> ft.Control:  # noqa: N802
    """A message with what it holds."""
    session = use_session()
    whole = use_remote(
        lambda: session.ask(lambda api: api.operating.letter(parts.id, letter, target=target)), parts.id, letter, target
    )

    def shown(found: WholeDeadLetter) -> ft.Control:
        rows: list[tuple[str, ft.Control]] = [
            (tr("Id"), text.mono(found.id, selectable=True)),
            (tr("Topic"), text.mono(found.topic or figures.NONE, selectable=True)),
            (tr("Trace"), text.mono(found.trace or figures.NONE, selectable=True)),
            (tr("Content"), text.mono(pretty(found.body), selectable=True)),
        ]
        return surfaces.sunken(facts(rows))

    return states.shown(whole, shown, rows=3)


def _result(chosen: Chosen, palette: Palette) -> ft.Control | None:
    """What became of each that was to be replayed or dropped."""
    done = chosen.done
    if done is None:
        return None
    if chosen.deed == "replay":
        said = trn("{count} message was put back.", "{count} messages were put back.", len(done.done))
    else:
        said = trn("{count} message was dropped.", "{count} messages were dropped.", len(done.done))
    lines: list[ft.Control] = [text.body(said)]
    lines += [
        text.muted(tr("{id} stays: {why}", id=str(kept.get("id", "")), why=str(kept.get("problem", ""))))
        for kept in done.kept[:20]
    ]
    tint = palette.warn if done.kept else palette.ok
    return text.named(
        "letters-done",
        cards.strip(
            ft.Column(lines, spacing=3, tight=True),
            tint_soft=tint.soft,
            tint=tint.strong,
            icon=ft.Icons.WARNING_AMBER if done.kept else ft.Icons.CHECK,
        ),
        live=True,
    )
