"""The names of everything a deployment has on AWS: one table per site, which foundation and slots all read.

ARNs are written with `{partition}` and `{account}` for what only the account knows; the modules fill these in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.names import fit
from twin2multicloud.model.slots import Slot

LONGEST_FUNCTION: Final = 64
"""Of a Lambda function and its role."""
LONGEST_QUEUE: Final = 80
LONGEST_TEMPLATE: Final = 36
"""Of a provisioning template of IoT Core."""
LONGEST_BUCKET: Final = 63
_LONGEST: Final = 100
"""Of everything else, well within what the services take."""
_RESERVED_BUCKETS: Final = ("sthree-", "amzn-s3-demo-", "xn--")
"""What a bucket's name may not begin with."""
_TAG: Final = re.compile(r"[^A-Za-z0-9 +\-=._:/@]")
_LONGEST_TAG: Final = 256


@dataclass(frozen=True)
class AwsNames:
    """A site's names. Those of a slot carry its generation, so that the two stacks of a move never meet."""

    deployment: Deployment
    site: Site

    # ── Shared by the slots of a site ───────────────────────────────────────────────────────────────────────
    @cached_property
    def state_table(self) -> str:
        """Dead letters, what rules remember, nonces."""
        return self._shared("state")

    @cached_property
    def errors(self) -> str:
        """The error topic, and the queue from which the management backend pulls what comes on it."""
        return self.deployment.names.dashed("errors", LONGEST_QUEUE)

    @cached_property
    def errors_undelivered(self) -> str:
        """What that queue gave up on."""
        return self.deployment.names.dashed("errors-undelivered", LONGEST_QUEUE)

    @cached_property
    def budget(self) -> str:
        """What budgets' names begin with."""
        return self._shared("budget")

    @cached_property
    def alarms(self) -> str:
        """The topic of alarms, which reaches a person."""
        return self._shared("alarms")

    @property
    def secrets_prefix(self) -> str:
        """What a secret's name begins with."""
        return f"{self.deployment.names.stem}/"

    def layer(self, architecture: str) -> str:
        """The layer with msgspec for one architecture."""
        return self._shared(f"msgspec-{architecture}")

    # ── Slots ───────────────────────────────────────────────────────────────────────────────────────────────
    def function(self, slot: Slot, component: str) -> str:
        """A function and, because roles belong to the account rather than a region, its role."""
        return self._of(slot, component, LONGEST_FUNCTION)

    def queue(self, slot: Slot, component: str) -> str:
        """A queue; what it gives up on goes to the one of `undelivered`."""
        return self._of(slot, component, LONGEST_QUEUE)

    def undelivered(self, slot: Slot, component: str) -> str:
        """The dead-letter queue of a queue."""
        return self._of(slot, f"{component}-undelivered", LONGEST_QUEUE)

    def thing(self, slot: Slot, component: str) -> str:
        """Whatever else has a name of letters, digits and `-`."""
        return self._of(slot, component, _LONGEST)

    def bucket(self, slot: Slot, component: str) -> str:
        """A bucket: names are unique in the world, and some beginnings are Amazon's own."""
        name = self._of(slot, component, LONGEST_BUCKET)
        if name.startswith(_RESERVED_BUCKETS):
            return self.deployment.names.plain(component, LONGEST_BUCKET, self.deployment.generation(slot))
        return name

    def alerts(self, generation: int) -> str:
        """The topic of rules' alerts, in one of the generations of L2."""
        return self.deployment.names.dashed("alerts", _LONGEST, generation)

    @cached_property
    def hot_table(self) -> str:
        """L3 hot."""
        return self.thing(Slot.HOT, "hot")

    @cached_property
    def cool_bucket(self) -> str:
        """L3 cool."""
        return self.bucket(Slot.COOL, "cool")

    @cached_property
    def archive_bucket(self) -> str:
        """L3 archive, where it does not share the bucket of L3 cool."""
        return self.bucket(Slot.ARCHIVE, "archive")

    @cached_property
    def graph_table(self) -> str:
        """L4's own graph, or the values behind IoT TwinMaker."""
        return self.thing(Slot.MANAGEMENT, "twin-values" if self.twinmaker else "graph")

    @property
    def twinmaker(self) -> bool:
        """Whether L4 is IoT TwinMaker."""
        return self.deployment.blueprint.places[Slot.MANAGEMENT].offer.startswith("aws.twinmaker")

    @cached_property
    def workspace(self) -> str:
        """IoT TwinMaker's workspace."""
        return self.thing(Slot.MANAGEMENT, "graph")

    @cached_property
    def device_policy(self) -> str:
        """What IoT Core lets devices do."""
        return self.thing(Slot.ACQUISITION, "devices")

    @cached_property
    def device_template(self) -> str:
        """How IoT Core provisions a device that connects for the first time."""
        return self._of(Slot.ACQUISITION, "devices", LONGEST_TEMPLATE)

    @property
    def things_prefix(self) -> str:
        """What a device's thing and client id begin with; both belong to the account and region, not to the twin."""
        return f"{self.deployment.names.stem}-"

    def rule(self, name: str) -> str:
        """A rule of IoT Core, part of a Basic Ingest topic."""
        return self.deployment.names.underscored(name, _LONGEST, self.deployment.generation(Slot.ACQUISITION))

    @cached_property
    def network(self) -> str:
        """A security group's name may not begin with `sg-`, which a twin's may."""
        return fit(f"grafana-{self._of(Slot.VISUALIZATION, 'network', _LONGEST)}", _LONGEST, "-")

    # ── Where events go ─────────────────────────────────────────────────────────────────────────────────────
    def source(self, slot: Slot, component: str) -> Kind:
        """What a queue, stream or topic of a slot is. The queue `actions` is not in the blueprint."""
        planned = self.deployment.blueprint.component(slot, component)
        return Kind.QUEUE if planned is None else planned.kind

    def queue_url(self, slot: Slot, component: str) -> str:
        """The address of a queue."""
        return f"https://sqs.{self.site.region}.{self.dns_suffix}/{{account}}/{self.queue(slot, component)}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something regional."""
        return f"arn:{{partition}}:{service}:{self.site.region}:{{account}}:{resource}"

    @property
    def dns_suffix(self) -> str:
        """The domain of the region's services."""
        return "amazonaws.com.cn" if self.site.region.startswith("cn-") else "amazonaws.com"

    # ── Tags ────────────────────────────────────────────────────────────────────────────────────────────────
    def tags(self, slot: Slot | None) -> dict[str, str]:
        """The tags of everything in a stack; modules add `component`."""
        settings = self.deployment.settings
        tags = {
            "managed-by": "twin2multicloud",
            "twin": settings.twin,
            "slot": "foundation" if slot is None else slot.value,
            "run": settings.uid,
            "owner": settings.owner,
        }
        return {key: _TAG.sub("-", value)[:_LONGEST_TAG] for key, value in tags.items()}

    def _shared(self, thing: str) -> str:
        return self.deployment.names.dashed(thing, _LONGEST)

    def _of(self, slot: Slot, thing: str, most: int) -> str:
        return self.deployment.names.dashed(thing, most, self.deployment.generation(slot))
