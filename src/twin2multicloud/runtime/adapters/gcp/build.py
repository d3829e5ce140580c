"""All ports of a function on Google Cloud, from the names in its environment variable `T2M_CONFIG`."""

from __future__ import annotations

import random
import secrets as tokens
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.error_events import TopicReporter
from twin2multicloud.runtime.ports import (
    Clock,
    Commands,
    DeadLetters,
    HotStore,
    Nonces,
    ObjectStore,
    Reporter,
    RuleStates,
    Secrets,
    TwinGraph,
)
from twin2multicloud.runtime.settings import lacking, read_setting
from twin2multicloud.runtime.system_clock import SystemClock

if TYPE_CHECKING:
    from twin2multicloud.runtime.adapters.gcp.commands import PendingCommands
    from twin2multicloud.runtime.adapters.gcp.pubsub import PubSubPublisher

VARIABLE: Final = "T2M_CONFIG"
PLACE: Final = "the environment variables of the Cloud Run service"
"""Where a person finds it."""


class GcpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names of what the deployer made; a function needs only those of its role.

    `prefix` begins the name of every topic, collection and secret, so that twins share a project; the collections are
    hot, dead-letters, rule-states, nonces, pending-commands, twins, relationships and models. `topics` gives the whole
    id of topics that are called otherwise, as those of a slot that was moved are. `hot_expires_s` is set only where no
    tier comes after hot: records then leave by Firestore's TTL policy. `bundled` are the topics that get a whole batch
    as one message, at most `bundle_messages` and `bundle_bytes` of it.

    Whoever pushes messages or runs schedules shows a token that Google signed for `token_audience` and the service
    account `token_account`; `check_tokens` false admits everybody and is for emulators, which send none. `gather`:
    a sender whose pushed messages come often enough to form batches. `subscription` is what a worker pulls from.
    """

    twin: str
    project: str
    prefix: str = ""
    database: str = "(default)"
    hot: Literal["firestore", "bigtable"] = "firestore"
    hot_expires_s: float | None = None
    bigtable_instance: str = ""
    bigtable_table: str = "hot"
    cool_bucket: str = ""
    cool_class: Literal["NEARLINE", "COLDLINE"] = "NEARLINE"
    archive_bucket: str = ""
    commands: Literal["topics", "pending"] = "topics"
    topics: dict[str, str] = {}
    bundled: tuple[str, ...] = ("intake",)
    bundle_messages: int = 20
    bundle_bytes: int = 4 * 2**20
    check_tokens: bool = True
    token_audience: str = ""
    token_account: str = ""
    gather: bool = False
    subscription: str = ""
    patience: Patience = Patience()


def read_config(environment: Mapping[str, str]) -> GcpConfig:
    """The configuration in `T2M_CONFIG`; `ConfigError` names the field that is wrong."""
    return read_setting(environment, VARIABLE, GcpConfig, PLACE)


class GcpPorts:
    """The ports, each made when first used: a function makes clients only of the services its role needs."""

    def __init__(
        self,
        config: GcpConfig,
        environment: Mapping[str, str],
        *,
        clock: Clock | None = None,
        credentials: Any = None,
    ) -> None:
        """`credentials` are somebody's who has ports elsewhere than in a function."""
        self.config = config
        self.clients = Clients(config.project, environment, config.database, credentials)
        self.clock: Clock = clock or SystemClock()

    @cached_property
    def hot(self) -> HotStore:
        """L3 hot."""
        config = self.config
        if config.hot == "bigtable":
            from twin2multicloud.runtime.adapters.gcp.hot_bigtable import BigtableHotStore

            instance = self._needed("bigtable_instance")
            table = f"projects/{config.project}/instances/{instance}/tables/{config.bigtable_table}"
            return BigtableHotStore(self.clients.bigtable, table, config.patience)
        from twin2multicloud.runtime.adapters.gcp.hot_firestore import FirestoreHotStore

        return FirestoreHotStore(
            self.clients.firestore, f"{config.prefix}hot", config.patience, expire_after_s=config.hot_expires_s
        )

    @cached_property
    def cool(self) -> ObjectStore:
        """L3 cool."""
        return self._bucket("cool_bucket")

    @cached_property
    def archive(self) -> ObjectStore:
        """L3 archive."""
        return self._bucket("archive_bucket")

    @cached_property
    def graph(self) -> TwinGraph:
        """L4."""
        from twin2multicloud.runtime.adapters.gcp.graph import FirestoreGraph

        return FirestoreGraph(
            self.clients.firestore, self.config.prefix, self.config.patience, time.sleep, random.random, time.monotonic
        )

    @cached_property
    def publisher(self) -> PubSubPublisher:
        """Topics."""
        from twin2multicloud.runtime.adapters.gcp.pubsub import Bundles, PubSubPublisher

        config = self.config
        bundles = Bundles(frozenset(config.bundled), config.bundle_messages, config.bundle_bytes)
        return PubSubPublisher(
            self.clients.publisher, config.project, config.prefix, config.patience, bundles, config.topics
        )

    @cached_property
    def pending_commands(self) -> PendingCommands:
        """Where commands wait for devices that ask."""
        from twin2multicloud.runtime.adapters.gcp.commands import PendingCommands

        name = f"{self.config.prefix}pending-commands"
        return PendingCommands(self.clients.firestore, name, self.config.patience, self.clock.now)

    @cached_property
    def commands(self) -> Commands:
        """The way back to devices."""
        config = self.config
        if config.commands == "pending":
            return self.pending_commands
        from twin2multicloud.runtime.adapters.gcp.pubsub import DeviceTopics

        return DeviceTopics(self.clients.publisher, config.project, config.prefix, config.patience)

    @cached_property
    def secrets(self) -> Secrets:
        """The secret store."""
        from twin2multicloud.runtime.adapters.gcp.secrets import SecretManager

        config = self.config
        return SecretManager(
            self.clients.secret_manager, config.project, config.prefix, config.patience, time.monotonic
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter store."""
        from twin2multicloud.runtime.adapters.gcp.letters import FirestoreDeadLetters

        return FirestoreDeadLetters(self.clients.firestore, f"{self.config.prefix}dead-letters", self.config.patience)

    @cached_property
    def rule_states(self) -> RuleStates:
        """What rules remember."""
        from twin2multicloud.runtime.adapters.gcp.memory import FirestoreRuleStates

        return FirestoreRuleStates(self.clients.firestore, f"{self.config.prefix}rule-states", self.config.patience)

    @cached_property
    def nonces(self) -> Nonces:
        """What receivers remember."""
        from twin2multicloud.runtime.adapters.gcp.memory import FirestoreNonces

        name = f"{self.config.prefix}nonces"
        return FirestoreNonces(self.clients.firestore, name, self.config.patience, lambda: tokens.token_hex(12))

    @cached_property
    def reporter(self) -> Reporter:
        """Where failures are reported."""
        return TopicReporter(self.publisher, self.clock, self.config.twin, "gcp")

    def _bucket(self, field: str) -> ObjectStore:
        from twin2multicloud.runtime.adapters.gcp.objects import CloudStorageObjects

        return CloudStorageObjects(
            self.clients.storage, self._needed(field), self.config.patience, cool_class=self.config.cool_class
        )

    def _needed(self, field: str) -> str:
        value = str(getattr(self.config, field))
        if not value:
            raise lacking(VARIABLE, field, "this function", PLACE)
        return value
