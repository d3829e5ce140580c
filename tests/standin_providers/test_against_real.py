"""The stand-in for AWS beside the real provider, where a machine has it: `T2M_TF_MIRROR` names the mirror it lies in.

Both plan the same new resources, and the real one is then given the state that the stand-in's apply left. Nothing of
this asks a cloud: a plan of new resources needs none, and the second is made without refreshing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin_providers.configurations import AWS
from tests.standin_providers.terraform import Terraform
from twin2multicloud import standin

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "scripts" / "provider-mirrors"
REAL = "5.100.0"

HEAD = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
"""

RESOURCES = AWS.replace('data "aws_caller_identity" "me" {}', "") + (Path(__file__).parent / "real.tf").read_text()

KNOWN = {
    "aws_budgets_budget.b.notification[0].subscriber_sns_topic_arns",
    "aws_ecs_service.s.availability_zone_rebalancing",
    "aws_ecs_service.s.network_configuration[0].subnets",
    "aws_s3_bucket.b.region",
    "aws_s3_bucket_lifecycle_configuration.b.rule[0].filter[0].object_size_greater_than",
    "aws_s3_bucket_lifecycle_configuration.b.rule[0].filter[0].object_size_less_than",
    "aws_s3_bucket_server_side_encryption_configuration.b.rule[0].apply_server_side_encryption_by_default[0].kms_master_key_id",
    "aws_s3_bucket_server_side_encryption_configuration.b.rule[0].bucket_key_enabled",
    "aws_subnet.s.ipv6_cidr_block",
}
"""Where the two plans differ: what one knows before apply and the other not, and null in place of nothing."""


CHANGES = """
aws_lambda_function.ingest             memory_size = 256
aws_lambda_function.ingest             architectures = ["arm64"]
aws_lambda_function.ingest             runtime = "python3.13"
aws_lambda_function.ingest             function_name = "other"
aws_lambda_function_url.ingest         authorization_type = "AWS_IAM"
aws_lambda_permission.ingest           action = "lambda:InvokeFunctionUrl"
aws_lambda_permission.ingest           principal = "sns.amazonaws.com"
aws_lambda_event_source_mapping.m      batch_size = 5
aws_lambda_layer_version.l             layer_name = "other"
aws_lambda_layer_version.l             description = "other"
aws_iam_role.writer                    description = "other"
aws_iam_role.writer                    path = "/other/"
aws_iam_role_policy.writer             name = "other"
aws_iam_role_policy_attachment.a       policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
aws_dynamodb_table.hot                 table_class = "STANDARD_INFREQUENT_ACCESS"
aws_dynamodb_table.hot                 attribute_name = "other"
aws_iot_topic_rule.ingest              sql = "SELECT * FROM 'other'"
aws_iot_topic_rule.ingest              name = "other"
aws_iot_policy.p                       policy = "{}"
aws_iot_provisioning_template.t        template_body = "{}"
aws_sqs_queue.q                        visibility_timeout_seconds = 60
aws_sqs_queue.q                        name = "other"
aws_sns_topic.t                        name = "other"
aws_sns_topic_subscription.s           raw_message_delivery = true
aws_cloudwatch_log_group.l             retention_in_days = 7
aws_cloudwatch_log_group.l             name = "/other"
aws_cloudwatch_metric_alarm.a          threshold = 1
aws_cloudwatch_metric_alarm.a          alarm_name = "other"
aws_scheduler_schedule.s               schedule_expression = "rate(2 hours)"
aws_scheduler_schedule.s               name = "other"
aws_secretsmanager_secret.s            recovery_window_in_days = 7
aws_secretsmanager_secret.s            name = "other"
aws_s3_bucket.b                        force_destroy = true
aws_s3_bucket.b                        bucket = "other"
aws_s3_bucket_public_access_block.b    block_public_acls = false
aws_s3_bucket_lifecycle_configuration.b days = 60
aws_s3_object.o                        content = "other"
aws_s3_object.o                        key = "other"
aws_budgets_budget.b                   limit_amount = "20"
aws_budgets_budget.b                   time_unit = "DAILY"
aws_cloudformation_stack.s             template_body = "{}"
aws_grafana_workspace.g                permission_type = "CUSTOMER_MANAGED"
aws_grafana_workspace.g                authentication_providers = ["SAML"]
aws_apigatewayv2_api.a                 name = "other"
aws_apigatewayv2_stage.s               name = "other"
aws_apigatewayv2_integration.i         integration_type = "HTTP_PROXY"
aws_apigatewayv2_route.r               route_key = "GET /other"
aws_vpc.v                              cidr_block = "10.1.0.0/16"
aws_subnet.s                           cidr_block = "10.0.2.0/24"
aws_security_group.g                   description = "other"
aws_vpc_security_group_egress_rule.e   cidr_ipv4 = "10.0.0.0/8"
aws_ecs_cluster.c                      name = "other"
aws_ecs_task_definition.t              cpu = 512
aws_ecs_service.s                      desired_count = 2
aws_efs_file_system.f                  throughput_mode = "elastic"
aws_efs_file_system.f                  encrypted = false
aws_service_discovery_private_dns_namespace.n name = "other.local"
"""
"""Arguments that are changed, one of each resource at a time: both providers must do the same about it."""


def rounds() -> list[str]:
    """The resources with changes, as few times as it takes to make them all."""
    texts: list[str] = []
    touched: list[set[str]] = []
    for line in CHANGES.strip().splitlines():
        address, argument, value = re.fullmatch(r"(\S+) +(\w+) = (.+)", line).groups()  # type: ignore[union-attr]
        turn = next((i for i, done in enumerate(touched) if address not in done), len(texts))
        if turn == len(texts):
            texts.append(RESOURCES)
            touched.append(set())
        touched[turn].add(address)
        kind, name = address.split(".")
        found = re.search(rf'resource "{kind}" "{name}" {{\n.*?^}}\n', texts[turn], re.DOTALL | re.MULTILINE)
        assert found, address
        block, count = re.subn(
            rf"^( +){argument} +=.*$", rf"\1{argument} = {value}", found[0], count=1, flags=re.MULTILINE
        )
        if not count:
            block = found[0].replace("{\n", f"{{\n  {argument} = {value}\n", 1)
        texts[turn] = texts[turn].replace(found[0], block)
    return texts


@pytest.fixture(scope="module")
def mirror() -> Path:
    told = subprocess.run([str(SCRIPT)], capture_output=True, text=True, check=True)
    for place in filter(None, told.stdout.strip().split(os.pathsep)):
        if any(Path(place).glob(f"*/hashicorp/aws/{REAL}/*/terraform-provider-aws*")):
            return Path(place)
    pytest.skip(f"stand-in missing: no hashicorp/aws {REAL} in a mirror that T2M_TF_MIRROR names")


@pytest.fixture(scope="module")
def attached(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which Terraform uses the real provider, started once: each start takes seconds of processor
    time, and every command would make several.
    """
    (path,) = mirror.glob(f"*/hashicorp/aws/{REAL}/*/terraform-provider-aws*")
    place = tmp_path_factory.mktemp("plugin")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"GOGC": "400"}
    with subprocess.Popen(
        [path, "-debug"],
        cwd=place,
        env={**own, "GOGC": "400"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = next(line for line in process.stdout if line.strip().startswith("TF_REATTACH_PROVIDERS="))
            config = place / "terraform.rc"
            config.write_text("")
            yield {
                "TF_REATTACH_PROVIDERS": told.strip().partition("=")[2].strip("'"),
                "TF_CLI_CONFIG_FILE": str(config),
            }
        finally:
            process.kill()


def prepared(directory: Path, variables: Any) -> Terraform:
    terraform = Terraform(directory, variables)
    terraform.write(HEAD + RESOURCES)
    (directory / "code.zip").write_bytes(b"code")
    return terraform.init()


def planned(terraform: Terraform) -> dict[str, Any]:
    terraform.succeed("plan", "-no-color", "-refresh=false", "-out=plan")
    shown = terraform.succeed("show", "-json", "plan").json()
    return {each["address"]: each["change"] for each in shown["resource_changes"] if each["mode"] == "managed"}


def flat(value: Any, unknown: Any, path: str) -> dict[str, object]:
    """The leaves of a planned value by path; those not known yet as a word."""
    if unknown is True:
        return {path: "unknown"}
    if isinstance(value, dict):
        hidden = unknown if isinstance(unknown, dict) else {}
        leaves = (flat(value.get(key), hidden.get(key), f"{path}.{key}") for key in value.keys() | hidden.keys())
        return {key: leaf for each in leaves for key, leaf in each.items()}
    if isinstance(value, list) and value:
        hidden_items = unknown if isinstance(unknown, list) else [None] * len(value)
        leaves = (flat(item, hidden_items[i], f"{path}[{i}]") for i, item in enumerate(value))
        return {key: leaf for each in leaves for key, leaf in each.items()}
    return {path: value}


def test_plans_of_new_resources_are_the_same(tmp_path: Path, attached: dict[str, str]) -> None:
    with standin.serve(providers=["aws"]) as variables:
        ours = planned(prepared(tmp_path / "standin", variables))
    real = planned(prepared(tmp_path / "real", attached))
    assert ours.keys() == real.keys()
    different = set()
    for address, change in real.items():
        theirs = flat(change["after"], change["after_unknown"], address)
        own = flat(ours[address]["after"], ours[address]["after_unknown"], address)
        different |= {path for path in theirs.keys() & own.keys() if theirs[path] != own[path]}
        # A path that only one has is an attribute of the newer release, unless it is part of a value of the other.
        for these, others in ((theirs, own), (own, theirs)):
            alone = these.keys() - others.keys()
            different |= {whole for path in alone for whole in others if path.startswith((f"{whole}[", f"{whole}."))}
    assert different == KNOWN


def test_what_the_stand_in_made_is_what_the_real_provider_would_have_and_changes_alike(
    tmp_path: Path, attached: dict[str, str]
) -> None:
    ours_did = []
    with standin.serve(tmp_path / "world", providers=["aws"]) as variables:
        ours = prepared(tmp_path / "standin", variables)
        assert ours.apply().code == 0
        for text in rounds():
            ours.write(HEAD + text)
            ours_did.append(actions(ours))
    state = json.loads((ours.directory / "terraform.tfstate").read_text())
    real = prepared(tmp_path / "real", attached)
    schemas = real.succeed("providers", "schema", "-json").json()["provider_schemas"].popitem()[1]["resource_schemas"]
    for resource in state["resources"]:
        for instance in resource["instances"] if resource["mode"] == "managed" else ():
            schema = schemas[resource["type"]]
            instance["schema_version"] = schema["version"]
            instance["attributes"] = older(instance["attributes"], schema["block"])
    (real.directory / "terraform.tfstate").write_text(json.dumps(state))
    assert len(state["resources"]) > 40
    assert actions(real) == {}
    for text, expected in zip(rounds(), ours_did, strict=True):
        real.write(HEAD + text)
        assert expected
        assert actions(real) == expected


def actions(terraform: Terraform) -> dict[str, str]:
    """What a plan would do to each resource that it would not leave alone; a replacement is one thing.

    Told while planning: to be shown a plan, Terraform asks for all the schemas once more.
    """
    told = terraform.succeed("plan", "-json", "-refresh=false").out.splitlines()
    changes = [each["change"] for each in map(json.loads, told) if each["type"] == "planned_change"]
    return {change["resource"]["addr"]: change["action"] for change in changes}


def older(values: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Values without those that an older release of the provider does not have."""
    kept = {name: value for name, value in values.items() if name in block.get("attributes", {})}
    for name, nested in block.get("block_types", {}).items():
        value = values.get(name)
        if isinstance(value, list):
            kept[name] = [older(item, nested["block"]) for item in value]
        elif isinstance(value, dict):
            kept[name] = older(value, nested["block"])
    return kept
