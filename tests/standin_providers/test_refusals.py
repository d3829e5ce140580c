"""Wrong Terraform must fail with the stand-ins as it would with the real providers, and say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standin_providers.configurations import ALL, changed
from tests.standin_providers.terraform import Terraform
from twin2multicloud import standin

pytestmark = pytest.mark.slow

CONSISTENCY = """  consistency_policy {
    consistency_level = "Session"
  }
"""

CASES = {
    # What Terraform's core reads off the schema.
    "misspelt argument": (
        'billing_mode = "PAY',
        'biling_mode = "PAY',
        "validate",
        'An argument named "biling_mode" is not expected here. Did you mean "billing_mode"',
    ),
    "misspelt argument in a block": (
        'consistency_level = "Session"',
        'consistency_levle = "Session"',
        "validate",
        'An argument named "consistency_levle" is not expected here',
    ),
    "unknown block": ("  ttl {", "  time_to_live {", "validate", 'Blocks of type "time_to_live" are not expected here'),
    "attribute as block": (
        'labels = { layer = "l2" }',
        'labels {\n    layer = "l2"\n  }',
        "validate",
        'Blocks of type "labels" are not expected here',
    ),
    "block as attribute": (
        "  consistency_policy {",
        "  consistency_policy = {",
        "validate",
        'An argument named "consistency_policy" is not expected here',
    ),
    "missing argument": (
        '  offer_type          = "Standard"\n',
        "",
        "validate",
        'The argument "offer_type" is required, but no definition was found',
    ),
    "missing block": (CONSISTENCY, "", "validate", 'At least 1 "consistency_policy" blocks are required'),
    "too many blocks": (CONSISTENCY, CONSISTENCY * 2, "validate", 'No more than 1 "consistency_policy" blocks'),
    "text for a number": ("failover_priority = 0", 'failover_priority = "first"', "validate", "a number is required"),
    "list for a map": (
        "variables = { TABLE = aws_dynamodb_table.hot.name }",
        'variables = ["a"]',
        "validate",
        "map of string required",
    ),
    "read-only value set": (
        'name   = "mill-telemetry"',
        'name   = "mill-telemetry"\n  effective_labels = {}',
        "validate",
        'Can\'t configure a value for "effective_labels": its value will be decided automatically',
    ),
    "read-only value set in a block": (
        "  build_config {\n",
        '  build_config {\n    build = "one"\n',
        "validate",
        'Can\'t configure a value for "build"',
    ),
    "unknown resource": (
        'resource "aws_lambda_permission"',
        'resource "aws_lambda_permision"',
        "validate",
        'does not support resource type "aws_lambda_permision"',
    ),
    "unknown data source": (
        'data "aws_caller_identity" "me" {}',
        'data "aws_caller_identity" "me" {}\ndata "aws_callers" "all" {}',
        "validate",
        'does not support data source "aws_callers"',
    ),
    "reference to no resource": (
        "TABLE = aws_dynamodb_table.hot.name",
        "TABLE = aws_dynamodb_table.cold.name",
        "validate",
        "Reference to undeclared resource",
    ),
    "reference to no attribute": (
        "azurerm_iothub.hub.hostname",
        "azurerm_iothub.hub.host_name",
        "validate",
        'This object has no argument, nested block, or exported attribute named "host_name"',
    ),
    "wrong provider argument": (
        'region = "eu-central-1"',
        'regoin = "eu-central-1"',
        "validate",
        'An argument named "regoin" is not expected here',
    ),
    "cycle": (
        'sql_version = "2016-03-23"',
        'sql_version = "2016-03-23"\n  description = aws_lambda_permission.ingest.id',
        "validate",
        "Cycle: ",
    ),
    "secret in a plain output": ("  sensitive = true\n", "", "plan", "Output refers to sensitive values"),
    # What the overlay knows.
    "enum": ('"PAY_PER_REQUEST"', '"ON_DEMAND"', "validate", 'expected billing_mode to be one of ["PROVISIONED"'),
    "enum in a set's block": ('type = "N"', 'type = "DATE"', "validate", "expected attribute.type to be one of"),
    "enum in a list's block": ('name     = "S1"', 'name     = "XL"', "validate", "expected sku.name to be one of"),
    "pattern: a rule's name": ('"mill_ingest"', '"mill-ingest"', "validate", 'invalid value for name: "mill-ingest"'),
    "pattern: a storage account's name": ('"millcool"', '"mill-cool"', "validate", 'name: "mill-cool" must match'),
    "pattern: an ARN": (
        "role             = aws_iam_role.writer.arn",
        'role             = "mill-writer"',
        "validate",
        'invalid value for role: "mill-writer" must match arn:',
    ),
    "range": (
        '  handler          = "main.handler"',
        '  handler          = "main.handler"\n  timeout          = 901',
        "validate",
        "expected timeout to be in the range (1 - 900), got 901",
    ),
    "both of which one": (
        '  filename         = "code.zip"\n',
        '  filename         = "code.zip"\n  image_uri = "registry/image"\n',
        "validate",
        "only one of `filename,image_uri,s3_bucket` can be specified",
    ),
    "none of which one": (
        '  filename         = "code.zip"\n',
        "",
        "validate",
        "one of `filename,image_uri,s3_bucket` must be specified",
    ),
    "conflict": (
        '  name = "mill-writer"',
        '  name = "mill-writer"\n  name_prefix = "mill"',
        "validate",
        '"name": conflicts with name_prefix',
    ),
    "policy that is no JSON": (
        "assume_role_policy = jsonencode(",
        "assume_role_policy = yamlencode(",
        "validate",
        '"assume_role_policy" contains an invalid JSON policy',
    ),
    "key attribute that is not declared": (
        'range_key    = "time"',
        'range_key    = "at"',
        "validate",
        'all indexes must match a defined attribute. Unmatched indexes: ["at"]',
    ),
    "declared attribute that is no key": (
        '  range_key    = "time"\n',
        "",
        "validate",
        'all attributes must be indexed. Unused attributes: ["time"]',
    ),
    # What only the world knows.
    "parent that does not exist": (
        "account_name        = azurerm_cosmosdb_account.hot.name",
        'account_name        = "elsewhere"',
        "apply",
        "azurerm_cosmosdb_account 'elsewhere' could not be found",
    ),
}


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    base = tmp_path_factory.mktemp("refusals")
    with standin.serve(base / "world", providers=("aws", "azurerm", "google")) as variables:
        terraform = Terraform(base / "work", variables)
        (base / "work" / "code.zip").write_bytes(b"code")
        terraform.write(ALL)
        yield terraform.init()


def test_the_configuration_that_is_spoilt_below_is_right(terraform: Terraform) -> None:
    terraform.write(ALL)
    terraform.succeed("validate", "-no-color")
    terraform.succeed("plan", "-no-color")


@pytest.mark.parametrize("kind", CASES)
def test_a_wrong_configuration_fails_with_the_reason(terraform: Terraform, kind: str) -> None:
    old, new, command, expected = CASES[kind]
    terraform.write(changed(old, new))
    if command == "apply":
        outcome = terraform.apply()
        terraform.write(ALL)
        assert terraform.destroy().code == 0
    else:
        outcome = terraform.run(command, "-no-color")
    assert outcome.code == 1
    assert expected in outcome.text, outcome.text[-1500:]


def test_a_refusal_points_at_the_line(terraform: Terraform) -> None:
    text = changed('type = "N"', 'type = "DATE"')
    terraform.write(text)
    found = terraform.run("validate", "-json").json()["diagnostics"]
    assert [diagnostic["summary"][:29] for diagnostic in found] == ["expected attribute.type to be"]
    assert found[0]["address"] == "aws_dynamodb_table.hot"
    assert re.search(r"attribute|aws_dynamodb_table", text.splitlines()[found[0]["range"]["start"]["line"] - 1])


def test_a_value_that_is_not_known_yet_is_checked_on_apply(terraform: Terraform, tmp_path: Path) -> None:
    text = changed(
        'resource "aws_iot_topic_rule" "ingest" {\n  name        = "mill_ingest"',
        'resource "terraform_data" "name" {\n  input = "mill-ingest"\n}\n\n'
        'resource "aws_iot_topic_rule" "ingest" {\n  name        = terraform_data.name.output',
    )
    terraform.write(text)
    terraform.succeed("plan", "-no-color")
    outcome = terraform.apply()
    assert outcome.code == 1
    assert 'invalid value for name: "mill-ingest"' in outcome.text
    terraform.write(ALL)
    assert terraform.destroy().code == 0
