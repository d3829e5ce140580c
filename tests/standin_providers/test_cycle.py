"""The whole way of a configuration over three clouds, attached to a server and through a plugin mirror."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.standin_providers.configurations import ALL, PROVIDERS, QUEUES, RESOURCES, changed
from tests.standin_providers.conftest import CLOUDS, Attach
from tests.standin_providers.terraform import Terraform, wait_until
from twin2multicloud import standin

pytestmark = pytest.mark.slow


def test_attached(attach: Attach, world: Path) -> None:
    terraform = attach(ALL)
    terraform.succeed("validate", "-no-color")
    planned = terraform.changes()
    assert len(planned) == RESOURCES
    assert set(map(tuple, planned.values())) == {("create",)}
    assert terraform.apply().code == 0
    assert terraform.changes() == {}
    assert sum(1 for _ in standin.World(world).objects()) == RESOURCES
    assert terraform.destroy().code == 0
    assert list(standin.World(world).objects()) == []
    assert not (terraform.directory / ".terraform.lock.hcl").exists()


def test_installed_from_a_mirror(tmp_path: Path, world: Path) -> None:
    variables = standin.mirror(tmp_path / "mirror", world, providers=CLOUDS)
    terraform = Terraform(tmp_path / "work", variables)
    terraform.write(ALL)
    (terraform.directory / "code.zip").write_bytes(b"code")
    assert terraform.init().apply().code == 0
    assert sum(1 for _ in standin.World(world).objects()) == RESOURCES
    assert terraform.run("plan", "-no-color", "-detailed-exitcode").code == 0
    assert terraform.destroy().code == 0
    assert list(standin.World(world).objects()) == []
    lock = (terraform.directory / ".terraform.lock.hcl").read_text()
    assert 'version     = "6.69.1"' in lock
    assert 'version     = "5.10.0"' in lock
    assert 'version     = "8.7.0"' in lock


def test_a_mirror_holds_no_other_versions(tmp_path: Path) -> None:
    terraform = Terraform(tmp_path / "work", standin.mirror(tmp_path / "mirror", providers=CLOUDS))
    terraform.write(changed('">= 8.7, < 9"', '"~> 7.0"'))
    outcome = terraform.run("init", "-no-color")
    assert outcome.code == 1
    assert "no available releases match the given constraints ~> 7.0" in outcome.text


def test_a_plugin_ends_when_terraform_is_killed(tmp_path: Path, world: Path) -> None:
    story = tmp_path / "scenario.json"
    story.write_text('{"delays": [{"type": "aws_sqs_queue", "seconds": 60}]}')
    directory = tmp_path / "mirror"
    terraform = Terraform(tmp_path / "work", standin.mirror(directory, world, story, providers=["aws"]))
    terraform.write(PROVIDERS.split("provider ")[0].split("    azurerm")[0] + "  }\n}\n" + QUEUES)
    terraform.init()

    def plugins() -> list[str]:
        shown = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
        return [line.split()[0] for line in shown.splitlines() if "--plugin aws" in line and str(story) in line]

    with terraform.start("apply", "-auto-approve") as running:
        wait_until(plugins)
        os.kill(running.pid, signal.SIGKILL)
    wait_until(lambda: not plugins())


def test_what_the_clouds_answer_looks_like_theirs(attach: Attach) -> None:
    terraform = attach(ALL)
    assert terraform.apply().code == 0
    state = terraform.values()
    table = state["aws_dynamodb_table.hot"]
    assert table["arn"] == "arn:aws:dynamodb:eu-central-1:123456789012:table/mill-hot"
    assert table["tags"] == {"layer": "L3"}
    assert table["tags_all"] == {"layer": "L3", "twin": "mill"}
    url = state["aws_lambda_function_url.ingest"]["function_url"]
    assert url.startswith("https://")
    assert url.endswith(".lambda-url.eu-central-1.on.aws/")
    assert state["azurerm_iothub.hub"]["id"] == (
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/mill"
        "/providers/Microsoft.Devices/iotHubs/mill-hub"
    )
    assert state["azurerm_iothub.hub"]["hostname"] == "mill-hub.azure-devices.net"
    assert state["azurerm_cosmosdb_account.hot"]["endpoint"] == "https://mill-hot.documents.azure.com:443/"
    assert state["azurerm_storage_account.cool"]["primary_blob_endpoint"] == "https://millcool.blob.core.windows.net/"
    topic = state["google_pubsub_topic.telemetry"]
    assert topic["id"] == "projects/mill-project/topics/mill-telemetry"
    assert topic["effective_labels"] == {"goog-terraform-provisioned": "true", "layer": "l2", "twin": "mill"}
    function = state["google_cloudfunctions2_function.process"]["service_config"][0]
    assert function["uri"].endswith(".a.run.app")
    assert function["environment_variables"]["RECEIVER"] == url
    policy = json.loads(state["aws_iam_role_policy.writer"]["policy"])
    assert policy["Statement"] == [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table["arn"]}]
    outputs = terraform.succeed("output", "-json").json()
    assert outputs["key"]["sensitive"]
    assert outputs["account"]["value"] == "123456789012"


def test_the_same_apply_gives_the_same_values(attach: Attach, tmp_path: Path) -> None:
    states = []
    for number in ("one", "two"):
        terraform = attach(ALL, name=number, at=tmp_path / f"world-{number}")
        assert terraform.apply().code == 0
        states.append(terraform.values())
    assert states[0] == states[1]


def test_changes_are_in_place_or_replace_as_the_clouds_can(attach: Attach) -> None:
    terraform = attach(ALL)
    assert terraform.apply().code == 0
    terraform.write(changed('source_code_hash = "one"', 'source_code_hash = "two"'))
    assert terraform.changes() == {"aws_lambda_function.ingest": ["update"]}
    terraform.write(changed("enabled        = true", "enabled        = false"))
    # Terraform reads a data source after what it depends on, so the policy may change with the table.
    assert terraform.changes() == {"aws_dynamodb_table.hot": ["update"], "aws_iam_role_policy.writer": ["update"]}
    terraform.write(changed('statement_id  = "iot"', 'statement_id  = "rule"'))
    assert terraform.changes() == {"aws_lambda_permission.ingest": ["delete", "create"]}
    terraform.write(changed('tags = { twin = "mill" }', 'tags = { twin = "weir" }'))
    changes = terraform.changes().keys() - {"aws_iam_role_policy.writer"}
    tagged = ("dynamodb_table.hot", "iam_role.writer", "lambda_function.ingest", "iot_topic_rule.ingest")
    assert changes == {f"aws_{address}" for address in tagged}
    terraform.write(changed('name     = "mill"\n', 'name     = "weir"\n'))
    replaced = {address for address, actions in terraform.changes().items() if actions == ["delete", "create"]}
    assert replaced == {
        "azurerm_resource_group.mill",
        "azurerm_iothub.hub",
        "azurerm_cosmosdb_account.hot",
        "azurerm_cosmosdb_sql_database.twin",
        "azurerm_storage_account.cool",
    }
    terraform.write(ALL)
    assert terraform.changes() == {}


def test_several_runs_at_once_share_a_server(tmp_path: Path, world: Path) -> None:
    def apply(number: int, variables: dict[str, str]) -> int:
        terraform = Terraform(tmp_path / f"work-{number}", variables)
        terraform.write(PROVIDERS + QUEUES.replace("mill-", f"mill-{number}-"))
        return terraform.init().apply().code

    with standin.serve(world, providers=CLOUDS) as variables, ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda number: apply(number, dict(variables)), range(6))) == [0] * 6
    assert sum(1 for _ in standin.World(world).objects("aws_sqs_queue")) == 30


def test_every_provider_block_has_its_own_configuration(attach: Attach) -> None:
    """Aliases share an attached server, and so do runs for several regions."""
    regions = ("eu-west-1", "us-east-1", "ap-south-1")
    text = PROVIDERS + "".join(
        f'provider "aws" {{\n  alias  = "{region}"\n  region = "{region}"\n}}\n'
        f'resource "aws_sqs_queue" "{region}" {{\n  provider = aws.{region}\n  name = "mill"\n}}\n'
        for region in regions
    )
    terraform = attach(text)
    assert terraform.apply().code == 0
    state = terraform.values()
    assert {address: values["arn"] for address, values in state.items()} == {
        f"aws_sqs_queue.{region}": f"arn:aws:sqs:{region}:123456789012:mill" for region in regions
    }
    assert terraform.changes() == {}


def test_an_existing_object_is_imported(attach: Attach, world: Path) -> None:
    first = attach(PROVIDERS + QUEUES)
    assert first.apply().code == 0
    second = attach(PROVIDERS + QUEUES, name="second")
    address = "https://sqs.eu-central-1.amazonaws.com/123456789012/mill-0"
    second.succeed("import", "-no-color", "aws_sqs_queue.each[0]", address)
    assert set(second.changes()) == {f"aws_sqs_queue.each[{number}]" for number in range(1, 5)}
    outcome = second.run("import", "-no-color", "aws_sqs_queue.each[1]", f"{address}-none")
    assert outcome.code == 1
    assert "Cannot import non-existent remote object" in outcome.text


def test_opentofu_finds_the_providers_under_its_own_registry(world: Path) -> None:
    with standin.serve(world, providers=CLOUDS) as variables:
        attached = json.loads(variables["TF_REATTACH_PROVIDERS"])
    assert {f"{host}/hashicorp/aws" for host in ("registry.terraform.io", "registry.opentofu.org")} <= attached.keys()


def test_serving_leaves_nothing_behind(world: Path) -> None:
    before = {thread.name for thread in threading.enumerate()}
    with standin.serve(world, providers=CLOUDS) as variables:
        sockets = [Path(entry["Addr"]["String"]) for entry in json.loads(variables["TF_REATTACH_PROVIDERS"]).values()]
        assert all(socket.exists() for socket in sockets)
        assert all(socket.parent.stat().st_mode & 0o077 == 0 for socket in sockets)
    assert not any(socket.parent.exists() for socket in sockets)
    assert not {name for name in {t.name for t in threading.enumerate()} - before if name.startswith("standin")}
