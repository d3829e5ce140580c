"""Plan, deploy, destroy, status and drift of a twin in the clouds, or rehearsed with stand-in providers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twin2multicloud.app.deploying.desired import Desired
from twin2multicloud.app.deploying.exporting import write_infrastructure
from twin2multicloud.app.deploying.finishing import Finisher
from twin2multicloud.app.deploying.holdings import holdings
from twin2multicloud.app.deploying.refusals import DeclinedError, HoldsDataError, NotDoneError
from twin2multicloud.app.deploying.session import Session, extra, packages_cache, run, session
from twin2multicloud.app.deploying.teller import Teller
from twin2multicloud.deployer.deploying import Drift
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.finishing.planned import Moment
from twin2multicloud.deployer.home import Applied, Home
from twin2multicloud.deployer.names import new_uid
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.planned import planned_roles
from twin2multicloud.deployer.plans import StackPlan
from twin2multicloud.deployer.proof.findings import Finding
from twin2multicloud.deployer.proof.prove import prove
from twin2multicloud.deployer.proof.world import read_world
from twin2multicloud.deployer.stacks import Stack, stacks_of
from twin2multicloud.deployer.state.records import StateLock
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot

Credentials = Callable[[Provider], Mapping[str, str]]


@dataclass(frozen=True)
class StackStatus:
    """A stack as it is known: how many resources its state lists, when it was applied, who works on it."""

    name: str
    slot: str
    site: str
    applied: Applied | None
    resources: int
    lock: StateLock | None
    outputs: Mapping[str, Any]


class Clouds:
    """One deployment's commands."""

    def __init__(
        self,
        home: Home,
        teller: Teller,
        credentials: Credentials,
        *,
        offline: bool,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.home = home
        self._teller = teller
        self._credentials = credentials
        self._offline = offline
        self._environ = environ
        self._finisher = Finisher(home, teller, offline=offline, environ=environ)

    # ── Commands ────────────────────────────────────────────────────────────────────────────────────────────
    def plan(self, wanted: Desired, slots: Sequence[Slot] = (), *, refresh: bool = False) -> dict[str, StackPlan]:
        """What a deployment would do. The names it would use are kept for it."""
        settings = wanted.deployment.settings
        if not self.home.exists or self.home.settings().twin != settings.twin:
            self.home.write_settings(settings)
        with self._session("plan", wanted.packages) as at:
            stacks = stacks_of(wanted.deployment)
            chosen = choose(stacks, slots)
            self._tell_left_out(at, stacks, chosen)
            plans = run(at.deployer, lambda: at.deployer.plan(chosen, wanted.prices.components, refresh=refresh))
        self._teller.plan(plans, wanted.prices.usd_per_month)
        return plans

    def deploy(
        self, wanted: Desired, slots: Sequence[Slot] = (), *, yes: bool = False, refresh: bool = False
    ) -> dict[str, StackOutcome]:
        """Do what a plan shows, once it is agreed to. Raises `NotDoneError` where not all of it could be done."""
        with self.home.changing(), self._session("deploy", wanted.packages) as at:
            self.home.write_settings(wanted.deployment.settings)
            stacks = stacks_of(wanted.deployment)
            chosen = choose(stacks, slots)
            self._tell_left_out(at, stacks, chosen)
            plans = run(at.deployer, lambda: at.deployer.plan(chosen, wanted.prices.components, refresh=refresh))
            self._teller.plan(plans, wanted.prices.usd_per_month)
            if all(plan.nothing for plan in plans.values()):
                self._teller.say("nothing to do: everything is as planned")
            elif not yes and not self._teller.agreed("Deploy this?", "yes"):
                raise DeclinedError("not agreed to, so nothing was done")
            self.home.write_twin(wanted.spec, wanted.blueprint, wanted.placement_json, wanted.processors)
            # Secrets come between the foundations, which have the places for them, and what reads them at its start.
            outcomes: dict[str, StackOutcome] = {}
            for part, moment in ((_foundations(plans), Moment.FOUNDATIONS), (_slots(plans), Moment.STACKS)):
                agreed = part
                outcomes |= run(at.deployer, lambda: at.deployer.deploy(stacks, agreed))  # noqa: B023 - run at once
                if any(not outcome.ok for outcome in outcomes.values()):
                    break
                self._finisher.finish(wanted.deployment, at.store, moment)
        return self._ended(outcomes)

    def destroy(
        self, slots: Sequence[Slot] = (), *, yes: bool = False, discard_data: bool = False
    ) -> dict[str, StackOutcome]:
        """Destroy what exists, of some slots or of the whole twin, once its name was typed."""
        deployment = replace(self.home.deployment(), discard=discard_data)
        with self.home.changing(), self._session("destroy", _packages(self.home, deployment)) as at:
            existing = existing_stacks(deployment, self.home, at)
            chosen = [stack for stack in existing if not slots or stack.slot in slots]
            if not chosen:
                self._teller.say("nothing to destroy: nothing exists")
                return {}
            gone = [stack.slot for stack in chosen if stack.slot is not None]
            if not discard_data and not self._offline:
                _check_empty(deployment, self.home.outputs(at.store), gone, self._environ)
            plans = run(at.deployer, lambda: at.deployer.plan(chosen, {}, destroy=True))
            self._teller.plan(plans, 0.0)
            name = deployment.settings.twin
            what = ", ".join(slot.value for slot in slots) if slots else "all of it"
            if not yes and not self._teller.agreed(f"Destroy {what}? Type the twin's name ({name})", name):
                raise DeclinedError("not confirmed, so nothing was destroyed")
            self._finisher.leave(deployment, at.store, gone)
            outcomes = run(at.deployer, lambda: at.deployer.destroy(chosen))
            if not existing_stacks(deployment, self.home, at):
                self.home.forget_twin(new_uid())
        return self._ended(outcomes)

    def rotate_keys(self, *, at_once: bool = False) -> int:
        """Replace the key of every link while all runs; how many."""
        with self.home.changing(), self.home.store() as store:
            return self._finisher.rotate(self.home.deployment(), store, at_once=at_once)

    def export(self, wanted: Desired, directory: Path) -> list[Stack]:
        """Write the infrastructure code of all stacks, with scripts and a README, into an empty directory."""
        if directory.exists() and any(directory.iterdir()):
            raise UsageError(f"--out: {directory} is not empty; name a directory that is, or is not there yet")
        with self.home.store() as store:
            outputs = self.home.outputs(store)
        packages = None if self._offline else packages_cache(self._environ)
        return write_infrastructure(wanted, directory, outputs, packages)

    def drift(self) -> list[Drift]:
        """What others did to what was deployed."""
        deployment = self.home.deployment()
        with self._session("drift", _packages(self.home, deployment)) as at:
            existing = existing_stacks(deployment, self.home, at)
            return run(at.deployer, lambda: at.deployer.drift(existing))

    def prove(self) -> tuple[Finding, ...]:
        """What is wrong with how the deployment is wired, by the states of its stacks and the links documents."""
        deployment = self.home.deployment()
        with self.home.store() as store:
            contents = {name: store.content(name) for name in self.home.applied()}
            documents = self._finisher.documents(deployment, store)
        packages = {(each.cloud, each.role): each.sha256 for each in _packages(self.home, deployment)}
        return prove(deployment, read_world(contents), documents, packages)

    def status(self) -> list[StackStatus]:
        """What is known of every stack, without asking any cloud."""
        deployment = self.home.deployment()
        applied = self.home.applied()
        with self.home.store() as store:
            outputs = self.home.outputs(store)
            found = []
            for stack in stacks_of(deployment):
                current = store.current(stack.name)
                found.append(
                    StackStatus(
                        stack.name,
                        "" if stack.slot is None else stack.slot.value,
                        str(stack.site),
                        applied.get(stack.name),
                        0 if current is None else current.resources or 0,
                        store.lock_of(stack.name),
                        outputs.get(stack.name, {}),
                    )
                )
        return found

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _session(self, what: str, packages: Sequence[Package]) -> AbstractContextManager[Session]:
        return session(
            self.home,
            packages,
            what,
            self._teller.event,
            offline=self._offline,
            credentials=self._credentials,
            environ=self._environ,
        )

    def _tell_left_out(self, at: Session, stacks: Sequence[Stack], chosen: Sequence[Stack]) -> None:
        """Slots that are there and would change, too, but were not chosen: their links may not be as they should."""
        stale = at.deployer.stale([stack for stack in stacks if stack not in chosen])
        if stale:
            told = ", ".join(stack.name for stack in stale)
            self._teller.say(f"left as they were, though they would change, too: {told}; deploy them as well")

    def _ended(self, outcomes: dict[str, StackOutcome]) -> dict[str, StackOutcome]:
        self._teller.outcome(outcomes)
        if not all(outcome.ok for outcome in outcomes.values()):
            raise NotDoneError(outcomes)
        return outcomes


def choose(stacks: Sequence[Stack], slots: Sequence[Slot]) -> list[Stack]:
    """The stacks of some slots with the foundations they stand on; of no slots: all. A stack whose outputs one of
    them takes comes along.
    """
    if not slots:
        return list(stacks)
    by_name = {stack.name: stack for stack in stacks}
    wanted = [stack for stack in stacks if stack.slot in slots]
    if not wanted:
        raise UsageError(f"no stack is of {', '.join(slot.value for slot in slots)}")
    sites = {stack.site for stack in wanted}
    names = {stack.name for stack in stacks if stack.slot is None and stack.site in sites}
    waiting = list(wanted)
    while waiting:
        stack = waiting.pop()
        names.add(stack.name)
        waiting += [by_name[up.stack] for up in stack.upstream.values() if up.stack not in names]
    return [stack for stack in stacks if stack.name in names]


def existing_stacks(deployment: Deployment, home: Home, at: Session) -> list[Stack]:
    """Stacks of which something exists: noted as applied, or with resources in their state."""
    noted = home.applied()

    def exists(stack: Stack) -> bool:
        current = at.store.current(stack.name)
        return stack.name in noted or (current is not None and bool(current.resources))

    return [stack for stack in stacks_of(deployment) if exists(stack)]


def _foundations(plans: Mapping[str, StackPlan]) -> dict[str, StackPlan]:
    return {name: plan for name, plan in plans.items() if plan.stack.slot is None}


def _slots(plans: Mapping[str, StackPlan]) -> dict[str, StackPlan]:
    return {name: plan for name, plan in plans.items() if plan.stack.slot is not None}


def _check_empty(
    deployment: Deployment, outputs: Mapping[str, Any], slots: Sequence[Slot], environ: Mapping[str, str]
) -> None:
    with extra("deploy,aws,azure,gcp"):
        held = holdings(deployment, outputs, slots, environ)
    if held:
        told = "; ".join(f"{slot.value}: {what}" for slot, what in held.items())
        raise HoldsDataError(f"stores hold data ({told}); --discard-data destroys them with it")


def _packages(home: Home, deployment: Deployment) -> tuple[Package, ...]:
    roles = planned_roles(deployment.blueprint, deployment.spec)
    return tuple(build_packages(roles, deployment.spec, home.processors()))
