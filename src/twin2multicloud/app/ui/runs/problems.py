"""What went wrong in a run, first of all: in the provider's words, what helps, and what exists now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flet as ft

from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui.components import cards, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, RADIUS

_HINT = "→ "
_MOST = 6


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong: whose words, and what helps."""

    words: str
    hint: str = ""

    @classmethod
    def read(cls, said: str) -> Failure:
        """From what an outcome tells: a last line with an arrow is what helps."""
        words, _, hint = said.rpartition(f"\n{_HINT}")
        return cls(words, hint) if words else cls(said)


@dataclass(frozen=True)
class Trouble:
    """A stack that was not done. `resources`: how many exist now, None if nobody could tell."""

    stack: str
    status: str
    reason: str
    failures: Sequence[Failure]
    resources: int | None
    retryable: bool


def troubles(result: Mapping[str, Any] | None) -> list[Trouble]:
    """The stacks that were not done; those that were not begun last."""
    stacks = (result or {}).get("stacks")
    if not isinstance(stacks, dict):
        return []
    found = [
        Trouble(
            name,
            str(each.get("status", "")),
            str(each.get("reason", "")),
            tuple(Failure.read(str(said)) for said in each.get("failures", ())),
            each.get("resources"),
            bool(each.get("retryable")),
        )
        for name, each in stacks.items()
        if each.get("status") != "done"
    ]
    return sorted(found, key=lambda each: each.status == "skipped")


def shown(session: Session, run: Run, names: Mapping[str, str], actions: Sequence[ft.Control]) -> ft.Control | None:
    """What went wrong; None where nothing did."""
    if run.status not in ("failed", "cancelled") or (
        run.status == "cancelled" and run.problem is None and not run.result
    ):
        return None
    palette = session.appearance.palette
    failed = run.status == "failed"
    color = palette.bad if failed else palette.warn
    parts: list[ft.Control] = []
    found = troubles(run.result)
    if run.problem and not any(each.failures for each in found):
        parts.append(text.body(_sentence(run.problem), selectable=True))
    parts += [_trouble(session, each, names) for each in found if each.status != "skipped"][:_MOST]
    skipped = [names.get(each.stack, each.stack) for each in found if each.status == "skipped"]
    if skipped:
        parts.append(text.muted(tr("Not begun: {slots}", slots=", ".join(skipped))))
    exists = (run.result or {}).get("exists")
    if isinstance(exists, list):
        named = ", ".join(names.get(str(each), str(each)) for each in exists)
        parts.append(text.body(tr("What exists now: {what}", what=named) if exists else tr("Nothing exists now.")))
    if any(each.retryable for each in found) and all(each.retryable for each in found if each.status == "failed"):
        parts.append(text.body(tr("All of this passes by itself: the same may well succeed in some minutes.")))
    if actions:
        parts.append(ft.Row(list(actions), wrap=True, spacing=GAP, run_spacing=GAP))
    title = tr("What went wrong") if failed else tr("It was cancelled")
    return text.named(
        "problems",
        ft.Container(
            ft.Column(
                [text.section(title, color=color.strong), *parts],
                spacing=GAP + 2,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            padding=14,
            bgcolor=color.soft,
            border_radius=RADIUS,
        ),
        live=True,
    )


def _trouble(session: Session, trouble: Trouble, names: Mapping[str, str]) -> ft.Control:
    palette = session.appearance.palette
    parts: list[ft.Control] = [text.strong(names.get(trouble.stack, trouble.stack))]
    if trouble.reason:
        parts.append(text.body(_sentence(trouble.reason)))
    for failure in trouble.failures[:_MOST]:
        parts.append(
            ft.Container(
                text.mono(failure.words, selectable=True),
                bgcolor=palette.card,
                border_radius=6,
                padding=8,
            )
        )
        if failure.hint:
            parts.append(
                cards.strip(
                    text.body(_sentence(failure.hint), selectable=True),
                    tint_soft=palette.accent.soft,
                    tint=palette.accent.strong,
                    icon=ft.Icons.LIGHTBULB_OUTLINE,
                )
            )
    if trouble.resources is None:
        parts.append(text.muted(tr("What exists could not be read.")))
    elif trouble.resources:
        parts.append(
            text.muted(trn("{count} resource of it exists now", "{count} resources of it exist now", trouble.resources))
        )
    else:
        parts.append(text.muted(tr("Nothing of it exists.")))
    return ft.Column(parts, spacing=5, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}"
