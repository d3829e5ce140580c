"""Moving a slot of a deployed twin: from what a person says to a move that is made, resumed or aborted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol

import msgspec

from twin2multicloud.app.deploying.session import Session, run
from twin2multicloud.app.deploying.teller import Teller
from twin2multicloud.app.figures import assumptions_of, blueprint_at, workload_of
from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.deploying import PlanError
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.home import Home
from twin2multicloud.deployer.moving.driver import STATE, CloudsDriver, Stores
from twin2multicloud.deployer.moving.phases import Phases, moved
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.planned import planned_roles
from twin2multicloud.deployer.plans import StackPlan
from twin2multicloud.deployer.stacks import Stack, foundation_name
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.options import constraints_from_options
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.driver import DriverError
from twin2multicloud.moving.journal import Journal
from twin2multicloud.moving.move import Move
from twin2multicloud.moving.mover import Mover
from twin2multicloud.moving.steps import Progress, Report
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import PriceBook

_MOVES: Final = "moves/"
_JOURNAL: Final = "moves/current.ndjson"
_ENDED: Final = "moves/*-*.ndjson"
_BEFORE: Final = "moves/before.json"
_AFTER: Final = "moves/after.json"


def target_placement(there: Blueprint, before: Placement, slot: Slot, to: str, book: PriceBook) -> Placement:
    """The placement with one slot elsewhere: at the cheapest offer that `to` allows (`azure`, `azure/westeurope`, an
    offer's id, either with `@region`), all others where they are. Without a region it is the one of that cloud that
    the twin uses already, if there is one.
    """
    name, _, region = to.replace("/", "@").partition("@")
    there_now = before[slot]
    if name == there_now.provider.value and region in ("", there_now.region):
        raise UsageError(f"--to {to}: {slot.value} is there already, as {there_now}; name an offer to change that")
    others = {other: choice for other, choice in before.items() if other is not slot}
    used = [choice.region for choice in others.values() if choice.provider.value == name.split(".")[0]]
    region = region or (used[0] if used else "")
    pins = [f"{other.value}={choice.offer}@{choice.region}" for other, choice in others.items()]
    pins.append(f"{slot.value}={name}@{region}" if region else f"{slot.value}={name}")
    constraints = constraints_from_options(pins=pins, deployable_only=True)
    optimizer = BillOptimizer(book, constraints, assumptions_of(there))
    found = optimizer.optimize(workload_of(there)).placement
    if found[slot] == before[slot]:
        raise UsageError(f"--to {to}: {slot.value} is there already, as {before[slot]}")
    if not offer_by_id(found[slot].offer).deployable:
        raise UsageError(f"--to {to}: {found[slot].offer} cannot be deployed")
    return found


class After(msgspec.Struct, frozen=True):
    """What a move under way leads to, kept beside its journal."""

    settings: Settings
    blueprint: Blueprint
    placement: dict[str, Any]


class Hooks(Protocol):
    """What is no infrastructure, at two moments of a move."""

    def finish(self, deployment: Deployment, store: StateStore) -> None:
        """Wire a deployment as it is now."""

    def empty(self, deployment: Deployment, store: StateStore, slots: Sequence[Slot]) -> None:
        """Before these slots of a deployment are destroyed, remove what devices and twins have left there."""


class CloudsMove:
    """A move of one slot of the deployment in `home`. `stores` gives the ports of both ends."""

    def __init__(
        self,
        home: Home,
        teller: Teller,
        stores: Callable[[Phases, Session], Stores],
        hooks: Hooks,
        *,
        progress: Callable[[Progress], None] = lambda _progress: None,
        took: Callable[[str], None] = lambda _what: None,
        sleep: Callable[[float], None] = time.sleep,
        settled_s: float | None = None,
    ) -> None:
        self._home = home
        self._log = home.log(_JOURNAL)
        self._teller = teller
        self._stores = stores
        self._hooks = hooks
        self._progress = progress
        self._took = took
        self._sleep = sleep
        self._settled_s = settled_s

    def prepare(self, slot: Slot, placement: Placement, budgets_usd_per_month: Mapping[str, float]) -> Move:
        """Put down that a slot is to be moved to where a placement has it; `resume` then does it."""
        if self.under_way:
            raise UsageError("a move is under way; `move --resume` goes on with it, `move --abort` goes back")
        before = self._home.deployment()
        blueprint = blueprint_at(before.blueprint, placement)
        move = Move(slot, before.blueprint.places[slot], blueprint.places[slot])
        settings = msgspec.structs.replace(before.settings, budgets_usd_per_month=dict(budgets_usd_per_month))
        after = moved(before, move, Deployment(settings, before.spec, blueprint))
        self._keep(_BEFORE, before, self._home.placement())
        self._keep(_AFTER, after, placement.model_dump(mode="json"))
        self._home.documents.delete(STATE)  # of a move whose process was killed after it had ended
        Journal.begin(self._log, time.time, move, dict(before.blueprint.places))
        return move

    @property
    def under_way(self) -> bool:
        """Whether a move was begun and has not ended."""
        return bool(self._log.lines())

    def resume(self, at: Session) -> Report:
        """Go on with the move that was begun."""
        return self._end(self._mover(at, self._journal()).run())

    def abort(self, at: Session) -> Report:
        """Go back to where the slot was, with all that was written meanwhile."""
        return self._end(self._mover(at, self._journal()).abort())

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    def _journal(self) -> Journal:
        journal = Journal(self._log, time.time)
        if not journal.entries:
            raise UsageError("no move of this deployment is under way")
        return journal

    def _mover(self, at: Session, journal: Journal) -> Mover:
        phases = self._phases(journal.move)
        infrastructure = Infrastructure(self._home, at, self._teller, phases, self._hooks, self._read)
        driver = CloudsDriver(
            phases,
            infrastructure,
            self._stores(phases, at),
            self._home.documents,
            self._home.clock,
            self._settled_s,
        )
        return Mover(
            driver,
            journal,
            phases.before.spec,
            now=time.time,
            progress=self._progress,
            took=self._took,
            sleep=self._sleep,
        )

    def _phases(self, move: Move) -> Phases:
        return Phases(move, self._deployment(_BEFORE), self._deployment(_AFTER))

    def packages(self) -> tuple[Package, ...]:
        """The packages of both ends of the move under way."""
        found: dict[tuple[Provider, str], Package] = {}
        for name in (_BEFORE, _AFTER):
            if self._home.documents.read(name) is None:
                continue
            deployment = self._deployment(name)
            roles = planned_roles(deployment.blueprint, deployment.spec)
            for package in build_packages(roles, deployment.spec, self._home.processors()):
                found[package.cloud, package.role] = package
        return tuple(found.values())

    def _keep(self, name: str, deployment: Deployment, placement: Mapping[str, Any]) -> None:
        document = After(deployment.settings, deployment.blueprint, dict(placement))
        self._home.documents.write(name, msgspec.json.encode(document))

    def _read(self, name: str) -> After:
        content = self._home.documents.read(name)
        if content is None:
            raise UsageError(f"{name} is missing from {self._home.where}, so nobody knows what the move leads to")
        return msgspec.json.decode(content, type=After)

    def _deployment(self, name: str) -> Deployment:
        kept = self._read(name)
        return Deployment(kept.settings, self._home.spec(), kept.blueprint)

    def _end(self, report: Report) -> Report:
        documents = self._home.documents
        number = 1 + sum(1 for name in documents.names(_MOVES) if fnmatchcase(name, _ENDED))
        name = f"{_MOVES}{number:04}-{report.move.slot.value}{'-aborted' if report.aborted else ''}.ndjson"
        documents.rename(_JOURNAL, name)
        for each in (STATE, _AFTER, _BEFORE):
            documents.delete(each)
        return report


class Infrastructure:
    """The driver's `Infrastructure`: stacks by the deployer, and what is deployed by the home."""

    def __init__(
        self,
        home: Home,
        at: Session,
        teller: Teller,
        phases: Phases,
        hooks: Hooks,
        read: Callable[[str], After],
    ) -> None:
        self._home = home
        self._at = at
        self._teller = teller
        self._phases = phases
        self._hooks = hooks
        self._read = read

    def apply(self, deployment: Deployment, stacks: Sequence[Stack]) -> None:
        """As `moving.driver.Infrastructure.apply`. Slots that nobody has deployed yet are not begun by a move."""
        del deployment
        applied = self._home.applied()
        new = {self._phases.target_stack, foundation_name(self._phases.after.site(self._phases.move.slot))}
        self._bring_about([stack for stack in stacks if stack.name in applied or stack.name in new])

    def _bring_about(self, stacks: Sequence[Stack]) -> None:
        deployer = self._at.deployer
        try:
            plans: dict[str, StackPlan] = run(deployer, lambda: deployer.plan(stacks, {}))
        except PlanError as error:
            raise DriverError(str(error)) from error
        _check(self._teller, run(deployer, lambda: deployer.deploy(stacks, plans)))

    def destroy(self, deployment: Deployment, stacks: Sequence[Stack]) -> None:
        """As `moving.driver.Infrastructure.destroy`."""
        self._hooks.empty(deployment, self._at.store, [stack.slot for stack in stacks if stack.slot is not None])
        deployer, applied = self._at.deployer, self._home.applied()
        there = [stack for stack in stacks if stack.name in applied]
        # Stores are emptied by their services only if their stacks say so, which takes an apply of its own.
        emptied = [stack for stack in there if stack.slot is not None]
        if emptied:
            self._bring_about(emptied)
        _check(self._teller, run(deployer, lambda: deployer.destroy(there)))

    def finish(self, deployment: Deployment) -> None:
        """As `moving.driver.Infrastructure.finish`."""
        self._hooks.finish(deployment, self._at.store)

    def keep(self, deployment: Deployment) -> None:
        """As `moving.driver.Infrastructure.keep`."""
        at_target = deployment.blueprint == self._phases.after.blueprint
        kept = self._read(_AFTER if at_target else _BEFORE)
        self._home.write_settings(deployment.settings)
        self._home.write_twin(deployment.spec, deployment.blueprint, kept.placement, self._home.processors())


def _check(teller: Teller, outcomes: Mapping[str, StackOutcome]) -> None:
    failed = {name: outcome for name, outcome in outcomes.items() if not outcome.ok}
    if failed:
        teller.outcome(failed)
        raise DriverError(
            f"stacks that are not as they should be: {', '.join(failed)}. Nothing was undone; `move --resume` goes on, "
            "`move --abort` goes back"
        )
