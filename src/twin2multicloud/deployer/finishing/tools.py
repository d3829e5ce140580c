"""What the steps reach the clouds with: clients signed in as the person who deploys, made when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.grafana.client import Grafana
from twin2multicloud.deployer.finishing.grafana.sign_in import with_entra, with_password, with_workspace_token
from twin2multicloud.deployer.finishing.places import DeployedPlaces, Outputs
from twin2multicloud.deployer.finishing.secrets import own_grafana
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.ports import Secrets, TwinGraph

if TYPE_CHECKING:
    from twin2multicloud.deployer.credentials.arm import Arm
    from twin2multicloud.deployer.finishing.device_topics import DeviceTopicsMaker
    from twin2multicloud.deployer.finishing.hub_registry import HubRegistry, KeyOf


class Tools(Protocol):
    """What the steps need. Each of them asks only for what its cloud has."""

    def secrets(self, site: Site) -> Secrets:
        """The secret store of a site."""

    def graph(self) -> TwinGraph:
        """The twin graph."""

    def hub(self, host: str, key_of: KeyOf | None) -> HubRegistry:
        """An IoT Hub's registry; without `key_of` devices show certificates."""

    def arm(self) -> Arm:
        """Azure's Resource Manager."""

    def aws(self, site: Site, service: str) -> Any:
        """boto3's client of a service at a site of AWS."""

    def topics(self, devices: Mapping[str, Any]) -> DeviceTopicsMaker:
        """Maker of the command topics that the output `devices` of L1 describes."""

    def grafana(self, dashboards: Mapping[str, Any]) -> Any:
        """A context manager of a `Grafana` that is signed in at, of the output `dashboards` of L5."""


class CloudTools:
    """`Tools` of a deployment whose stacks have these outputs. `environ` signs in, as the clouds' own tools take it."""

    def __init__(self, deployment: Deployment, outputs: Outputs, environ: Mapping[str, str]) -> None:
        self._deployment = deployment
        self._environ = environ
        self._closing = ExitStack()
        self._sign_in = SignIn(environ)
        self._closing.callback(self._sign_in.close)
        self._places = DeployedPlaces(deployment, outputs, environ, sign_in=self._sign_in)
        self._closing.callback(self._places.close)

    def close(self) -> None:
        """Close all connections."""
        self._closing.close()

    def secrets(self, site: Site) -> Secrets:
        """As `Tools.secrets`."""
        return self._places.secrets(site)

    def graph(self) -> TwinGraph:
        """As `Tools.graph`."""
        return self._places.graph()

    def hub(self, host: str, key_of: KeyOf | None) -> HubRegistry:
        """As `Tools.hub`."""
        from twin2multicloud.deployer.finishing.hub_registry import HubRegistry
        from twin2multicloud.runtime.adapters.azure.commands import hub_client

        return HubRegistry(hub_client(host, self._sign_in.azure), key_of)

    def arm(self) -> Arm:
        """As `Tools.arm`."""
        return self._arm

    @cached_property
    def _arm(self) -> Arm:
        from twin2multicloud.deployer.credentials.arm import Arm

        made = Arm(self._sign_in.azure)
        self._closing.callback(made.close)
        return made

    def aws(self, site: Site, service: str) -> Any:
        """As `Tools.aws`."""
        from boto3.session import Session  # type: ignore[import-untyped]

        return Session(region_name=site.region).client(service)

    def topics(self, devices: Mapping[str, Any]) -> DeviceTopicsMaker:
        """As `Tools.topics`."""
        from twin2multicloud.deployer.finishing.device_topics import DeviceRights, DeviceTopicsMaker
        from twin2multicloud.runtime.adapters.gcp.clients import Clients

        clients = Clients(str(devices["project"]), self._environ, credentials=self._sign_in.google)
        topics = devices["command_topics"]
        principal = str(devices["principal"])
        rights = DeviceRights(
            clients.publisher,
            clients.subscriber,
            lambda device: f"{principal}{device}",
            f"serviceAccount:{topics['publisher']}",
        )
        prefix = str(topics["prefix"]).removesuffix("device-")
        return DeviceTopicsMaker(clients.publisher, clients.subscriber, clients.project, prefix, rights)

    @contextmanager
    def grafana(self, dashboards: Mapping[str, Any]) -> Iterator[Grafana]:
        """As `Tools.grafana`."""
        site = self._deployment.site(Slot.VISUALIZATION)
        with ExitStack() as closing:
            if own_grafana(self._deployment):
                headers = with_password(self.secrets(site))
            elif site.provider is Provider.AWS:
                headers = closing.enter_context(with_workspace_token(self.aws(site, "grafana"), dashboards))
            else:
                headers = with_entra(self._sign_in.azure)
            made = Grafana(str(dashboards["url"]), headers)
            closing.callback(made.close)
            yield made
