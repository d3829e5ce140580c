"""The links of a twin: which way, how they do, what went over them. Those between clouds are told apart from those that
stay within one, over which slots of the same cloud ask each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.schemas.operating import LinkEnd, LinkHealth, Links
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, states, text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.moments import Since
from twin2multicloud.app.ui.twin.parts import Parts

_EVERY_S = 5.0


def links_row(session: Session, parts: Parts, links: list[LinkHealth], palette: Palette) -> ft.Control:
    """All links side by side, a row for those between clouds and one for each cloud that has some within; the one that
    is pressed is told in full below.
    """
    chosen = parts.look.get("link")
    shown: list[ft.Control] = [
        ft.Row(
            [text.muted(where), *(_link(session, parts, each, named(each) == chosen, palette) for each in found)],
            wrap=True,
            spacing=GAP,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
        for where, found in apart(links).items()
    ]
    found = next((each for each in links if named(each) == chosen), None)
    if found is not None:
        shown.append(_details(parts, found, palette))
    return ft.Column(shown, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def apart(links: Sequence[LinkHealth]) -> dict[str, list[LinkHealth]]:
    """Links by where they are, in words: between clouds first, then within each cloud."""
    found: dict[str, list[LinkHealth]] = {}
    for each in sorted(links, key=lambda link: (not between_clouds(link), link.source)):
        found.setdefault(_where(each), []).append(each)
    return found


def named(link: LinkHealth) -> str:
    """What a link is called in an address."""
    return f"{link.edge}.{link.source}.{link.target}"


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


def between_clouds(link: LinkHealth) -> bool:
    """Whether it leaves the cloud that it begins in."""
    return link.source != link.target


def _where(link: LinkHealth) -> str:
    if between_clouds(link):
        return tr("Links between clouds")
    return tr("Within {cloud}", cloud=badges.CLOUDS[link.source])


def _way(link: LinkHealth) -> str:
    return f"{badges.CLOUDS[link.source]} → {badges.CLOUDS[link.target]}" if between_clouds(link) else _where(link)


def _link(session: Session, parts: Parts, link: LinkHealth, chosen: bool, palette: Palette) -> ft.Control:
    tint = badges.health_tint(link.health, palette)
    row = ft.Row(
        [
            text.body(badges.health_sign(link.health), color=tint.strong),
            *([text.body(_way(link))] if between_clouds(link) else []),
            text.muted(edge_name(link.edge), no_wrap=True),
        ],
        spacing=5,
        tight=True,
    )
    toggled = parts.look.asking(link=None if chosen else named(link), slot=None)
    return surfaces.pressable(
        _told(link),
        lambda: session.go(toggled.path),
        row,
        chosen=chosen,
    )


def _told(link: LinkHealth) -> str:
    what, health = edge_name(link.edge), badges.health_word(link.health)
    if not between_clouds(link):
        return tr("Within {cloud}, {what}: {health}", cloud=badges.CLOUDS[link.source], what=what, health=health)
    return tr(
        "Link from {sender} to {receiver}, {what}: {health}",
        sender=badges.CLOUDS[link.source],
        receiver=badges.CLOUDS[link.target],
        what=what,
        health=health,
    )


def _details(parts: Parts, link: LinkHealth, palette: Palette) -> ft.Control:
    rows: list[Fact] = [
        (tr("Looked at"), Age(link.checked_at, pattern=tr("{age} ago"))),
        (tr("Last success"), Since(link.last_success)),
        (tr("Sent"), tr("{count} messages", count=figures.count(link.messages))),
        (tr("Retried"), figures.count(link.retries)),
    ]
    if link.since is not None:
        rows.insert(0, (tr("Does not get through since"), Since(link.since)))
    if link.problem:
        rows.insert(0, (tr("Problem"), text.body(link.problem, selectable=True, color=palette.bad.strong)))
    head = ft.Row(
        [text.section(f"{_way(link)}, {edge_name(link.edge)}"), badges.health(link.health, palette)],
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    ends: list[ft.Control] = [LinkEnds(parts, link.edge)] if parts.seen.may_operate else []
    return text.named("link", surfaces.sunken(head, facts(rows), *ends))


@ft.component
def LinkEnds(parts: Parts, edge: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Both ends of a link: where it leads, what it refused, its keys. Operators see that."""
    session = use_session()
    target = parts.seen.target
    links = use_store(
        use_held(
            lambda: session.ask(lambda api: api.operating.links(parts.id, target)), parts.id, target, every_s=_EVERY_S
        )
    )

    def shown(found: Links) -> ft.Control:
        ends = [end for end in found.links if end.edge == edge]
        return facts([(_end_name(end), text.muted(_end(end), selectable=True)) for end in ends])

    return states.shown(links, shown, rows=2)


def _end_name(end: LinkEnd) -> str:
    cloud = badges.CLOUDS[end.cloud]
    return tr("{cloud} sends", cloud=cloud) if end.direction == "out" else tr("{cloud} receives", cloud=cloud)


def _end(end: LinkEnd) -> str:
    told = [
        tr("to {url}", url=end.endpoint) if end.endpoint and end.direction == "out" else "",
        tr("{batches} batches, {size}", batches=figures.count(end.batches), size=figures.size(end.bytes))
        if end.batches
        else "",
        tr("{count} refused", count=figures.count(end.refused)) if end.refused else "",
        tr("keys {ids}, {age} old", ids=", ".join(end.key_ids), age=figures.age(end.key_age_s)) if end.key_ids else "",
    ]
    return " · ".join(each for each in told if each) or figures.NONE
