"""Uncertainty: which numbers of the workload nobody knows exactly, and what is found of thousands of workloads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import flet as ft

from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.schemas.uncertainty import UncertaintyInput, UncertaintyResult
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.busy import Busy
from twin2multicloud.app.ui.components import buttons, fields, states, text
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import varying
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded
from twin2multicloud.app.ui.proposal.study import study
from twin2multicloud.app.ui.proposal.sweep import DEFAULT, field_title
from twin2multicloud.app.ui.proposal.varying import Editing, Kind, Varied
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.fields import number_text
from twin2multicloud.model.uncertain import FIELDS

_FIELD_PX, _NARROW_FIELD_PX = 124, 108


@ft.component
def Uncertainty(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of it."""
    proposal = loaded.standing.proposal
    if proposal is None:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    return Asked(look, loaded, proposal)


@ft.component
def Asked(look: Look, loaded: Loaded, proposal: Proposed) -> ft.Control:  # noqa: N802
    """What is asked, and the answer to what the address asks."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    workload = proposal.workload or {}
    given = varying.read(look.vary)
    editing = use_made(
        lambda: Editing(given or [varying.usual(DEFAULT)], look.samples, workload), look.twin, look.vary, look.samples
    )
    busy = use_made(Busy)
    placed = loaded.standing.placed
    asked = varying.question(
        proposal, given, look.samples, None if placed is None else _plain(placed.model_dump(mode="json")["placement"])
    )
    answer: ft.Control
    if asked is None:
        answer = text.muted(tr("Nothing is calculated yet: say what is uncertain, and press Calculate."))
    else:
        answer = Answered(look, loaded, asked, busy)
    return ft.Column(
        [
            text.muted(
                tr(
                    "Thousands of workloads are drawn, each is optimized exactly under the same constraints and "
                    "overrides, and what may come of it is shown."
                )
            ),
            _rows(session, editing, workload),
            _below(session, look, editing, busy),
            answer,
        ],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _plain(placement: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        slot: {name: str(choice[name]) for name in ("provider", "offer", "region")}
        for slot, choice in placement.items()
    }


def _rows(session: Session, editing: Editing, workload: Mapping[str, Any]) -> ft.Control:
    rows: list[ft.Control] = [_row(session, editing, row, workload) for row in editing.rows]
    return ft.Column(rows, spacing=GAP, tight=True)


def _row(session: Session, editing: Editing, row: Varied, workload: Mapping[str, Any]) -> ft.Control:
    field = FIELDS[row.field]
    title = field_title(field)
    now = workload.get(row.field)
    said = figures.NONE if now is None else f"{number_text(float(now))} {tr(field.unit)}"
    parts: list[ft.Control] = [
        fields.choice(tr("How uncertain"), row.kind, _kinds(), partial(editing.kind, row.field), width=200),
        *_numbers(editing, row, session.viewport.narrow),
        buttons.icon(
            ft.Icons.CLOSE,
            tr("Take as certain"),
            partial(editing.remove, row.field),
            name=tr("Take as certain: {what}", what=title),
        ),
    ]
    inner: list[ft.Control] = [
        text.strong(tr("{what}, now {number}", what=title, number=said), size=13),
        ft.Row(parts, spacing=GAP, run_spacing=GAP, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER),
    ]
    if row.field in editing.problems:
        problem = text.body(editing.problems[row.field], color=session.appearance.palette.bad.strong, size=13)
        inner.append(text.named(f"problem-{row.field}", problem, live=True))
    return text.group(title, ft.Column(inner, spacing=6, tight=True))


def _kinds() -> dict[str, str]:
    return {"share": tr("give or take, in %"), "range": tr("from … to"), "triangle": tr("least, likely, most")}


def _numbers(editing: Editing, row: Varied, narrow: bool) -> list[ft.Control]:
    labels: Mapping[Kind, tuple[str, ...]] = {
        "share": (tr("Give or take"),),
        "range": (tr("From"), tr("To")),
        "triangle": (tr("Least"), tr("Most likely"), tr("Most")),
    }
    unit = "%" if row.kind == "share" else None
    return [
        ft.Container(
            fields.line(label, written, partial(editing.write, row.field, number), unit=unit),
            width=_NARROW_FIELD_PX if narrow else _FIELD_PX,
            key=f"{row.field}-{row.kind}-{number}",
        )
        for number, (label, written) in enumerate(zip(labels[row.kind], row.texts, strict=True))
    ]


def _below(session: Session, look: Look, editing: Editing, busy: Busy) -> ft.Control:
    def calculate() -> None:
        if editing.check():
            session.go(look.varying(varying.written(editing.rows), str(editing.samples)).path)

    width = None if session.viewport.narrow else 300
    more = {"": tr("choose a number"), **{name: field_title(FIELDS[name]) for name in editing.others}}
    samples = {str(each): figures.count(each) for each in sorted({*varying.SAMPLES, editing.samples})}
    return ft.Row(
        [
            fields.choice(tr("Also uncertain"), "", more, editing.add, width=width, key=f"more-{len(editing.rows)}"),
            fields.choice(tr("Workloads drawn"), str(editing.samples), samples, editing.sample, width=160),
            buttons.busy(tr("Calculating…"))
            if busy.now
            else buttons.main(tr("Calculate"), calculate if editing.rows else None, icon=ft.Icons.CASINO_OUTLINED),
        ],
        spacing=GAP,
        run_spacing=GAP,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


@ft.component
def Answered(look: Look, loaded: Loaded, asked: UncertaintyInput, busy: Busy) -> ft.Control:  # noqa: N802
    """The answer. While it is being calculated there is none: that of another question would be taken for it."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    question = f"{loaded.standing.price_book.hash} {asked.model_dump_json()}"

    async def ask() -> tuple[str, UncertaintyResult]:
        if question not in loaded.studies:
            answer = await busy.until(session.ask(lambda api: api.optimizer.uncertainty(asked)))
            loaded.studies.clear()
            loaded.studies[question] = answer
        return question, loaded.studies[question]

    found = use_remote(ask, question)
    if found.failure is not None:
        return states.failed(found.failure, found.refresh)
    if found.value is None or found.value[0] != question:
        said = tr(
            "{count} workloads are drawn and optimized. Go elsewhere, and nobody waits for it.",
            count=figures.count(asked.samples),
        )
        return states.working(said, id="uncertainty-progress")
    return study(session, look, loaded, found.value[1])
