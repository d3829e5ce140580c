"""The screen that a twin is deployed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from twin2multicloud.app.schemas.runs import TwinKind
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, cards, states, text
from twin2multicloud.app.ui.deploy.accounts import Accounts
from twin2multicloud.app.ui.deploy.options import options
from twin2multicloud.app.ui.deploy.slots import layers
from twin2multicloud.app.ui.deploy.state import Facts, Options, load, target_of
from twin2multicloud.app.ui.deploy.targets import targets
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.runs import access, actions, words
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.runs.stacks_view import counts
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, columns, screen
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot

Ask = Callable[[TwinKind, Sequence[Slot]], None]
_NEWS = ("run.", "twin.", "connection.", "health.")


@ft.component
def DeployScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The screen."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    use_store(session.preferences)
    twin = str(ft.use_route_params().get("twin", ""))
    word = Place.of(ft.context.page.route).query.get("target", "")
    facts = use_remote(
        lambda: session.ask(lambda api: load(api, twin, target_of(word, None if word else api.twins.get(twin)))),
        twin,
        word,
        refresh_on=Wanted(_NEWS),
    )
    found = facts.value
    crumbs = [Crumb(tr("Twins"), places.TWINS)]
    if found is not None:
        crumbs.append(Crumb(found.twin.name, places.twin(found.twin.id)))
    return screen(
        session,
        [*crumbs, Crumb(tr("Deploy"))],
        states.shown(facts, lambda value: Deploying(value, facts.refresh), rows=8),
        id="deploy",
    )


@ft.component
def Deploying(facts: Facts, refresh: Callable[[], None]) -> ft.Control:  # noqa: N802
    """Where to, with what, and which slots."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    busy = use_made(Busy)
    given, set_given = ft.use_state(Options())
    tried, set_tried = ft.use_state(False)
    twin, target = facts.twin, facts.target
    may = access.may_operate(session, twin, twin.workspace)
    nobodys = facts.is_nobodys(session.me.email)
    problems = given.request("deploy", target, nobodys=nobodys).problems if tried else {}

    def choose(chosen: Target) -> None:
        session.go(places.deploy_to(twin.id, chosen))

    def ask(kind: TwinKind, slots: Sequence[Slot]) -> None:
        asked = given.request(kind, target, slots, nobodys=nobodys)
        set_tried(True)
        request = asked.request
        if request is None:
            return
        busy.act(session, kind, lambda: actions.start(session, twin.id, request))

    known = use_remote(lambda: session.ask(lambda api: api.runs.targets()))
    missing = {each.target: each.reason for each in known.value or () if each.reason}
    ready = may and facts.placed and facts.under_way is None and not busy.doing and target not in missing
    left: list[ft.Control] = [targets(session, twin, target, choose, missing)]
    if target == "clouds":
        left.append(Accounts(facts, refresh))
    owner = tr("as it is deployed") if facts.stacks else "" if nobodys else session.me.email
    left.append(options(facts, given, problems, set_given, owner))
    right: list[ft.Control] = []
    hindrance = _hindrance(session, facts, may)
    if hindrance is not None:
        right.append(hindrance)
    if busy.failure is not None:
        right.append(states.failed(busy.failure))
    right.append(_summary(session, facts, busy, ready, ask))
    right.append(layers(session, facts, (lambda slots: ask("deploy", slots)) if ready else None))
    return columns(session, left, right, ratio=50)


def _hindrance(session: Session, facts: Facts, may: bool) -> ft.Control | None:
    """Why nothing can be deployed now, and what to do about it."""
    palette, twin = session.appearance.palette, facts.twin
    if not may:
        return cards.strip(
            text.body(access.why_not(session)),
            tint_soft=palette.unknown.soft,
            tint=palette.unknown.strong,
            icon=ft.Icons.LOCK_OUTLINE,
        )
    run = facts.under_way
    if run is not None:
        said = tr(
            "Run {number} ({kind}) has the twin to itself: {status}.",
            number=run.number,
            kind=words.kind(run.kind),
            status=badges.run_word(run.status),
        )
        go = buttons.quiet(tr("Look at it"), lambda: session.go(places.run(run.id)))
        return cards.strip(
            ft.Row([ft.Container(text.body(said), expand=True), go]),
            tint_soft=palette.accent.soft,
            tint=palette.accent.strong,
            icon=ft.Icons.HOURGLASS_TOP,
        )
    if not facts.placed:
        go = buttons.quiet(tr("Find its placement"), lambda: session.go(places.proposal(twin.id)))
        return cards.strip(
            ft.Row(
                [
                    ft.Container(
                        text.body(tr("Its slots have no places yet, so there is nothing to build.")), expand=True
                    ),
                    go,
                ]
            ),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.ROUTE,
        )
    if facts.moving:
        return cards.strip(
            ft.Row(
                [
                    ft.Container(text.body(tr("A move stopped half-way: {what}.", what=facts.moving)), expand=True),
                    buttons.quiet(tr("Go on"), lambda: actions.resume_move(session, twin, facts.target)),
                    buttons.quiet(tr("Go back"), lambda: actions.abort_move(session, twin, facts.target)),
                ]
            ),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.MOVE_UP,
        )
    if facts.target == "clouds" and facts.missing:
        names = ", ".join(each.label for each in facts.missing)
        return cards.strip(
            text.body(
                tr(
                    "No account is chosen for {clouds}. Locally, those of this machine's environment are used then.",
                    clouds=names,
                )
            ),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.KEY_OFF,
        )
    return None


def _summary(session: Session, facts: Facts, busy: Busy, ready: bool, ask: Ask) -> ft.Control:
    palette, plan, run, twin = session.appearance.palette, facts.fresh_plan, facts.plan, facts.twin
    cost = plan.usd_per_month if plan is not None and plan.usd_per_month else twin.usd_per_month
    there = any(facts.stacks)
    said: list[ft.Control] = [
        text.figure(figures.per_month(cost, session.currency), size=24, weight=ft.FontWeight.W_600),
        text.muted(
            tr("estimate for the whole twin in the clouds; here it costs nothing")
            if facts.target != "clouds"
            else tr("estimate for the whole twin")
        ),
    ]
    if run is not None:
        when = figures.since(run.ended_at or run.created_at, session.now())
        told: list[ft.Control] = [badges.run(run.status, palette), text.muted(tr("planned {when}", when=when))]
        if plan is not None:
            told.insert(0, counts(plan, palette))
        told.append(buttons.quiet(tr("See the plan"), lambda: session.go(places.run(run.id))))
        said.append(ft.Row(told, wrap=True, spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER))
    else:
        said.append(text.muted(tr("Not planned yet in this version.")))
    doing = busy.doing
    acts: list[ft.Control] = [
        buttons.main(
            tr("Asking …") if doing == "deploy" else tr("Deploy everything"),
            (lambda: ask("deploy", ())) if ready else None,
            icon=ft.Icons.ROCKET_LAUNCH,
        ),
        buttons.other(
            tr("Asking …") if doing == "plan" else tr("Plan only"),
            (lambda: ask("plan", ())) if ready or (facts.under_way is not None and facts.placed) else None,
            icon=ft.Icons.CHECKLIST,
        ),
    ]
    if there:
        acts.append(
            buttons.other(
                tr("Redeploy"),
                (lambda: actions.redeploy(session, twin, facts.target)) if ready else None,
                icon=ft.Icons.REPLAY,
            )
        )
        acts.append(
            buttons.quiet(
                tr("Destroy …"),
                (lambda: actions.destroy(session, twin, facts.target)) if ready else None,
                icon=ft.Icons.DELETE_OUTLINE,
            )
        )
    said.append(ft.Row(acts, wrap=True, spacing=GAP, run_spacing=GAP))
    said.append(text.muted(tr("You see the plan before anything is built, and agree to it or not.")))
    return cards.card(ft.Column(said, spacing=GAP, tight=True), title=words.target(facts.target), id="summary")
