"""What a function may do on AWS: what its handler does, on its own things, and nothing else."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from tests.deployer.aws.bench import SECOND, SITUATIONS, deployed, names_at, situation, stack
from tests.deployer.placements import twin
from twin2multicloud.deployer.clouds.aws.functions import plans_of
from twin2multicloud.deployer.clouds.aws.grants import GRANTS, granted, statements_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import webhook_secrets
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import WebhookAction
from twin2multicloud.runtime.adapters.aws.build import AwsConfig
from twin2multicloud.runtime.entry.roles import FunctionConfig

ARN = re.compile(r"arn:\{partition\}:[a-z0-9]+:([a-z0-9-]*):(\{account\}|):[A-Za-z0-9_/.:*?-]+")
OF_FIELDS = {
    "hot_table": ("dynamodb:", "table/{}"),
    "state_table": ("dynamodb:", "table/{}"),
    "graph_table": ("dynamodb:", "table/{}"),
    "twinmaker_workspace": ("iottwinmaker:", "workspace/{}"),
}


def test_processing_may_do_this_and_no_more() -> None:
    names = names_at(deployed(), Slot.PROCESSING)
    (process,) = (plan for plan in plans_of(names, Slot.PROCESSING) if plan.component == "process")
    base = "arn:{partition}:"
    table = base + "dynamodb:eu-central-1:{account}:table/smart-home-k3x9f-"
    wanted = {
        ("dynamodb:BatchWriteItem", table + "state"),
        ("dynamodb:BatchGetItem", table + "state"),
        ("dynamodb:PutItem", table + "state"),
        ("dynamodb:PutItem", table + "hot"),
        ("dynamodb:UpdateItem", table + "graph"),
        ("sns:Publish", base + "sns:eu-central-1:{account}:smart-home-k3x9f-errors"),
        ("sns:Publish", base + "sns:eu-central-1:{account}:smart-home-k3x9f-alerts"),
        ("iot:Publish", base + "iot:eu-central-1:{account}:topic/dt/smart-home/*/commands"),
        ("sqs:ReceiveMessage", base + "sqs:eu-central-1:{account}:smart-home-k3x9f-intake"),
        ("sqs:DeleteMessage", base + "sqs:eu-central-1:{account}:smart-home-k3x9f-intake"),
        ("sqs:GetQueueAttributes", base + "sqs:eu-central-1:{account}:smart-home-k3x9f-intake"),
        ("sqs:SendMessage", base + "sqs:eu-central-1:{account}:smart-home-k3x9f-actions"),
    }
    found = {
        (action, resource)
        for statement in statements_of(process, names)
        for action in statement["actions"]
        for resource in statement["resources"]
    }
    assert found == wanted


@pytest.mark.parametrize("name", SITUATIONS)
def test_rights_are_of_this_deployment_alone(name: str) -> None:
    """No action with a wildcard, no resource of another's, and one statement for each word and thing."""
    deployment = situation(name)
    for slot in Slot:
        if deployment.site(slot).provider is not Provider.AWS:
            continue
        names = names_at(deployment, slot)
        for plan in plans_of(names, slot):
            statements = statements_of(plan, names)
            sids = [statement["sid"] for statement in statements]
            assert len(sids) == len(set(sids))
            assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
            for statement in statements:
                assert not any("*" in action for action in statement["actions"])
                for resource in statement["resources"]:
                    assert ARN.fullmatch(resource), resource
                    assert deployment.names.stem in resource or "topic/dt/smart-home/*/commands" in resource


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_function_is_told_what_it_may_reach_and_nothing_else(name: str) -> None:
    deployment = situation(name)
    for slot in Slot:
        if deployment.site(slot).provider is not Provider.AWS:
            continue
        names = names_at(deployment, slot)
        for component, function in stack(deployment, slot).arguments.get("functions", {}).items():
            config = msgspec.json.decode(function["environment"]["T2M_CONFIG"], type=AwsConfig)
            told = msgspec.json.decode(function["environment"]["T2M_FUNCTION"], type=FunctionConfig)
            assert (told.component, config.region) == (component, names.site.region)
            allowed = [
                (action, resource)
                for statement in function["statements"]
                for action in statement["actions"]
                for resource in statement["resources"]
            ]
            for field, (service, resource) in OF_FIELDS.items():
                value = getattr(config, field)
                if field == "graph_table" and config.twinmaker_workspace:
                    continue  # the connector's; this function asks IoT TwinMaker
                reaches = [
                    r for action, r in allowed if action.startswith(service) and r.endswith(resource.format(value))
                ]
                assert bool(value) == bool(reaches) or not value, f"{component}: {field}"
            for topic, address in config.topics.items():
                thing = address.rpartition("/")[2] if address.startswith("https") else address.rpartition(":")[2]
                assert [r for action, r in allowed if r.endswith(f":{thing}")], f"{component}: {topic}"
            for bucket in (config.cool, config.archive):
                assert bucket is None or [
                    r for _, r in allowed if r.startswith(f"arn:{{partition}}:s3:::{bucket.name}")
                ]


def test_twinmaker_is_asked_by_its_own_actions() -> None:
    names = names_at(deployed(SECOND), Slot.MANAGEMENT)
    (grant,) = granted("graph.update", Slot.PROCESSING, names)
    assert grant.actions == ("iottwinmaker:BatchPutPropertyValues", "iottwinmaker:GetEntity")
    (values,) = granted("values", Slot.MANAGEMENT, names)
    assert values.resources == ("arn:{partition}:dynamodb:eu-central-1:{account}:table/smart-home-k3x9f-twin-values",)


def test_webhooks_read_their_own_secrets_only() -> None:
    _, spec = twin("smart-home")
    rule = msgspec.structs.replace(spec.rules[0], actions=(WebhookAction("https://example.com", "siren"),))
    with_secret = msgspec.structs.replace(spec, rules=(rule,))
    names = names_at(deployed(spec=with_secret), Slot.PROCESSING)
    assert webhook_secrets(with_secret) == ("siren",)
    (grant,) = granted("secret:webhooks", Slot.PROCESSING, names)
    (resource,) = grant.resources
    assert resource.endswith(":secret:smart-home-k3x9f/siren-??????")
    without = msgspec.structs.replace(spec, rules=(msgspec.structs.replace(rule, actions=()),))
    assert granted("secret:webhooks", Slot.PROCESSING, names_at(deployed(spec=without), Slot.PROCESSING)) == []


def test_every_word_that_functions_use_means_something() -> None:
    words = {
        word.partition(":")[0]
        for name in SITUATIONS
        for slot in Slot
        for plan in plans_of(names_at(situation(name), slot), slot)
        for word in plan.grants
        if situation(name).site(slot).provider is Provider.AWS
    }
    assert words <= {key.partition("@")[0] for key in GRANTS}
    assert json.dumps(GRANTS)  # data, for whoever checks what was deployed


def test_a_deployments_rights_follow_its_generation() -> None:
    moved: Deployment = deployed(generations={"L3.hot": 2})
    (grant,) = granted("hot.write", Slot.PROCESSING, names_at(moved, Slot.PROCESSING))
    assert grant.resources[0].endswith("table/smart-home-k3x9f-hot-2")
