"""What whoever deploys must be allowed to do on AWS, by the types of resources in use: an IAM policy document.

`permissions.toml` says which actions a type takes. Each is confined to resources whose names begin with the
deployment's where the service knows names at all; where it makes ids of its own (networks, APIs, file systems,
Grafana's workspaces), to the region.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Final, NamedTuple

from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.model.errors import UsageError

LONGEST: Final = 6144
"""Characters of a managed policy, white space not counted; more have to be several policies."""
_KEPT: Final = 27
"""Characters that every name has of its beginning: the shortest, a provisioning template's, ends in `-devices`."""
_ROLES: Final = "arn:*:iam::*:role/{stem}-*"
_SERVICES: Final = (
    "ecs-tasks.amazonaws.com",
    "grafana.amazonaws.com",
    "iot.amazonaws.com",
    "iottwinmaker.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
)
"""Who is handed a role of ours."""


class Need(NamedTuple):
    """Actions on resources, in which names of the deployment are still to be filled in."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@functools.cache
def needs() -> Mapping[str, tuple[Need, ...]]:
    """What each of Terraform's types takes; data sources have `data.` before theirs."""
    document = tomllib.loads(files(__package__).joinpath("permissions.toml").read_text("utf-8"))
    return {kind: _needs(group.get("allowed", ())) for group in document["permissions"] for kind in group["types"]}


def deployer_policy(types: Iterable[str], names: AwsNames) -> dict[str, Any]:
    """The policy of an identity that deploys, changes and destroys resources of these types under a site's names.

    Roles of ours may be handed to the services that act with them, and to no others. Raises `UsageError` for a type
    that is not known. A document beyond `LONGEST` is to be attached in parts (`parts_of`).
    """
    known = needs()
    wanted = sorted(set(types))
    allowed: dict[tuple[str, ...], set[str]] = {}
    for each in wanted:
        if each not in known:
            raise UsageError(f"permissions.toml has no entry for '{each}', which deploying on AWS takes; add it")
        for actions, resources in known[each]:
            allowed.setdefault(resources, set()).update(actions)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": [_filled(each, names) for each in resources]}
        for resources, actions in sorted(allowed.items())
    ]
    if "aws_iam_role" in wanted:
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": [_filled(_ROLES, names)],
                "Condition": {"StringEquals": {"iam:PassedToService": list(_SERVICES)}},
            }
        )
    return _document(statements)


def parts_of(policy: Mapping[str, Any], size: int = LONGEST) -> list[dict[str, Any]]:
    """The policy as several, none of which has more characters than a managed policy may have."""
    parts: list[dict[str, Any]] = []
    for statement in policy["Statement"]:
        if parts and _length(joined := _document([*parts[-1]["Statement"], statement])) <= size:
            parts[-1] = joined
        else:
            parts.append(_document([statement]))
    return parts


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _length(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def _needs(allowed: Iterable[Mapping[str, Any]]) -> tuple[Need, ...]:
    return tuple(
        Need(tuple(f"{each['service']}:{action}" for action in each["actions"]), tuple(each["resources"]))
        for each in allowed
    )


def _filled(resource: str, names: AwsNames) -> str:
    """The resource with what the deployment's names begin with, as far as all of them keep it (`names.fit`)."""
    stem = names.deployment.names.stem
    kept = stem if len(stem) <= _KEPT else f"{stem[:_KEPT]}*"
    return resource.format_map(
        {
            "stem": kept,
            "plain": kept.replace("-", ""),
            "underscored": kept.replace("-", "_"),
            "region": names.site.region,
        }
    )
