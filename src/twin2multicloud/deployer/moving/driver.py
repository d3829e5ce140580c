"""The driver of moves for twins in the clouds: every change is an apply of stacks whose inputs changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.documents import Documents
from twin2multicloud.deployer.moving.phases import MoveState, Phases, state_with
from twin2multicloud.deployer.stacks import Stack, stacks_of
from twin2multicloud.moving.driver import DriverError, Hold
from twin2multicloud.moving.move import Move, Places, Store
from twin2multicloud.runtime.ports import Clock, DeadLetters, HotStore, ObjectStore, RuleStates, TwinGraph

STATE: Final = "moves/driver.json"
"""The document of what has been brought about of the move under way."""
SETTLED_S: Final = 90.0
"""How long after writers were held what they had begun has ended for certain: a function's time-out, and some."""


class Infrastructure(Protocol):
    """What the driver has done to stacks and what follows them."""

    def apply(self, deployment: Deployment, stacks: Sequence[Stack]) -> None:
        """Bring these stacks about, those whose inputs changed. Raises `DriverError`."""

    def destroy(self, deployment: Deployment, stacks: Sequence[Stack]) -> None:
        """Destroy these stacks of a deployment, with what devices and twins have left there. Raises `DriverError`;
        nothing that could not be destroyed is forgotten.
        """

    def finish(self, deployment: Deployment) -> None:
        """Wire the deployment as it is now: links documents, registered devices, dashboards."""

    def keep(self, deployment: Deployment) -> None:
        """From now on this is what is deployed."""


class Stores(Protocol):
    """Ports of stores at either end of a move."""

    def hot(self, store: Store) -> HotStore:
        """A hot store."""

    def objects(self, store: Store) -> ObjectStore:
        """A bucket."""

    def graph(self, store: Store) -> TwinGraph:
        """A twin graph."""

    def letters(self, store: Store) -> DeadLetters:
        """A dead-letter store."""

    def states(self, store: Store) -> RuleStates:
        """A store of rule states."""


class CloudsDriver:
    """`moving.Driver` for one move of a deployed twin. What has been brought about so far is one of its `documents`."""

    def __init__(
        self,
        phases: Phases,
        infrastructure: Infrastructure,
        stores: Stores,
        documents: Documents,
        clock: Clock,
        settled_s: float | None = None,
    ) -> None:
        self._phases = phases
        self._infrastructure = infrastructure
        self._stores = stores
        self._documents = documents
        self._clock = clock
        self._settled_s = SETTLED_S if settled_s is None else settled_s

    @property
    def places(self) -> Places:
        """As `Driver.places`."""
        return self._phases.now(self._state).blueprint.places

    def build(self, move: Move) -> None:
        """As `Driver.build`. The target's movers and lifecycle rules are off from the beginning."""
        self._check(move)
        state = msgspec.structs.replace(self._state, removers=True)
        self._infrastructure.apply(self._phases.after, self._phases.target(state))

    def hold(self, move: Move, who: Hold) -> None:
        """As `Driver.hold`."""
        self._check(move)
        self._to(state_with(self._state, who, True, self._clock.now()))

    def under_way(self, move: Move) -> int:
        """As `Driver.under_way`: 1 while functions may still run. What queues hold is not asked."""
        self._check(move)
        return int(self._clock.now() - self._state.writers_since < self._settled_s)

    def carry(self, move: Move) -> int:
        """As `Driver.carry`: commands that wait are kept by the cloud's own service and expire; nothing is carried."""
        self._check(move)
        return 0

    def cut_over(self, move: Move) -> None:
        """As `Driver.cut_over`."""
        self._check(move)
        state = msgspec.structs.replace(self._state, cut=move == self._phases.move)
        # What is deployed is kept first: whoever comes after a crash finds the new placement and applies it.
        self._infrastructure.keep(self._phases.now(state))
        self._to(state)
        self._infrastructure.finish(self._phases.now(state))

    def release(self, move: Move, who: Hold) -> None:
        """As `Driver.release`."""
        self._check(move)
        self._to(state_with(self._state, who, False, self._clock.now()))

    def destroy(self, move: Move, place: Place) -> None:
        """As `Driver.destroy`."""
        self._check(move)
        left = self._phases.before if place == self._phases.move.source else self._phases.after
        self._infrastructure.destroy(left, self._phases.leaving(place))
        self._infrastructure.finish(self._phases.now(self._state))

    # ── Stores ──────────────────────────────────────────────────────────────────────────────────────────────
    def hot(self, store: Store) -> HotStore:
        """As `Driver.hot`."""
        return self._stores.hot(store)

    def objects(self, store: Store) -> ObjectStore:
        """As `Driver.objects`."""
        return self._stores.objects(store)

    def graph(self, store: Store) -> TwinGraph:
        """As `Driver.graph`."""
        return self._stores.graph(store)

    def letters(self, store: Store) -> DeadLetters:
        """As `Driver.letters`."""
        return self._stores.letters(store)

    def states(self, store: Store) -> RuleStates:
        """As `Driver.states`."""
        return self._stores.states(store)

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    @property
    def _state(self) -> MoveState:
        content = self._documents.read(STATE)
        return MoveState() if content is None else msgspec.json.decode(content, type=MoveState)

    def _to(self, state: MoveState) -> None:
        """Note the state, then bring it about: repeated after a crash, it comes to the same."""
        self._documents.write(STATE, msgspec.json.encode(state))
        deployment = self._phases.now(state)
        self._infrastructure.apply(deployment, stacks_of(deployment))

    def _check(self, move: Move) -> None:
        if move not in (self._phases.move, self._phases.move.back):
            raise DriverError(f"this driver moves {self._phases.move}, not {move}")
