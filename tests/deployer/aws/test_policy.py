"""What whoever deploys must be allowed to do: known for every resource of the modules, on names of the deployment."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.deployer.aws.bench import deployed, names_at
from tests.deployer.aws.test_names import called
from twin2multicloud.deployer.clouds.aws.policy import LONGEST, deployer_policy, needs, parts_of
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

_DECLARED = re.compile(r'^(resource|data) "(\w+)" "', re.MULTILINE)


def types_of_modules() -> set[str]:
    """Every type that a module of ours declares."""
    found = set()
    for path in (SOURCE / "aws").rglob("*.tf"):
        for kind, name in _DECLARED.findall(path.read_text()):
            found.add(name if kind == "resource" else f"data.{name}")
    return found


def test_every_type_in_use_has_an_entry_and_no_other_does() -> None:
    assert types_of_modules() == set(needs())


def test_actions_are_named_one_by_one() -> None:
    for kind, wanted in needs().items():
        for need in wanted:
            assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action) for action in need.actions), kind
            assert len(need.actions) == len(set(need.actions)), kind


def test_resources_are_the_deployments_own_where_services_know_names() -> None:
    policy = deployer_policy(types_of_modules(), names_at(deployed(), Slot.HOT))
    anywhere = [statement for statement in policy["Statement"] if statement["Resource"] == ["*"]]
    (actions,) = [statement["Action"] for statement in anywhere]
    changing = {
        action for action in actions if re.search(":(Create|Delete|Put|Update|Register|Deregister|Modify)", action)
    }
    # What IAM knows no resource of.
    assert changing == {
        "ecs:DeregisterTaskDefinition",
        "ecs:RegisterTaskDefinition",
        "elasticfilesystem:CreateFileSystem",
        "grafana:CreateWorkspace",
        "iot:RegisterCACertificate",
        "iottwinmaker:CreateWorkspace",
        "kinesis:UpdateStreamMode",
        "lambda:CreateEventSourceMapping",
        "route53:CreateHostedZone",
        "servicediscovery:CreatePrivateDnsNamespace",
        "sso:CreateManagedApplicationInstance",
        "sso:DeleteManagedApplicationInstance",
    }


@pytest.mark.parametrize("name", ["home", "a-building-with-a-name-of-some-length", "x" * 63])
def test_names_that_are_cut_are_still_the_deployments_own(name: str) -> None:
    deployment = called(name, generations={"L1": 2})
    names = names_at(deployment, Slot.ACQUISITION)
    policy = deployer_policy(types_of_modules(), names)
    allowed = {resource for statement in policy["Statement"] for resource in statement["Resource"]} - {"*"}
    for arn in (
        f"arn:aws:iam::123456789012:role/{names.function(Slot.ACQUISITION, 'provisioning')}",
        f"arn:aws:lambda:eu-central-1:123456789012:function:{names.function(Slot.HOT, 'history')}",
        f"arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/{names.device_template}",
        f"arn:aws:iot:eu-central-1:123456789012:rule/{names.rule('telemetry')}",
        f"arn:aws:sqs:eu-central-1:123456789012:{names.undelivered(Slot.PROCESSING, 'twin-updates-outbox')}",
        f"arn:aws:s3:::{names.cool_bucket}",
        f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{names.secrets_prefix}links-AbCdEf",
    ):
        assert any(fnmatchcase(arn, pattern) for pattern in allowed), arn


def test_what_the_steps_after_terraform_do_is_allowed() -> None:
    policy = deployer_policy(types_of_modules(), names_at(deployed(), Slot.HOT))
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert allowed >= {
        "dynamodb:BatchWriteItem",  # the twin graph, and the copying of a move
        "dynamodb:Query",
        "iot:ListThingPrincipals",  # revoking a device
        "iot:ListCertificatesByCA",  # what devices left behind
        "iottwinmaker:BatchPutPropertyValues",
        "iottwinmaker:CreateEntity",
        "iottwinmaker:ListEntities",
        "s3:GetObject",
        "s3:PutObject",
        "secretsmanager:PutSecretValue",
    }


def test_roles_are_handed_to_the_services_that_act_with_them() -> None:
    policy = deployer_policy(["aws_iam_role"], names_at(deployed(), Slot.HOT))
    (passing,) = [statement for statement in policy["Statement"] if statement["Action"] == ["iam:PassRole"]]
    assert passing["Resource"] == ["arn:*:iam::*:role/smart-home-k3x9f-*"]
    assert "lambda.amazonaws.com" in passing["Condition"]["StringEquals"]["iam:PassedToService"]
    only_tables = deployer_policy(["aws_dynamodb_table"], names_at(deployed(), Slot.HOT))
    assert all(statement["Action"] != ["iam:PassRole"] for statement in only_tables["Statement"])


def test_parts_fit_managed_policies_and_lose_nothing() -> None:
    policy = deployer_policy(types_of_modules(), names_at(deployed(), Slot.HOT))
    parts = parts_of(policy)
    assert len(parts) > 1
    assert all(len(json.dumps(part, separators=(",", ":"))) <= LONGEST for part in parts)
    assert [statement for part in parts for statement in part["Statement"]] == policy["Statement"]


def test_a_type_without_an_entry_is_named() -> None:
    with pytest.raises(UsageError, match="no entry for 'aws_elephant'"):
        deployer_policy(["aws_elephant"], names_at(deployed(), Slot.HOT))
