"""Sending a command to a device, by a form that its definition describes."""

from __future__ import annotations

import json

import flet as ft

from twin2multicloud.app.schemas.sandboxes import CommandInput, CommandSent
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, text
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.commands.state import Commands, Draft, commands_of, range_of
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.model.twin.device_types import FieldDefinition

_WAIT_S = 5.0


class Sending(Store):
    """A command on its way, and what the device answered."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        self.sent: CommandSent | None = None

    async def send(self, session: Session, twin: str, command: CommandInput) -> None:
        """Send one, and wait a little for the answer."""
        self.busy, self.sent = True, None
        self.changed()
        try:
            self.sent = await session.ask(lambda api: api.operating.command(twin, command))
        finally:
            self.busy = False
            self.changed()


def use_commands(parts: Parts) -> Remote[dict[str, Commands]]:
    """The commands of all device types."""
    session = use_session()
    use_store(session.appearance)
    version = parts.seen.twin.current

    async def load() -> dict[str, Commands]:
        return await session.ask(lambda _: commands_of(version))

    return use_remote(load, parts.id, version.number)


@ft.component
def CommandCard(parts: Parts, device: str, kind: str) -> ft.Control:  # noqa: N802
    """Which commands a device understands, and a form for the one that is chosen."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    every = use_commands(parts)

    def shown(commands: dict[str, Commands]) -> ft.Control:
        known = commands.get(kind, {})
        if not known:
            return text.muted(tr("Devices of the type {type} understand no commands.", type=kind))
        return CommandForm(parts, device, known)

    return cards.card(states.shown(every, shown, rows=2), title=tr("Send a command"), id="command")


@ft.component
def CommandForm(parts: Parts, device: str, known: Commands) -> ft.Control:  # noqa: N802
    """The form."""
    session = use_session()
    use_store(session.appearance)
    first = next(iter(known))
    name, choose = ft.use_state(first)
    chosen = name if name in known else first
    draft = use_made(lambda: Draft(chosen, known[chosen]), device, chosen)
    sending = use_made(Sending, device, chosen)
    if not parts.seen.runs_in_sandbox:
        return text.muted(tr("Commands can be sent from here to devices of a sandbox only."))

    def send() -> None:
        payload = draft.payload()
        if payload is not None:
            command = CommandInput(device=device, name=chosen, payload=payload, wait_s=_WAIT_S)
            session.act(sending.send(session, parts.id, command))

    shown: list[ft.Control] = [
        fields.choice(tr("Command"), chosen, {each: each for each in known}, choose, expand=True)
        if len(known) > 1
        else text.strong(chosen)
    ]
    if known[chosen].description:
        shown.append(text.muted(known[chosen].description))
    shown += [_field(draft, each, known[chosen].fields[each]) for each in known[chosen].fields]
    label = tr("Sending…") if sending.busy else tr("Send to {device}", device=device)
    shown.append(ft.Row([buttons.main(label, None if sending.busy else send, icon=ft.Icons.SEND_OUTLINED)]))
    if sending.sent is not None:
        shown.append(_answer(session, sending.sent))
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _field(draft: Draft, name: str, field: FieldDefinition) -> ft.Control:
    value = draft.texts.get(name, "")
    label = name if field.required else tr("{name} (may be left out)", name=name)
    if field.type == "boolean":
        return fields.switch(label, value == "true", lambda on: draft.write(name, "true" if on else "false"))
    if field.allowed:
        options = {each: each for each in field.allowed}
        return fields.choice(label, value, options, lambda given: draft.write(name, given))
    if field.type in ("object", "array"):
        return fields.lines(
            label, value, lambda given: draft.write(name, given), rows=2, problem=draft.problems.get(name)
        )
    return fields.line(
        label,
        value,
        lambda given: draft.write(name, given),
        unit=field.unit or None,
        problem=draft.problems.get(name),
        hint=range_of(field) or None,
    )


def _answer(session: Session, sent: CommandSent) -> ft.Control:
    palette = session.appearance.palette
    if sent.answer is None:
        told: list[ft.Control] = [
            badges.pill(tr("no answer yet"), palette.warn, sign="▲"),
            text.muted(tr("It is sent again until the device is there.")),
        ]
    else:
        answer = json.dumps(sent.answer, ensure_ascii=False, indent=1)
        told = [badges.pill(tr("answered"), palette.ok, sign="✔"), text.mono(answer, selectable=True)]
    return text.named(
        "answer", ft.Column([*told, text.muted(f"{sent.name} · {sent.id}", size=11)], spacing=4, tight=True), live=True
    )
