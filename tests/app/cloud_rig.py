"""A twin in three clouds, with real stores of this machine (SQLite) and queues that keep what they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.app.backends import Site
from tests.finishing.rig import deployment
from twin2multicloud.app.db.tables import Stack
from twin2multicloud.app.services.cloud_twins import CloudTwin
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.deployment import Site as Place
from twin2multicloud.deployer.proof.world import Resource, World
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.failures import StoreError

SPREAD: Mapping[Slot, str] = {
    Slot.ACQUISITION: "aws", Slot.PROCESSING: "azure", Slot.HOT: "gcp", Slot.COOL: "gcp", Slot.ARCHIVE: "gcp",
    Slot.MANAGEMENT: "azure", Slot.VISUALIZATION: "aws",
}  # fmt: skip


@dataclass
class Queues:
    """The queues of a slot. `away`: why they take nothing."""

    taken: list[tuple[str, Event | RawMessage]] = field(default_factory=list)
    away: str = ""

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        self._take(topic, events)

    def publish_raw(self, topic: str, messages: Sequence[RawMessage]) -> None:
        self._take(topic, messages)

    def _take(self, topic: str, items: Sequence[Event | RawMessage]) -> None:
        if self.away:
            raise StoreError(self.away)
        self.taken += [(topic, each) for each in items]


class LocalPorts:
    """The stores of a place, on this machine. `away`: why they cannot be reached."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.away = ""

    @cached_property
    def _letters(self) -> LocalDeadLetters:
        return LocalDeadLetters(self._directory / "letters.db")

    @cached_property
    def _hot(self) -> LocalHotStore:
        return LocalHotStore(self._directory / "hot.db")

    @cached_property
    def _graph(self) -> LocalTwinGraph:
        return LocalTwinGraph(self._directory / "graph.db")

    def _there(self, port: Any) -> Any:
        if self.away:
            raise StoreError(self.away)
        return port

    @property
    def dead_letters(self) -> Any:
        return self._there(self._letters)

    @property
    def hot(self) -> Any:
        return self._there(self._hot)

    @property
    def graph(self) -> Any:
        return self._there(self._graph)

    def close(self) -> None:
        for name in ("_letters", "_hot", "_graph"):
            if name in vars(self):
                vars(self)[name].close()


class Clouds:
    """The clouds of one twin: what is reached there, and what its stacks made."""

    def __init__(self, directory: Path, placed: Mapping[Slot, str] | str = SPREAD) -> None:
        self.deployment: Deployment = deployment(placed)
        self.shared_ports = {
            site: LocalPorts(_made(directory / f"{site.provider.value}-{site.region}"))
            for site in self.deployment.sites
        }
        self.slot_ports = {slot: LocalPorts(_made(directory / slot.value)) for slot in SLOTS}
        self.slot_queues = {slot: Queues() for slot in SLOTS}
        self.outputs: dict[str, Any] = {foundation_name(site): {} for site in self.deployment.sites}
        self.outputs |= {slot_name(slot, 1): {} for slot in SLOTS}
        self.resources: list[Resource] = []
        self._describe()

    def _describe(self) -> None:
        """What the stacks put out and made, as far as it is looked at."""
        account, slot = "https://sqs.eu-central-1.amazonaws.com/1", "module.slot.module"
        insights = {"id": "/subscriptions/s/insights"}
        storage = {"storage_account_id": "/subscriptions/s/storageAccounts/l2host"}
        self.outputs["L1"] = {
            "queues": {
                "telemetry-outbox": {"url": f"{account}/t-outbox", "undelivered_url": f"{account}/t-outbox-undelivered"}
            }
        }
        self.outputs["L5"] = {"dashboards": {"url": "https://dashboards.example.org"}}
        rows: list[tuple[str, str, str, dict[str, Any]]] = [
            ("L1", f'{slot}.function["telemetry-sender"]', "aws_lambda_function", {"function_name": "t-sender"}),
            ("L2", f'{slot}.function["process"]', "azurerm_linux_function_app", {"name": "t-process"}),
            ("L2", f'{slot}.host[0].q["intake"]', "azurerm_storage_queue", {"name": "intake", **storage}),
            ("L3-hot", f'{slot}.f["persist-receiver"]', "google_cloudfunctions2_function", {"name": "t-persist"}),
        ]
        for site in self.deployment.sites:
            if site.provider is Provider.AZURE:
                rows.append((foundation_name(site), "module.slot", "azurerm_application_insights", insights))
            if site.provider is Provider.GCP:
                self.outputs[foundation_name(site)] = {"undelivered_queue": "projects/p/subscriptions/t-undelivered"}
        self.resources += [Resource(stack, f"{at}.{kind}.this", kind, facts) for stack, at, kind, facts in rows]

    def shared(self, site: Place) -> Any:
        return self.shared_ports[site]

    def slot(self, slot: Slot) -> Any:
        return self.slot_ports[slot]

    def queues(self, slot: Slot) -> Any:
        return self.slot_queues[slot]

    @contextmanager
    def open(self, _twin_id: str) -> Iterator[CloudTwin]:
        world = World(tuple(self.resources), tuple(self.outputs))
        yield CloudTwin(self.deployment, self.outputs, world, self, {})

    def deploy(self, here: Site, twin: str) -> None:
        """Have a twin's stacks known as applied."""
        with here.backend.database.write() as session:
            rows = [(foundation_name(site), "", site) for site in self.deployment.sites]
            rows += [(slot_name(slot, 1), slot.value, self.deployment.site(slot)) for slot in SLOTS]
            session.add_all(
                Stack(
                    twin_id=twin, target="clouds", name=name, slot=slot, site=str(site), fingerprint="x", whole=True,
                    applied_at=here.backend.now(),
                )
                for name, slot, site in rows
            )  # fmt: skip

    def close(self) -> None:
        for ports in (*self.shared_ports.values(), *self.slot_ports.values()):
            ports.close()


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory
