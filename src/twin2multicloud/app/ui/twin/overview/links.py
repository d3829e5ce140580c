"""The links between the clouds of a twin: which way, how they do, what went over them."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.operating import LinkEnd
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 5.0


@ft.component
def LinksRow(parts: Parts) -> ft.Control:  # noqa: N802
    """All links side by side; the one that is pressed is told in full below."""
    session = use_session()
    palette = use_store(session.appearance).palette
    target = parts.seen.target
    links = use_store(
        use_held(
            lambda: session.ask(lambda api: api.operating.links(parts.id, target)), parts.id, target, every_s=_EVERY_S
        )
    )
    if links.value is None:
        told = links.failure.message if links.failure is not None else tr("Loading")
        return text.muted(tr("Links: {what}", what=told))
    out = [end for end in links.value.links if end.direction == "out"]
    chosen = parts.look.get("link")
    shown: list[ft.Control] = [
        ft.Row(
            [text.muted(tr("Links")), *(_link(session, parts, end, named(end) == chosen, palette) for end in out)],
            wrap=True,
            spacing=GAP,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
    ]
    found = next((end for end in out if named(end) == chosen), None)
    if found is not None:
        other = next(
            (
                end
                for end in links.value.links
                if end.direction == "in" and (end.edge, end.cloud) == (found.edge, found.peer)
            ),
            None,
        )
        shown.append(_details(found, other, palette))
    return ft.Column(shown, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def named(end: LinkEnd) -> str:
    """What a link is called in an address."""
    return f"{end.edge}.{end.cloud}.{end.peer}"


def edge_name(edge: str) -> str:
    """What goes over a link, as people say it."""
    return {
        "telemetry": tr("device messages"),
        "commands": tr("commands"),
        "persist": tr("processed records"),
        "twin-updates": tr("twin updates"),
        "to-cool": tr("records that turn cool"),
        "to-archive": tr("records that turn old"),
        "history": tr("history queries"),
        "state": tr("twin state queries"),
    }.get(edge, edge)


def _health(end: LinkEnd) -> Health:
    if end.failing is None:
        return "unknown"
    return "down" if end.failing else "ok"


def _link(session: Session, parts: Parts, end: LinkEnd, chosen: bool, palette: Palette) -> ft.Control:
    health = _health(end)
    tint = badges.health_tint(health, palette)
    way = f"{badges.CLOUDS[end.cloud]} → {badges.CLOUDS[end.peer]}"
    row = ft.Row(
        [
            text.body(badges.health_sign(health), color=tint.strong),
            text.body(way),
            text.muted(edge_name(end.edge)),
        ],
        spacing=5,
        tight=True,
    )
    toggled = parts.look.asking(link=None if chosen else named(end), slot=None)
    return surfaces.pressable(
        tr(
            "Link from {sender} to {receiver}, {what}: {health}",
            sender=badges.CLOUDS[end.cloud],
            receiver=badges.CLOUDS[end.peer],
            what=edge_name(end.edge),
            health=badges.health_word(health),
        ),
        lambda: session.go(toggled.path),
        row,
        chosen=chosen,
    )


def _details(end: LinkEnd, other: LinkEnd | None, palette: Palette) -> ft.Control:
    way = f"{badges.CLOUDS[end.cloud]} → {badges.CLOUDS[end.peer]}, {edge_name(end.edge)}"
    rows: list[tuple[str, ft.Control]] = [
        (tr("Last success"), Age(end.last_success, pattern=tr("{age} ago"))),
        (
            tr("Sent"),
            text.body(
                tr(
                    "{messages} messages in {batches} batches, {size}",
                    messages=figures.count(end.messages),
                    batches=figures.count(end.batches),
                    size=figures.size(end.bytes),
                )
            ),
        ),
        (tr("Retried"), text.body(figures.count(end.retries))),
        (tr("Refused"), text.body(figures.count(end.refused if other is None else other.refused))),
        (tr("To"), text.mono(end.endpoint or figures.NONE, selectable=True)),
        (tr("Keys"), text.body(_keys(end))),
    ]
    if end.last_error:
        rows.insert(0, (tr("Last error"), text.body(end.last_error, selectable=True, color=palette.bad.strong)))
    return text.named(
        "link",
        surfaces.sunken(
            ft.Row(
                [text.section(way), badges.health(_health(end), palette)],
                wrap=True,
                vertical_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            facts(rows),
        ),
    )


def _keys(end: LinkEnd) -> str:
    if not end.key_ids:
        return figures.NONE
    return tr("{ids}, {age} old", ids=", ".join(end.key_ids), age=figures.age(end.key_age_s))
