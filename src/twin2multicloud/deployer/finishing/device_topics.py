"""Pub/Sub topics by which devices of `gcp.pubsub-direct` get their commands: a topic and a subscription for each.

A device may read its own subscription only, by its certificate's subject in the workload identity pool; the function
that hands commands over is the only one that publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.deployer.finishing.ledger import Content, Ledger
from twin2multicloud.deployer.finishing.progress import TOPICS, Report, StepProgress, failing_as
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.adapters.gcp.pubsub import device_topic

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherClient, SubscriberClient

KEPT_S: Final = 86_400
"""How long a command waits for a device that is away."""
_PARALLEL: Final = 8
_BATCH: Final = 64
_READER: Final = "roles/pubsub.subscriber"
_SENDER: Final = "roles/pubsub.publisher"


@dataclass(frozen=True)
class DeviceRights:
    """Who may read a device's commands (`member_of` gives its principal), and who may send any (`sender`)."""

    publisher: PublisherClient
    subscriber: SubscriberClient
    member_of: Callable[[str], str]
    sender: str
    patience: Patience = field(default_factory=Patience)

    def grant(self, device: str, topic: str, subscription: str) -> None:
        """A binding each on what is ours alone, so that nothing has to be kept of what was there."""
        for client, resource, role, member in (
            (self.publisher, topic, _SENDER, self.sender),
            (self.subscriber, subscription, _READER, self.member_of(device)),
        ):
            policy = {"bindings": [{"role": role, "members": [member]}]}
            request: Any = {"resource": resource, "policy": policy}
            client.set_iam_policy(request=request, timeout=self.patience.attempt_s)


@dataclass(frozen=True)
class DeviceTopicsMaker:
    """Makes and removes topics in a project. Without `rights` nobody gets any (an emulator knows none)."""

    publisher: PublisherClient
    subscriber: SubscriberClient
    project: str
    prefix: str
    rights: DeviceRights | None = None
    patience: Patience = field(default_factory=Patience)

    def make(self, device: str) -> None:
        """A device's topic and subscription; what is there stays."""
        from google.api_core.exceptions import AlreadyExists

        topic, subscription = self.paths(device)
        with calling(f"Pub/Sub commands of {device}"):
            with suppress(AlreadyExists):
                self.publisher.create_topic(request={"name": topic}, **self.patience.again())
            with suppress(AlreadyExists):
                self.subscriber.create_subscription(
                    request={
                        "name": subscription,
                        "topic": topic,
                        "ack_deadline_seconds": 30,
                        "message_retention_duration": {"seconds": KEPT_S},
                        "enable_message_ordering": False,
                        "expiration_policy": {},  # never: a device may be away for long
                    },
                    **self.patience.again(),
                )
            if self.rights is not None:
                self.rights.grant(device, topic, subscription)

    def has(self, device: str) -> bool:
        """Whether a device's subscription is there."""
        from google.api_core.exceptions import NotFound

        _, subscription = self.paths(device)
        with calling(f"Pub/Sub commands of {device}"):
            try:
                self.subscriber.get_subscription(subscription=subscription, **self.patience.again())
            except NotFound:
                return False
        return True

    def remove(self, device: str) -> None:
        """The same away; what is not there is no error."""
        from google.api_core.exceptions import NotFound

        topic, subscription = self.paths(device)
        for act, request in (
            (self.subscriber.delete_subscription, {"subscription": subscription}),
            (self.publisher.delete_topic, {"topic": topic}),
        ):
            with calling(f"Pub/Sub commands of {device}"):
                try:
                    act(request=request, **self.patience.again())
                except NotFound:
                    continue

    def paths(self, device: str) -> tuple[str, str]:
        """The full names of a device's topic and subscription."""
        name = f"{self.prefix}{device_topic(device)}"
        return f"projects/{self.project}/topics/{name}", f"projects/{self.project}/subscriptions/{name}"


def commanded(spec: TwinSpec) -> Content:
    """The devices that understand commands."""
    return Content(devices=tuple(group for group in spec.devices if spec.types[group.type].commands))


def make_topics(spec: TwinSpec, maker: DeviceTopicsMaker, ledger: Ledger, report: Report) -> tuple[int, int]:
    """Topics for all devices that understand commands, none for those that left the definition; how many of each
    were looked after. What the last whole load made is not looked at again, except for one device: if it has no topic
    any more, the project was emptied meanwhile.
    """
    content = commanded(spec)
    former = ledger.former()
    ledger.begin(content)
    whole = former[-1] if len(former) == 1 else Content()
    first = next(whole.names(), None)
    with failing_as(TOPICS):
        known = set(whole.names()) if first is not None and maker.has(first) else set()
    total = sum(len(group) for group in content.devices)
    made = _each(maker.make, (name for name in content.names() if name not in known), "topics are there", total, report)
    wanted = set(content.names())
    gone = dict.fromkeys(name for past in former for name in past.names() if name not in wanted)
    removed = _each(maker.remove, iter(gone), "topics are removed", len(gone), report)
    ledger.end(content)
    return made, removed


def remove_topics(maker: DeviceTopicsMaker, ledger: Ledger, report: Report) -> int:
    """All topics away, before their project's stack is destroyed; how many."""
    names = dict.fromkeys(name for past in ledger.former() for name in past.names())
    removed = _each(maker.remove, iter(names), "topics are removed", len(names), report)
    ledger.forget()
    return removed


def _each(act: Callable[[str], None], names: Iterator[str], what: str, total: int, report: Report) -> int:
    done = 0
    with failing_as(TOPICS), ThreadPoolExecutor(_PARALLEL, "topics") as pool:
        while batch := list(islice(names, _BATCH)):
            for future in [pool.submit(act, name) for name in batch]:
                future.result()
            done += len(batch)
            report(StepProgress(TOPICS, what, done, total))
    return done
