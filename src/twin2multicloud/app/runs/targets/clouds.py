"""Runs in the clouds, and their rehearsals with stand-in providers: Terraform in this process's children."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from twin2multicloud.app.deploying.clouds import Clouds
from twin2multicloud.app.deploying.desired import Desired, Wishes, deployed_before, desired
from twin2multicloud.app.deploying.moves import CloudsMove
from twin2multicloud.app.deploying.moving import clouds_move, wanted_move
from twin2multicloud.app.deploying.outcome_json import outcome_json
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.deploying.refusals import DeclinedError, NotDoneError
from twin2multicloud.app.deploying.session import session
from twin2multicloud.app.runs.targets.moving import Intended, agreed_move, asked_move, has_ended, planned_move
from twin2multicloud.app.runs.telling import MoveTeller
from twin2multicloud.app.runs.work import Planned, Work, WorkFailedError
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.prices import current
from twin2multicloud.deployer.credentials.environment import credentials_of
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.home import Home
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement


class CloudsTarget:
    """See `Target`. `offline`: rehearsed; nothing of any cloud is asked or made."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline

    def plan(self, work: Work) -> Planned:
        """As `Target.plan`."""
        home, clouds = self._clouds(work)
        if work.asked.kind == "move":
            return self._plan_move(work, home)
        if work.asked.kind == "destroy":
            # Shown and not agreed to: nothing is destroyed yet.
            try:
                clouds.destroy(work.asked.slots, discard_data=work.asked.discard_data)
            except DeclinedError:
                assert work.teller.plan_document is not None
                return Planned(work.teller.plan_document)
            return Planned(plan_json({}, 0.0), nothing=True)
        wanted = self._wanted(work, home)
        plans = clouds.plan(wanted, work.asked.slots, refresh=self._refresh(work))
        # Steps that follow Terraform are done again by a redeployment even where Terraform has nothing to do.
        nothing = work.asked.kind != "redeploy" and all(plan.nothing for plan in plans.values())
        return Planned(plan_json(plans, wanted.prices.usd_per_month), nothing=nothing)

    def apply(self, work: Work) -> dict[str, Any]:
        """As `Target.apply`."""
        home, clouds = self._clouds(work)
        does: dict[str, Callable[[], dict[str, Any]]] = {
            "deploy": lambda: self._deploy(work, home, clouds),
            "redeploy": lambda: self._deploy(work, home, clouds),
            "destroy": lambda: self._outcomes(
                lambda: clouds.destroy(work.asked.slots, discard_data=work.asked.discard_data)
            ),
            "move": lambda: self._move(work, home),
            "drift": lambda: self._drift(work, clouds),
            "rotate-keys": lambda: {"links": clouds.rotate_keys(at_once=work.asked.at_once)},
        }
        return does[work.asked.kind]()

    # ── Deploying ───────────────────────────────────────────────────────────────────────────────────────────
    def _deploy(self, work: Work, home: Home, clouds: Clouds) -> dict[str, Any]:
        wanted = self._wanted(work, home)
        return self._outcomes(lambda: clouds.deploy(wanted, work.asked.slots, refresh=self._refresh(work)))

    def _outcomes(self, act: Callable[[], dict[str, StackOutcome]]) -> dict[str, Any]:
        try:
            outcomes = act()
        except NotDoneError as error:
            raise WorkFailedError(str(error), {"stacks": _outcomes(error.outcomes)}) from error
        except DeclinedError as error:
            raise DeclinedError(
                "the plan is no longer the one that was agreed to, so nothing was done; ask for a new one"
            ) from error
        return {"stacks": _outcomes(outcomes)}

    def _wanted(self, work: Work, home: Home) -> Desired:
        book = current(work.backend).prices
        if work.asked.kind == "redeploy" and work.asked.version is None:
            return deployed_before(home, book)
        if work.placement is None:
            raise UsageError("this version of the twin has no placement; optimize it and take the proposal first")
        wishes = Wishes(
            work.placement,
            owner=work.asked.owner or work.person,
            users=tuple(work.asked.users),
            log_retention_days=work.asked.log_retention_days,
        )
        return desired(work.definition, wishes, home, book, offline=self._offline, environ=work.environment)

    def _refresh(self, work: Work) -> bool:
        return work.asked.refresh or work.asked.kind == "redeploy"

    def _drift(self, work: Work, clouds: Clouds) -> dict[str, Any]:
        found = clouds.drift()
        for each in found:
            if each.error:
                work.writer.write("drift", each.error, severity="error", stack=each.stack)
            for change in each.changes:
                told = f"{change.resource} was {'changed' if change.action == 'update' else 'removed'} by others"
                work.writer.write("drift", told, severity="warning", stack=each.stack)
        clean = all(not each.changes and not each.error for each in found)
        return {"clean": clean, "drift": [msgspec.to_builtins(each) for each in found]}

    # ── Moving ──────────────────────────────────────────────────────────────────────────────────────────────
    def _plan_move(self, work: Work, home: Home) -> Planned:
        under_way = self._moving(work, home).under_way
        return planned_move(work, under_way=under_way, intended=lambda: self._intended(work, home))

    def _intended(self, work: Work, home: Home) -> Intended:
        wanted = wanted_move(home, *asked_move(work), current(work.backend).prices)
        return Intended(wanted.estimate, wanted.placement, wanted.change_usd_per_month, wanted.budgets_usd_per_month)

    def _move(self, work: Work, home: Home) -> dict[str, Any]:
        moving = self._moving(work, home)
        with home.changing():
            if not moving.under_way:
                if has_ended(work, home.blueprint()):
                    return {"placement": home.placement()}
                placement, budgets = agreed_move(work, Placement.model_validate(home.placement()))
                moving.prepare(asked_move(work)[0], placement, budgets)
            with session(
                home,
                moving.packages(),
                "move",
                work.teller.event,
                offline=self._offline,
                credentials=partial(credentials_of, environ=work.environment),
                environ=work.environment,
            ) as at:
                report = moving.abort(at) if work.asked.abort else moving.resume(at)
        return {"report": msgspec.to_builtins(report), "placement": home.placement()}

    def _moving(self, work: Work, home: Home) -> CloudsMove:
        return clouds_move(
            home,
            work.teller,
            offline=self._offline,
            environ=work.environment,
            progress=MoveTeller(work.writer, work.backend.clock),
        )

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _clouds(self, work: Work) -> tuple[Home, Clouds]:
        home = home_of_twin(work.backend, work.twin_id, work.run.target)
        credentials = partial(credentials_of, environ=work.environment)
        return home, Clouds(home, work.teller, credentials, offline=self._offline, environ=work.environment)


def _outcomes(found: dict[str, StackOutcome] | Any) -> dict[str, Any]:
    return {name: outcome_json(each) for name, each in found.items()}
