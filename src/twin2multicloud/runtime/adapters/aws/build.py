"""All ports of a function on AWS, from the names and addresses in its environment variable `T2M_CONFIG`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

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
    from twin2multicloud.runtime.adapters.aws.clients import Clients

VARIABLE: Final = "T2M_CONFIG"
PLACE: Final = "the Lambda function's environment variables"
"""Where a person finds it."""

Tier = Literal["cool", "archive"]


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a tier's objects are, and S3's storage classes for ours."""

    name: str
    prefix: str = ""
    classes: dict[str, str] = {}


class AwsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names and addresses of what the deployer made; a function needs only those of its role.

    `topics` maps a queue or topic of the blueprint to an SQS queue's URL or the ARN of an SNS topic or Kinesis stream.
    `hot_expires_s` is set only where no tier comes after hot: records then leave by time-to-live. The graph is our
    own (`graph_table`) or IoT TwinMaker's (`twinmaker_workspace`, and `twinmaker_connector`, the ARN of the function
    that keeps its values in `graph_table`).
    """

    twin: str
    region: str = ""
    hot_table: str = ""
    hot_expires_s: float | None = None
    state_table: str = ""
    graph_table: str = ""
    twinmaker_workspace: str = ""
    twinmaker_connector: str = ""
    cool: Bucket | None = None
    archive: Bucket | None = None
    topics: dict[str, str] = {}
    iot_endpoint: str = ""
    secrets_prefix: str = ""
    consistent_reads: bool = False


def read_config(environment: Mapping[str, str]) -> AwsConfig:
    """The configuration in `T2M_CONFIG`; `ConfigError` names the field that is wrong."""
    return read_setting(environment, VARIABLE, AwsConfig, PLACE)


class AwsPorts:
    """The ports, each made when first used: a function makes clients only of the services its role needs."""

    def __init__(self, config: AwsConfig, *, clients: Clients | None = None, clock: Clock | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self._clients = clients

    @cached_property
    def clients(self) -> Clients:
        """boto3's clients, which is when the SDK is imported."""
        if self._clients is not None:
            return self._clients
        from twin2multicloud.runtime.adapters.aws.clients import Clients

        return Clients(self.config.region)

    @cached_property
    def hot(self) -> HotStore:
        """L3 hot."""
        from twin2multicloud.runtime.adapters.aws.hot import DynamoHotStore

        return DynamoHotStore(
            self.clients,
            self._needed("hot_table"),
            self.config.twin,
            expire_after_s=self.config.hot_expires_s,
            consistent=self.config.consistent_reads,
        )

    @cached_property
    def cool(self) -> ObjectStore:
        """L3 cool."""
        return self._tier("cool")

    @cached_property
    def archive(self) -> ObjectStore:
        """L3 archive."""
        return self._tier("archive")

    @cached_property
    def graph(self) -> TwinGraph:
        """L4."""
        if self.config.twinmaker_workspace:
            from twin2multicloud.runtime.adapters.aws.twinmaker import TwinMakerGraph

            workspace, connector = self.config.twinmaker_workspace, self._needed("twinmaker_connector")
            return TwinMakerGraph(self.clients, workspace, connector, self.values)
        return self.values

    @cached_property
    def values(self) -> TwinGraph:
        """Our own twin graph; with IoT TwinMaker the keeper of its values, behind the connector."""
        from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph

        return DynamoTwinGraph(self.clients, self._needed("graph_table"), consistent=self.config.consistent_reads)

    @cached_property
    def publisher(self) -> RawPublisher:
        """Queues, topics and streams."""
        from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher

        return AwsPublisher(self.clients, self.config.topics)

    @cached_property
    def commands(self) -> Commands:
        """The way back to devices."""
        from twin2multicloud.runtime.adapters.aws.commands import IotCommands

        return IotCommands(self.clients, self.config.twin, endpoint=self.config.iot_endpoint)

    @cached_property
    def secrets(self) -> Secrets:
        """The secret store."""
        from twin2multicloud.runtime.adapters.aws.secret_store import SecretsManager

        # `LinksSource` has a cache of its own, and must see a rotated key when it asks again.
        return SecretsManager(self.clients, self.config.secrets_prefix, max_age_s=5.0)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter store."""
        from twin2multicloud.runtime.adapters.aws.state import DynamoDeadLetters

        return DynamoDeadLetters(self.clients, self._needed("state_table"))

    @cached_property
    def rule_states(self) -> RuleStates:
        """What rules remember."""
        from twin2multicloud.runtime.adapters.aws.state import DynamoRuleStates

        return DynamoRuleStates(self.clients, self._needed("state_table"))

    @cached_property
    def nonces(self) -> Nonces:
        """What receivers remember."""
        from twin2multicloud.runtime.adapters.aws.state import DynamoNonces

        return DynamoNonces(self.clients, self._needed("state_table"))

    @cached_property
    def reporter(self) -> Reporter:
        """Where failures are reported."""
        return TopicReporter(self.publisher, self.clock, self.config.twin, "aws")

    def _tier(self, tier: Tier) -> ObjectStore:
        from twin2multicloud.runtime.adapters.aws.objects import CLASSES, S3ObjectStore

        bucket = self.config.cool if tier == "cool" else self.config.archive
        if bucket is None:
            raise lacking(VARIABLE, tier, "this function", PLACE)
        return S3ObjectStore(self.clients, bucket.name, prefix=bucket.prefix, classes={**CLASSES, **bucket.classes})

    def _needed(self, field: str) -> str:
        value = str(getattr(self.config, field))
        if not value:
            raise lacking(VARIABLE, field, "this function", PLACE)
        return value
