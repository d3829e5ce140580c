"""What runs of other kinds tell and came to: hops, drift, findings of credentials, prices, keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import flet as ft

from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui.components import cards, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs.progress import Progress
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import FALLBACK, GAP, Palette

_MOST: Final = 200
_SIGNS: Final = {"ok": "✔", "missing": "■", "unknown": "○", "bad": "■"}


def shown(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    """What it tells beside its log; None where its slots tell everything."""
    made = _SHOWN.get(run.kind)
    return None if made is None else made(session, run, progress)


def _card(title: str, lines: Sequence[ft.Control]) -> ft.Control:
    return cards.card(
        ft.Column(list(lines[:_MOST]), spacing=6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=title,
        id="result",
    )


def _mark(verdict: str, palette: Palette) -> ft.Control:
    color = {"ok": palette.ok, "missing": palette.bad, "bad": palette.bad}.get(verdict, palette.unknown)
    return ft.Text(
        _SIGNS[verdict], color=color.strong, width=18, size=14, semantics_label=verdict, font_family_fallback=FALLBACK
    )


def _line(verdict: str, head: str, told: str, palette: Palette, *, remedy: str = "", right: str = "") -> ft.Control:
    parts: list[ft.Control] = [text.strong(head)]
    if told:
        parts.append(text.body(told, selectable=True))
    if remedy:
        parts.append(text.muted(tr("→ {remedy}", remedy=remedy), selectable=True))
    return ft.Row(
        [
            _mark(verdict, palette),
            ft.Container(ft.Column(parts, spacing=2, tight=True), expand=True),
            *([text.muted(right)] if right else []),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _verify(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    hops = _found(run.result, "hops") or [each.data.get("hop", {}) for each in progress.told if each.kind == "hop"]
    if not hops:
        return None
    palette = session.appearance.palette
    lines = [
        _line(
            "ok" if hop.get("ok") else "bad",
            f"{hop.get('name', '')} · {hop.get('cloud', '')}",
            "" if hop.get("ok") else str(hop.get("detail", "")),
            palette,
            right="" if hop.get("ms") is None else f"{hop['ms']:,.0f} ms",
        )
        for hop in hops
    ]
    return _card(tr("A message's way, hop by hop"), lines)


def _drift(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    del progress
    if run.result is None:
        return None
    palette = session.appearance.palette
    if run.result.get("clean"):
        return _card(tr("Drift"), [_line("ok", tr("Nobody changed anything"), "", palette)])
    lines: list[ft.Control] = []
    for stack in _found(run.result, "drift"):
        told = [
            tr("{resource} was changed by others", resource=change.get("resource", ""))
            if change.get("action") == "update"
            else tr("{resource} was removed by others", resource=change.get("resource", ""))
            for change in stack.get("changes", ())
        ]
        if stack.get("error"):
            told.append(str(stack["error"]))
        if told:
            lines.append(_line("bad", str(stack.get("stack", "")), "\n".join(told), palette))
    return _card(tr("Drift"), lines)


def _credentials(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    found = _found(run.result, "findings") or [
        each.data.get("finding", {}) for each in progress.told if each.kind == "credentials"
    ]
    if not found:
        return None
    return findings(session, found)


def findings(session: Session, found: Sequence[Mapping[str, Any]]) -> ft.Control:
    """What a check of credentials found."""
    palette = session.appearance.palette
    lines = []
    for each in found:
        verdict = str(each.get("verdict", "unknown"))
        names = ", ".join(str(name) for name in each.get("names", ()))
        told = str(each.get("text", "")) + (f": {names}" if names else "")
        lines.append(
            _line(
                verdict if verdict in _SIGNS else "unknown",
                str(each.get("topic", "")),
                told,
                palette,
                remedy=str(each.get("remedy", "")),
            )
        )
    return _card(tr("What was found"), lines)


def _prices(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    palette = session.appearance.palette
    lines: list[ft.Control] = [text.body(each.message) for each in progress.told if each.kind == "prices"]
    if run.result is not None:
        taken = run.result.get("taken")
        said = (
            tr(
                "Price book {number} of {date} is in use now",
                number=taken.get("number", ""),
                date=taken.get("date", ""),
            )
            if isinstance(taken, dict)
            else tr("The prices in use are the newest")
        )
        lines.append(_line("ok", said, "", palette))
    return _card(tr("Prices"), lines) if lines else None


def _bills(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    del session, run
    told = [each for each in progress.told if each.kind == "bills"]
    return _card(tr("Bill"), [text.body(each.message) for each in told[-_MOST:]]) if told else None


def _keys(session: Session, run: Run, progress: Progress) -> ft.Control | None:
    del progress
    if run.result is None or "links" not in run.result:
        return None
    count = int(run.result["links"])
    said = trn("{count} link has new keys", "{count} links have new keys", count)
    return _card(tr("Keys"), [_line("ok", said, "", session.appearance.palette)])


def _found(result: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    found = (result or {}).get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


_SHOWN: Final[dict[str, Callable[[Session, Run, Progress], ft.Control | None]]] = {
    "verify": _verify,
    "drift": _drift,
    "check-connection": _credentials,
    "refresh-prices": _prices,
    "bills": _bills,
    "rotate-keys": _keys,
}
