"""A run's screen: what it is, how far it is, what it would do or did, and its log."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import ForbiddenError, NotFoundError
from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.schemas.twins import Twin
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import fields, states, text
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.runs import access, header, moves_view, problems, results, words
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.runs.decision import Deciding
from twin2multicloud.app.ui.runs.log_state import Reading
from twin2multicloud.app.ui.runs.log_view import RunLog
from twin2multicloud.app.ui.runs.place import RunLook
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.progress import Progress
from twin2multicloud.app.ui.runs.stacks_view import Stacks
from twin2multicloud.app.ui.runs.strip import pieces, strip
from twin2multicloud.app.ui.runs.watching import NEWEST, Watching
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP


@dataclass(frozen=True)
class Found:
    """A run and its twin; None for a run of no twin, and where the twin is gone."""

    run: Run
    twin: Twin | None


def load(api: Client, run: str) -> Found:
    """What the screen shows beside events."""
    found = api.runs.get(run)
    if found.twin is None:
        return Found(found, None)
    try:
        return Found(found, api.twins.get(found.twin))
    except (NotFoundError, ForbiddenError):
        return Found(found, None)


@ft.component
def RunScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The screen."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    run = str(ft.use_route_params().get("run", ""))
    look = RunLook.read(run, Place.of(ft.context.page.route).query)
    found = use_remote(lambda: session.ask(lambda api: load(api, run)), run)
    watching: Watching = ft.use_memo(
        lambda: Watching(
            run,
            session.live.source,
            lambda: session.ask(lambda api: list(api.events.list(run=run, newest=True, limit=NEWEST))),
            found.refresh,
        ),
        [run],
    )
    reading: Reading = ft.use_memo(lambda: Reading(watching.log), [run])
    ft.use_effect(watching.begin, [run], watching.stop)
    shown = found.value
    compact = session.viewport.narrow and look.view == "log"
    if shown is None:
        return screen(
            session,
            [Crumb(tr("Twins"), places.TWINS), Crumb(tr("Run"))],
            states.shown(found, lambda _: ft.Container()),
            id="run",
        )
    return screen(
        session,
        _crumbs(shown),
        ft.Column(
            [*([] if compact else [header.Facts(shown.run)]), *_matter(session, shown, watching, reading, look)],
            spacing=GAP + 2,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        actions=[] if compact else [header.RunActions(shown.run, shown.twin, found.refresh)],
        fills=True,
        id="run",
    )


def _crumbs(found: Found) -> list[Crumb]:
    run, twin = found.run, found.twin
    name = tr("Run {number} · {kind}", number=run.number, kind=words.kind(run.kind))
    between = [Crumb(twin.name, places.twin(twin.id))] if twin is not None else [Crumb(tr("Runs"), places.runs())]
    return [Crumb(tr("Twins"), places.TWINS), *between, Crumb(name)]


def _matter(session: Session, found: Found, watching: Watching, reading: Reading, look: RunLook) -> list[ft.Control]:
    names = names_of(Plan.read(found.run.plan))
    log = RunLog(watching, reading, look, names)
    matter = ft.Column(
        [Matter(found, watching.progress, look)],
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    bar = Bar(found, watching.progress, look)
    if session.viewport.wide:
        row = ft.Row(
            [ft.Container(matter, expand=46), ft.Container(log, expand=54)],
            spacing=GAP + 4,
            expand=True,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        return [bar, row]
    tabs = fields.tabs(
        tr("Part of the run"),
        {"progress": tr("Progress"), "log": tr("Log")},
        look.view,
        lambda view: session.go(look.showing("log" if view == "log" else "progress").path),
    )
    if look.view == "log":
        lines = ft.Container(log, expand=True)
        return [tabs, lines] if session.viewport.narrow else [bar, tabs, lines]
    return [bar, tabs, matter]


def names_of(plan: Plan | None) -> dict[str, str]:
    """Stack → what it is called in the log and in lists."""
    if plan is None:
        return {}
    return {each.name: words.stack_short(each.name, each.slot, each.provider) for each in plan.stacks}


@ft.component
def Bar(found: Found, progress: Progress, look: RunLook) -> ft.Control:  # noqa: N802
    """How far it is, in a line."""
    session = use_session()
    use_store(progress)
    use_store(session.appearance)
    plan = progress.plan or Plan.read(found.run.plan)
    made = pieces(progress, plan)
    if not made:
        return ft.Container(height=0)

    def press(stack: str) -> None:
        chosen = "" if look.log.stack == stack else stack
        session.go(look.logging(stack=chosen).path)

    return strip(made, session.appearance.palette, look.log.stack, press)


@ft.component
def Matter(found: Found, progress: Progress, look: RunLook) -> ft.Control:  # noqa: N802
    """Problems first, then what is asked, then what it would do, does and did."""
    session = use_session()
    use_store(session.appearance)
    busy = use_made(Busy)
    run, twin = found.run, found.twin
    plan: Plan | None = ft.use_memo(lambda: Plan.read(run.plan), [run.plan is None, run.id])
    ft.use_effect(lambda: progress.take_plan(plan), [plan])
    parts: list[ft.Control] = []
    wrong = problems.shown(session, run, names_of(plan), header.repairs(session, run, twin, busy))
    if wrong is not None:
        parts.append(wrong)
    if busy.failure is not None:
        parts.append(states.failed(busy.failure))
    if run.status == "awaiting-approval" and plan is not None:
        parts.append(Deciding(run, plan, access.may_operate(session, twin, run.workspace)))
    told = moves_view.report(session, run.result) if run.kind == "move" else results.shown(session, run, progress)
    if told is not None:
        parts.append(told)
    if run.kind == "move":
        if run.status not in ("queued", "planning", "awaiting-approval", "declined"):
            parts.append(moves_view.Phases(progress, plan))
        estimate = moves_view.estimate(session, plan) if plan is not None else None
        if estimate is not None:
            parts.append(estimate)
    if plan is not None and plan.stacks:
        parts.append(Stacks(progress, plan, look.log.stack, lambda stack: session.go(look.logging(stack=stack).path)))
    if run.kind not in ("move",) and plan is not None and not plan.stacks:
        parts.append(states.nothing(tr("There is nothing to do"), icon=ft.Icons.CHECK_CIRCLE_OUTLINE))
    if not parts:
        parts.append(text.named("under-way", _waiting(run)))
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _waiting(run: Run) -> ft.Control:
    said = {
        "queued": tr("It begins as soon as somebody is free."),
        "planning": tr("It is being planned: nothing is made yet. The log tells what is looked at."),
        "applying": tr("It is under way; the log tells how it goes."),
    }.get(run.status)
    return (
        states.nothing(said, icon=ft.Icons.HOURGLASS_EMPTY)
        if said is not None
        else states.nothing(tr("Its log tells what it did"), icon=ft.Icons.ARTICLE_OUTLINED)
    )
