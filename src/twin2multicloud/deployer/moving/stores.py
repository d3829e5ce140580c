"""The stores at either end of a move, reached from the deployer's machine through the runtime's own adapters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.places import DeployedPlaces
from twin2multicloud.deployer.moving.phases import Phases
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.driver import DriverError
from twin2multicloud.moving.move import Store
from twin2multicloud.runtime.entry.roles import Ports
from twin2multicloud.runtime.ports import DeadLetters, HotStore, ObjectStore, RuleStates, TwinGraph


class CloudStores:
    """`Stores` of a move between two deployments. `places_of` opens a deployment's stores when first asked for one,
    which is once they exist. `close` ends their connections.
    """

    def __init__(self, phases: Phases, places_of: Callable[[Deployment], DeployedPlaces]) -> None:
        self._ends = (phases.before, phases.after)
        self._places_of = places_of
        self._opened: dict[int, DeployedPlaces] = {}
        self._closing = ExitStack()

    def close(self) -> None:
        """End threads and connections."""
        self._closing.close()

    def hot(self, store: Store) -> HotStore:
        """As `Stores.hot`."""
        return self._slot(store).hot

    def objects(self, store: Store) -> ObjectStore:
        """As `Stores.objects`."""
        ports = self._slot(store)
        return ports.cool if store.owner is Slot.COOL else ports.archive

    def graph(self, store: Store) -> TwinGraph:
        """As `Stores.graph`."""
        return self._slot(store).graph

    def letters(self, store: Store) -> DeadLetters:
        """As `Stores.letters`."""
        return self._shared(store.place).dead_letters

    def states(self, store: Store) -> RuleStates:
        """As `Stores.states`."""
        return self._shared(store.place).rule_states

    def _slot(self, store: Store) -> Ports:
        for number, deployment in enumerate(self._ends):
            if deployment.blueprint.places[store.owner] == store.place:
                return self._places(number).slot(store.owner)
        raise DriverError(f"{store.owner.value} is not at {store.place.provider.value} in this move")

    def _shared(self, place: Place) -> Ports:
        site = Site(place.provider, place.region)
        number = 0 if site in self._ends[0].sites else 1
        return self._places(number).shared(site)

    def _places(self, number: int) -> DeployedPlaces:
        if number not in self._opened:
            self._opened[number] = self._places_of(self._ends[number])
            self._closing.callback(self._opened[number].close)
        return self._opened[number]
