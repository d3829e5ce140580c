"""Where the queues of a slot are, as fields of its cloud's configuration: by names, and by what its stack puts out.

`outputs` is the output `slot` of each stack that is applied, by the stack's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import Provider, Slot


def queue_fields(deployment: Deployment, outputs: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
    """The fields of `AwsConfig`, `AzureConfig` or `GcpConfig` that reach a slot's queues."""
    provider = deployment.site(slot).provider
    if provider is Provider.AWS:
        return {"topics": dict(_on_aws(deployment, outputs, slot))}
    if provider is Provider.AZURE:
        return _on_azure(deployment, slot)
    return _on_gcp(deployment, slot)


def _on_aws(deployment: Deployment, outputs: Mapping[str, Any], slot: Slot) -> Iterator[tuple[str, str]]:
    site = deployment.site(slot)
    queues = outputs.get(slot_name(slot, deployment.generation(slot)), {}).get("queues") or {}
    for component, queue in queues.items():
        if "url" in queue:
            yield component, queue["url"]
        elif "stream" in queue:
            account = outputs.get(foundation_name(site), {}).get("account", "")
            partition = "aws-cn" if site.region.startswith("cn-") else "aws"
            yield component, f"arn:{partition}:kinesis:{site.region}:{account}:stream/{queue['stream']}"


def _on_azure(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    from twin2multicloud.deployer.clouds.azure.apps import blob_url
    from twin2multicloud.deployer.clouds.azure.names import SlotNames

    host = SlotNames(deployment, slot).host
    return {
        "queue_url": f"https://{host}.queue.core.windows.net",
        "blob_url": blob_url(host),
        "most_events": deployment.spec.batching.link_messages,
    }


def _on_gcp(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    """What devices send arrives on a topic of L1, whose name is not that of the queue which processing reads."""
    from twin2multicloud.deployer.clouds.gcp.acquisition import ARRIVALS
    from twin2multicloud.deployer.clouds.gcp.functions import base_config, bundled, topics_of
    from twin2multicloud.deployer.clouds.gcp.names import SiteNames

    names = SiteNames.of(deployment, deployment.site(slot))
    batching = deployment.spec.batching
    topics = dict(topics_of(deployment, names, slot))
    arrivals = ARRIVALS.get(deployment.blueprint.places[Slot.ACQUISITION].offer)
    if arrivals is not None:
        topic = names.topic(arrivals, deployment.generation(Slot.ACQUISITION))
        if slot is Slot.ACQUISITION:
            topics["telemetry-outbox"] = topic
        elif not deployment.blueprint.by_edge["telemetry"].apart:
            topics["intake"] = topic
    return {
        **base_config(deployment, names),
        "topics": topics,
        "bundled": bundled(deployment),
        "bundle_messages": batching.link_messages,
        "bundle_bytes": batching.link_bytes,
    }
