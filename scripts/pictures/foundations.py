"""What a site's slots share, read from the arguments of its foundation's module."""

from __future__ import annotations

from collections.abc import Iterator

from pictures.part import Part
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Provider

_PULLED = "every function reports there; pulled by the management backend"


def foundation_parts(stack: Stack, deployment: Deployment) -> tuple[Part, ...]:
    """The parts of a foundation; `stack` is its stack."""
    makers = {Provider.AWS: _aws, Provider.AZURE: _azure, Provider.GCP: _gcp}
    return tuple(makers[stack.site.provider](stack, deployment))


def _aws(stack: Stack, deployment: Deployment) -> Iterator[Part]:
    arguments = stack.arguments
    names = arguments["names"]
    prefix = f"{deployment.settings.twin}-{deployment.settings.uid}-"
    alerts = " and the alerts" if arguments["alert_topics"] else ""
    yield Part("topic", "errors", "SNS", (f"to the queue errors (SQS){alerts}; {_PULLED}",))
    yield Part("queue", names["errors_undelivered"].removeprefix(prefix), "SQS", ("what could not be pulled",))
    yield Part("store", names["state"].removeprefix(prefix), "DynamoDB", ("dead letters, rule states, nonces",))
    yield _secrets("Secrets Manager", arguments["secrets"])
    yield Part("topic", names["alarms"].removeprefix(prefix), "SNS", ("e-mail to the owner",))
    yield from _budget("AWS Budgets", arguments["budget_usd"])
    if arguments["layer_files"]:
        yield Part("layer", "msgspec", "Lambda", (", ".join(sorted(arguments["layer_files"])),))


def _azure(stack: Stack, _deployment: Deployment) -> Iterator[Part]:
    arguments = stack.arguments
    events, states = arguments["events"], arguments["states"]
    for topic in sorted(events["topics"], reverse=True):
        said = _PULLED if topic == "errors" else "what rules report; pulled with the errors"
        yield Part("topic", topic, "Event Grid", (f"to the queue {events['queue']} (Storage); {said}",))
    yield Part("store", "states", "Cosmos DB", (", ".join(states["containers"]),))
    yield _secrets("Key Vault", arguments["secrets"])
    yield Part("logs", "log workspace", "Monitor", ("with Application Insights; alarms by e-mail to the owner",))
    yield from _budget("Cost Management", arguments["budget"])
    yield Part("bucket", "packages", "Blob Storage", ("the functions' code",))


def _gcp(stack: Stack, _deployment: Deployment) -> Iterator[Part]:
    arguments = stack.arguments
    yield Part("topic", "errors", "Pub/Sub", (f"with a subscription; {_PULLED}",))
    if "undelivered" in arguments["topics"]:
        yield Part("topic", "undelivered", "Pub/Sub", ("what a subscription gave up on",))
    yield Part("store", "database", "Firestore", (", ".join(sorted(arguments["collections"])),))
    yield _secrets("Secret Manager", arguments["secrets"])
    yield Part("logs", "log bucket", "Logging", ("warnings about old messages by e-mail to the owner",))
    yield from _budget("Billing budget", arguments["budget"])
    yield Part("bucket", "packages, images", "Storage, Artifact Registry", ("the functions' code",))


def _secrets(service: str, names: object) -> Part:
    assert isinstance(names, list | dict | tuple)
    return Part("secrets", ", ".join(sorted(names)), service, ("their values are written after Terraform",))


def _budget(service: str, budget: object) -> Iterator[Part]:
    if budget:
        yield Part("budget", "budget", service, ("warns the owner at 50, 80, 100, 120 %",))
