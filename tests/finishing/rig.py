"""Deployments as they are after Terraform: their outputs, and a real secret store (SQLite) for each site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.sandbox.twins import REGIONS, placement_of, small_twin
from twin2multicloud.blueprint.plan import blueprint_of
from twin2multicloud.deployer.deployment import Deployment, Settings, Site
from twin2multicloud.deployer.finishing.progress import StepProgress
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import Rule, TwinSpec, WebhookAction
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets

SETTINGS = Settings("test-house", "k3x9f", "owner@example.org")
OTHER_REGIONS = {Provider.AWS: "us-east-1", Provider.AZURE: "northeurope", Provider.GCP: "us-central1"}
WEBHOOK = Rule("hot", "meter", "temperature > 90", actions=(WebhookAction("https://example.org/hook", "hook-key"),))

WORKSPACE = "house"
"""What L4's workspace is called where L4 is IoT TwinMaker."""


def deployment(
    clouds: Mapping[Slot, str] | str,
    *,
    elsewhere: Iterable[Slot] = (),
    offers: Mapping[Slot, str] | None = None,
    spec: TwinSpec | None = None,
    generations: Mapping[Slot, int] | None = None,
) -> Deployment:
    """A twin at a placement; the slots `elsewhere` are in another region of their cloud."""
    twin, workload = small_twin(5, rules=(WEBHOOK,))
    choices = dict(placement_of(clouds, offers).root)
    for slot in elsewhere:
        at = choices[slot]
        choices[slot] = SlotChoice(provider=at.provider, offer=at.offer, region=OTHER_REGIONS[at.provider])
    counted = {slot.value: number for slot, number in (generations or {}).items()}
    settings = SETTINGS if not counted else Settings("test-house", "k3x9f", "owner@example.org", generations=counted)
    return Deployment(settings, spec or twin, blueprint_of(workload, Placement(choices)))


def outputs_of(deployed: Deployment, slots: Iterable[Slot] = SLOTS) -> dict[str, Any]:
    """What the stacks of these slots put out, with their sites' foundations."""
    found: dict[str, Any] = {}
    for slot in slots:
        found.setdefault(foundation_name(deployed.site(slot)), {"secrets": {}, "state": {}})
        generation = deployed.generation(slot)
        urls = {
            function.component: f"https://{function.component}.{generation}.{deployed.site(slot).region}.test/"
            for function in functions_of(deployed.blueprint, deployed.spec, slot)
            if function.public
        }
        twinmaker = deployed.blueprint.places[slot].offer.startswith("aws.twinmaker")
        stores = {"twinmaker_workspace": WORKSPACE} if twinmaker else {}
        found[slot_name(slot, generation)] = {"urls": urls, "stores": stores}
    return found


class Stores:
    """A secret store for every site, and how often each was written to."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stores: dict[Site, CountingSecrets] = {}

    def __call__(self, site: Site) -> CountingSecrets:
        if site not in self._stores:
            self._stores[site] = CountingSecrets(self._directory / f"{site.provider.value}-{site.region}.db")
        return self._stores[site]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(str(site), name) for site, store in self._stores.items() for name in store.written]

    def forget_writes(self) -> None:
        for store in self._stores.values():
            store.written.clear()

    def close(self) -> None:
        for store in self._stores.values():
            store.close()


class CountingSecrets(LocalSecrets):
    """The sandbox's store, which also notes what is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written: list[str] = []

    def put(self, name: str, value: str) -> None:
        self.written.append(name)
        super().put(name, value)


class Told:
    """What steps reported."""

    def __init__(self) -> None:
        self.all: list[StepProgress] = []

    def __call__(self, progress: StepProgress) -> None:
        self.all.append(progress)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.all]


__all__ = ["REGIONS", "Stores", "Told", "deployment", "outputs_of"]
