"""Finding resources of AWS by what others call them: ARNs, names, URLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.world import Resource, World

_TAILS: Final = ("/*", ":*", "-??????")
"""What rights put behind an ARN: objects of a bucket, streams of a log, what Secrets Manager adds to a name."""


@dataclass(frozen=True)
class Ids:
    """A site's resources by their ARNs, and what CloudFormation makes beside them."""

    world: World

    @cached_property
    def by_arn(self) -> dict[str, Resource]:
        """Resources by ARN."""
        return {arn: each for each in self.world.resources if (arn := each.text("arn"))}

    @cached_property
    def account(self) -> tuple[str, str]:
        """The account's number and partition, as the first function's ARN says."""
        for each in self.world.of("aws_lambda_function", "aws_dynamodb_table"):
            steps = each.text("arn").split(":")
            if len(steps) > 4:
                return steps[4], steps[1]
        return "", "aws"

    def where(self, arn: str) -> Where | None:
        """The resource of an ARN."""
        found = self.by_arn.get(arn)
        return None if found is None else found.where

    def queue(self, address: str) -> Where | None:
        """The queue, topic or stream of a URL or an ARN."""
        if not address.startswith("https://"):
            return self.where(address)
        for queue in self.world.of("aws_sqs_queue"):
            if address in (queue.text("url"), queue.text("id")):
                return queue.where
        return None

    def named(self, kind: str, name: str, attribute: str = "name") -> Resource | None:
        """The resource of a type that has a name."""
        return self.world.one(kind, **{attribute: name})

    def function(self, name: str) -> Resource | None:
        """The function of a name or an ARN, perhaps with a version."""
        for function in self.world.of("aws_lambda_function"):
            if name in (function.text("function_name"), function.text("arn"), function.text("qualified_arn")):
                return function
        return None

    @cached_property
    def templates(self) -> tuple[tuple[Resource, str, Mapping[str, Any]], ...]:
        """What CloudFormation makes: the stack, a resource's type and its properties."""
        return tuple(
            (stack, str(each.get("Type", "")), each.get("Properties") or {})
            for stack in self.world.of("aws_cloudformation_stack")
            for each in _resources(stack.text("template_body"))
        )

    def exists(self, resource: str) -> bool:
        """Whether what a right names is there. What only the runtime makes (devices' topics) is not asked for."""
        if ":iot:" in resource or resource == "*":
            return True
        base = resource
        for tail in _TAILS:
            base = base.removesuffix(tail)
        if base in self.by_arn or base.partition(":::")[2].partition("/")[0] in self._buckets:
            return True
        if any(arn.startswith(f"{base}-") and ":secret:" in arn for arn in self.by_arn):
            return True
        return any(
            base.endswith(f":workspace/{properties.get('WorkspaceId')}")
            for _, kind, properties in self.templates
            if kind == "AWS::IoTTwinMaker::Workspace"
        )

    @cached_property
    def _buckets(self) -> frozenset[str]:
        return frozenset(bucket.text("bucket") for bucket in self.world.of("aws_s3_bucket"))


def _resources(template: str) -> Iterator[Mapping[str, Any]]:
    try:
        found = msgspec.json.decode(template or "{}").get("Resources", {})
    except (msgspec.DecodeError, AttributeError):
        return
    yield from (each for each in found.values() if isinstance(each, Mapping))
