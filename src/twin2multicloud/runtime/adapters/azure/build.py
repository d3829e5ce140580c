"""All ports of an Azure function app, from one document in an environment variable.

A port's SDK is imported and its client made at the first use: a sender needs no Cosmos DB, a mover no IoT Hub.
Requests are signed by the app's managed identity. Keys exist for emulators only (`Emulators`).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from twin2multicloud.runtime.error_events import TopicReporter
from twin2multicloud.runtime.ports import (
    Clock,
    Commands,
    DeadLetters,
    HotStore,
    Nonces,
    ObjectStore,
    RawPublisher,
    Reporter,
    RuleStates,
    Secrets,
    TwinGraph,
)
from twin2multicloud.runtime.settings import lacking, read_setting
from twin2multicloud.runtime.system_clock import SystemClock

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobServiceClient, ContainerClient

    from twin2multicloud.runtime.adapters.azure.calls import Pool
    from twin2multicloud.runtime.adapters.azure.cosmos import Account, Container
    from twin2multicloud.runtime.adapters.azure.queue_messages import Overflow

VARIABLE: Final = "T2M_CONFIG"
PLACE: Final = "the function app's settings"
"""Where a person finds it."""
_LOG: Final = logging.getLogger("twin2multicloud.errors")
"""The Functions host keeps what is logged, with its level."""


class Emulators(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Keys and certificates of stand-ins; a deployment has none of these. Its repr keeps the keys."""

    storage_connection_string: str = ""
    cosmos_key: str = ""
    topic_key: str = ""
    hub_connection_string: str = ""
    authority: str = ""
    """The file of the certificate authority that the stand-ins' certificates come from."""
    any_token: bool = False
    """Ask nobody for tokens: the stand-ins take any."""

    def __repr__(self) -> str:
        return "Emulators(…)"


class AzureConfig(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where an app's services are; "" for those it does not use."""

    twin: str
    blob_url: str = ""
    """The storage account's blob endpoint, as https://NAME.blob.core.windows.net."""
    queue_url: str = ""
    cosmos_url: str = ""
    """The Cosmos DB account of dead letters, rule states and nonces, and of all else that names none of its own."""
    hot_url: str = ""
    """The account of the hot store, where it is another."""
    graph_url: str = ""
    """The account of our own graph, where it is another."""
    cosmos_database: str = "twin2multicloud"
    topics: dict[str, str] = {}
    """Event Grid topic endpoints by our names: alerts, errors."""
    hub_host: str = ""
    digital_twins_url: str = ""
    vault_url: str = ""
    """Without a vault, secrets are app settings (`secrets.SettingSecrets`)."""
    graph: Literal["own", "digital_twins"] = "own"
    cool_tier: Literal["Cool", "Cold"] = "Cool"
    most_events: int = 20
    """Events in one queue message (`Batching.link_messages`)."""


class AzurePorts:
    """Every port of one function app. `close` ends threads and connections, also those of links."""

    def __init__(
        self,
        config: AzureConfig,
        emulators: Emulators | None = None,
        clock: Clock | None = None,
        credential: TokenCredential | None = None,
    ) -> None:
        """`credential` is somebody's who has ports elsewhere than in a function app."""
        self.config = config
        self._given = credential
        self.clock: Clock = clock or SystemClock()
        self._emulators = emulators or Emulators()
        self._accounts: dict[str, Account] = {}
        self._closing = ExitStack()

    def close(self) -> None:
        """End threads and connections."""
        self._closing.close()

    def at_close(self, act: Callable[[], object]) -> None:
        """Have something of the app's closed together with the ports."""
        self._closing.callback(act)

    @cached_property
    def pool(self) -> Pool:
        """Threads that the ports share."""
        from twin2multicloud.runtime.adapters.azure.calls import Pool

        pool = Pool()
        self._closing.callback(pool.close)
        return pool

    @cached_property
    def hot(self) -> HotStore:
        """L3 hot."""
        from twin2multicloud.runtime.adapters.azure.hot_store import PARTITION, CosmosHotStore

        return CosmosHotStore(self._container("hot", PARTITION, self.config.hot_url), self.pool)

    @cached_property
    def cool(self) -> ObjectStore:
        """L3 cool, in the container `cool`; a lifecycle rule may turn its blobs into the archive."""
        return self._objects("cool")

    @cached_property
    def archive(self) -> ObjectStore:
        """L3 archive of what comes from elsewhere, in the container `archive`."""
        return self._objects("archive")

    @cached_property
    def graph(self) -> TwinGraph:
        """L4, of the kind the configuration names."""
        if self.config.graph == "digital_twins":
            from azure.core.pipeline.transport import RequestsTransport
            from azure.digitaltwins.core import DigitalTwinsClient

            from twin2multicloud.runtime.adapters.azure.digital_twins import DigitalTwinsGraph

            url = _given(self.config.digital_twins_url, "digital_twins_url")
            # This SDK's client can not be closed, but a transport of ours can.
            transport = self._closing.enter_context(RequestsTransport(**self._options))
            client = DigitalTwinsClient(url, self._credential, transport=transport, **self._options)
            return DigitalTwinsGraph(client, self.pool)
        from twin2multicloud.runtime.adapters.azure.own_graph import PARTITION, CosmosTwinGraph

        return CosmosTwinGraph(self._container("graph", PARTITION, self.config.graph_url), self.pool)

    @cached_property
    def overflow(self) -> Overflow:
        """Events that are larger than a queue message."""
        from twin2multicloud.runtime.adapters.azure.queue_messages import Overflow

        return Overflow(self._blobs("overflow"))

    @cached_property
    def publisher(self) -> RawPublisher:
        """Queues and topics."""
        from azure.core.credentials import AzureKeyCredential
        from azure.storage.queue import BinaryBase64EncodePolicy, LinearRetry, QueueServiceClient

        from twin2multicloud.runtime.adapters.azure.calls import LIMITS, STORAGE_RETRY
        from twin2multicloud.runtime.adapters.azure.publisher import AzurePublisher
        from twin2multicloud.runtime.adapters.azure.topics import Topic

        key = self._emulators.topic_key
        topics = {}
        for name, endpoint in self.config.topics.items():
            topic = Topic(endpoint, AzureKeyCredential(key) if key else self._credential, **self._options)
            self._closing.callback(topic.close)
            topics[name] = topic
        limits = {**LIMITS, "retry_policy": LinearRetry(**STORAGE_RETRY)}
        if self._emulators.storage_connection_string:
            queues = QueueServiceClient.from_connection_string(self._emulators.storage_connection_string, **limits)
        else:
            queues = QueueServiceClient(_given(self.config.queue_url, "queue_url"), self._credential, **limits)
        self._closing.callback(queues.close)

        def queue(name: str) -> Any:
            return queues.get_queue_client(name, message_encode_policy=BinaryBase64EncodePolicy())

        return AzurePublisher(queue, topics, self.overflow, self.config.most_events)

    @cached_property
    def reporter(self) -> Reporter:
        """The error topic."""
        return TopicReporter(self.publisher, self.clock, self.config.twin, "azure", log=_LOG.error)

    @cached_property
    def commands(self) -> Commands:
        """The way back to devices."""
        from twin2multicloud.runtime.adapters.azure.commands import HubCommands, hub_client

        local = self._emulators

        def make() -> Any:
            if local.hub_connection_string:
                return hub_client("", None, local.hub_connection_string, local.authority)
            return hub_client(_given(self.config.hub_host, "hub_host"), self._credential)

        return HubCommands(make, self.pool)

    @cached_property
    def secrets(self) -> Secrets:
        """The vault, or the app's settings."""
        from twin2multicloud.runtime.adapters.azure.secrets import SettingSecrets, VaultSecrets

        if not self.config.vault_url:
            return SettingSecrets(os.environ)
        from azure.keyvault.secrets import SecretClient

        # A stand-in's address is not one of Azure's, which the SDK would insist on.
        checked = not self._emulators.any_token
        client = SecretClient(
            self.config.vault_url, self._credential, verify_challenge_resource=checked, **self._options
        )
        return VaultSecrets(self._closing.enter_context(client))

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Poison messages."""
        from twin2multicloud.runtime.adapters.azure.dead_letters import PARTITION, CosmosDeadLetters

        return CosmosDeadLetters(self._container("dead-letters", PARTITION), self.pool)

    @cached_property
    def rule_states(self) -> RuleStates:
        """What rules remember."""
        from twin2multicloud.runtime.adapters.azure.states import RULES_PARTITION, CosmosRuleStates

        return CosmosRuleStates(self._container("rules", RULES_PARTITION), self.pool)

    @cached_property
    def nonces(self) -> Nonces:
        """What receivers remember; by the wall clock, as signatures are."""
        from twin2multicloud.runtime.adapters.azure.states import NONCES_PARTITION, CosmosNonces

        return CosmosNonces(self._container("nonces", NONCES_PARTITION), SystemClock())

    @cached_property
    def _options(self) -> dict[str, Any]:
        from twin2multicloud.runtime.adapters.azure.calls import LIMITS

        authority = self._emulators.authority
        return {**LIMITS, "connection_verify": authority} if authority else dict(LIMITS)

    @cached_property
    def _credential(self) -> TokenCredential:
        if self._emulators.any_token:
            return _AnyToken()
        if self._given is not None:
            return self._given
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential()
        self._closing.callback(credential.close)
        return credential

    def _account(self, url: str) -> Account:
        """An account's client, one for all of its containers."""
        from twin2multicloud.runtime.adapters.azure.cosmos import Account

        if url not in self._accounts:
            key = self._emulators.cosmos_key
            options: dict[str, Any] = {"enable_endpoint_discovery": False} if key else {}
            account = Account(url, key or self._credential, **options)
            self._closing.callback(account.close)
            self._accounts[url] = account
        return self._accounts[url]

    def _objects(self, container: str) -> ObjectStore:
        from twin2multicloud.runtime.adapters.azure.object_store import TIERS, BlobObjectStore

        return BlobObjectStore(self._blobs(container), {**TIERS, "cool": self.config.cool_tier})

    def _container(self, name: str, partition: str, url: str = "") -> Container:
        from twin2multicloud.runtime.adapters.azure.cosmos import Container

        account = self._account(url or _given(self.config.cosmos_url, "cosmos_url"))
        return Container(account, self.config.cosmos_database, name, partition)

    @cached_property
    def _blob_service(self) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient, LinearRetry

        from twin2multicloud.runtime.adapters.azure.calls import LIMITS, STORAGE_RETRY

        limits = {**LIMITS, "retry_policy": LinearRetry(**STORAGE_RETRY)}
        if self._emulators.storage_connection_string:
            made = BlobServiceClient.from_connection_string(self._emulators.storage_connection_string, **limits)
        else:
            made = BlobServiceClient(_given(self.config.blob_url, "blob_url"), self._credential, **limits)
        self._closing.callback(made.close)
        return made

    def _blobs(self, container: str) -> ContainerClient:
        return self._blob_service.get_container_client(container)


class _AnyToken:
    """A credential for stand-ins that take any token."""

    def get_token(self, *_scopes: str, **_options: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("fake-token", int(time.time()) + 3600)


class _Document(AzureConfig, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    emulators: Emulators = Emulators()


def build(environment: Mapping[str, str], clock: Clock | None = None) -> AzurePorts:
    """The ports that `T2M_CONFIG` describes: an `AzureConfig` as JSON, with `emulators` where stand-ins are used.

    Raises `ConfigError` naming the field that is wrong.
    """
    document = read_setting(environment, VARIABLE, _Document, PLACE)
    return AzurePorts(document, document.emulators, clock)


def _given(value: str, name: str) -> str:
    if not value:
        raise lacking(VARIABLE, name, "this function", PLACE)
    return value
