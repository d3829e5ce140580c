"""The ports of what is deployed, for use from a person's machine: made from the outputs of the stacks.

A slot puts out `stores`, a foundation what `SHARED` names: objects whose keys are fields of the cloud's configuration
(`AwsConfig`, `AzureConfig`, `GcpConfig`), the same that its functions find in `T2M_CONFIG`. Requests are made with the
person's own credentials, as the clouds' SDKs find them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final, Protocol

import msgspec

from twin2multicloud.deployer.credentials.sign_in import SignIn
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.finishing.queues import queue_fields
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.azure.build import AzureConfig, AzurePorts, Emulators
from twin2multicloud.runtime.entry.roles import Ports
from twin2multicloud.runtime.ports import RawPublisher, Secrets, TwinGraph

Outputs = Mapping[str, Any]
"""The output `slot` of each stack that is applied, by the stack's name."""
STORES: Final = "stores"
SHARED: Final = ("secrets", "state")
"""The outputs of a foundation that together open secrets, dead letters, rule states and nonces."""


class Places(Protocol):
    """What the steps need of the clouds."""

    def secrets(self, site: Site) -> Secrets:
        """The secret store of a site."""

    def graph(self) -> TwinGraph:
        """The twin graph, wherever L4 is."""


class DeployedPlaces:
    """`Places`, and all other ports, of a deployment whose stacks have these outputs.

    `environment` names emulators of Google's services where there are any, `emulators` Azure's; in use there are none.
    `sign_in` gives the person's credentials; without it they are those that `environment` describes. AWS's are boto3's
    of this process, or those of `aws_session`, which makes its session for a region.
    """

    def __init__(
        self,
        deployment: Deployment,
        outputs: Outputs,
        environment: Mapping[str, str] | None = None,
        emulators: Emulators | None = None,
        sign_in: SignIn | None = None,
        aws_session: Callable[[str], Any] | None = None,
    ) -> None:
        self._deployment = deployment
        self._outputs = outputs
        self._environment = dict(environment or {})
        self._emulators = emulators
        self._aws_session = aws_session
        self._made: dict[tuple[Site, str], Ports] = {}
        self._closing = ExitStack()
        self._sign_in = sign_in or SignIn(self._environment)
        if sign_in is None:
            self._closing.callback(self._sign_in.close)

    def close(self) -> None:
        """End threads and connections."""
        self._closing.close()

    def secrets(self, site: Site) -> Secrets:
        """As `Places.secrets`."""
        return self.shared(site).secrets

    def graph(self) -> TwinGraph:
        """As `Places.graph`."""
        return self.slot(Slot.MANAGEMENT).graph

    def shared(self, site: Site) -> Ports:
        """Secrets, dead letters, rule states and nonces of a site."""
        return self._ports(site, foundation_name(site), SHARED)

    def slot(self, slot: Slot, generation: int = 0) -> Ports:
        """The stores of a slot; `generation` 0 is the one of now."""
        name = slot_name(slot, generation or self._deployment.generation(slot))
        return self._ports(self._deployment.site(slot), name, (STORES,))

    def queues(self, slot: Slot) -> RawPublisher:
        """The queues of a slot, by their names in the blueprint, for what is put back into them."""
        site = self._deployment.site(slot)
        fields = queue_fields(self._deployment, self._outputs, slot)
        ports: Any = self._build(site, fields, f"the queues of {slot.value}")
        publisher: RawPublisher = ports.publisher
        return publisher

    def _ports(self, site: Site, stack: str, names: tuple[str, ...]) -> Ports:
        if (site, stack) not in self._made:
            fields = {key: value for name in names for key, value in described(self._outputs, stack, name).items()}
            self._made[site, stack] = self._build(site, fields, f"stack {stack}: output {' and '.join(names)}")
        return self._made[site, stack]

    def _build(self, site: Site, fields: dict[str, Any], source: str) -> Ports:
        fields = {"twin": self._deployment.spec.name, **fields}
        if site.provider is Provider.AWS:
            from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts

            config = _config({"region": site.region, **fields}, AwsConfig, source)
            if self._aws_session is None:
                return AwsPorts(config)
            from twin2multicloud.runtime.adapters.aws.clients import Clients

            return AwsPorts(config, clients=Clients(site.region, session=self._aws_session(site.region)))
        if site.provider is Provider.AZURE:
            # Stand-ins take any token.
            credential = None if self._emulators is not None else self._sign_in.azure
            ports = AzurePorts(_config(fields, AzureConfig, source), self._emulators, credential=credential)
            self._closing.callback(ports.close)
            return ports
        from twin2multicloud.runtime.adapters.gcp.build import GcpConfig, GcpPorts

        fields = {"project": self._deployment.settings.accounts.gcp_project, **fields}
        config = _config(fields, GcpConfig, source)
        return GcpPorts(config, self._environment, credentials=self._sign_in.google)


def described(outputs: Outputs, stack: str, output: str) -> dict[str, Any]:
    """An output that is an object, without what is null in it. `UsageError` where a stack or its output is missing."""
    if stack not in outputs:
        raise UsageError(f"stack {stack} is not deployed yet; deploy it first")
    found = outputs[stack].get(output) if isinstance(outputs[stack], Mapping) else None
    if not isinstance(found, Mapping):
        raise UsageError(f"stack {stack} has no output {output}; deploy it again")
    return {str(key): value for key, value in found.items() if value is not None}


def _config(fields: Mapping[str, Any], kind: type[Any], source: str) -> Any:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{source}: {error}; deploy the stack again with this version") from error
