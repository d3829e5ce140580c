"""Clouds that change, fail, are slow, or have the name already: what Terraform then sees."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.standin_providers.configurations import ALL, PROVIDERS, QUEUES, RESOURCES
from tests.standin_providers.conftest import Attach
from tests.standin_providers.terraform import wait_until
from twin2multicloud import standin
from twin2multicloud.standin import Delay, Failure, Scenario

pytestmark = pytest.mark.slow


def test_drift_is_seen_and_put_right(attach: Attach, world: Path) -> None:
    terraform = attach(ALL)
    assert terraform.apply().code == 0
    clouds = standin.World(world)
    table = next(clouds.objects("aws_dynamodb_table"))
    table.values["billing_mode"] = "PROVISIONED"
    clouds.put(table)
    # Terraform reads a data source after what it depends on, so the policy may change with the table.
    assert terraform.changes() == {"aws_dynamodb_table.hot": ["update"], "aws_iam_role_policy.writer": ["update"]}
    assert terraform.apply().code == 0
    assert next(clouds.objects("aws_dynamodb_table")).values["billing_mode"] == "PAY_PER_REQUEST"


def test_what_was_deleted_outside_is_made_again(attach: Attach, world: Path) -> None:
    terraform = attach(ALL)
    assert terraform.apply().code == 0
    clouds = standin.World(world)
    topic = next(clouds.objects("google_pubsub_topic"))
    clouds.remove(topic.type, topic.key)
    assert terraform.changes()["google_pubsub_topic.telemetry"] == ["create"]
    assert terraform.apply().code == 0
    assert terraform.changes() == {}


def test_a_name_that_is_taken_is_refused_in_the_clouds_words(attach: Attach) -> None:
    assert attach(ALL).apply().code == 0
    outcome = attach(ALL, name="again").apply()
    assert outcome.code == 1
    assert "ResourceAlreadyExistsException: mill-hot already exists" in outcome.text
    assert 'resourceGroups/mill" already exists - to be managed via Terraform this resource' in outcome.text
    assert "googleapi: Error 409: Resource 'mill-telemetry' already exists" in outcome.text


def test_a_name_that_is_unique_in_the_whole_cloud_is_taken_for_other_groups(attach: Attach) -> None:
    assert attach(ALL).apply().code == 0
    other = ALL.replace('name     = "mill"\n', 'name     = "weir"\n')
    terraform = attach(other, name="other")
    outcome = terraform.run("apply", "-auto-approve", "-no-color", "-target=azurerm_storage_account.cool")
    assert outcome.code == 1
    assert "resourceGroups/weir/providers/Microsoft.Storage/storageAccounts/millcool" in outcome.text
    assert "already exists" in outcome.text


def test_a_quota_is_hit_after_some_creations(attach: Attach) -> None:
    quota = Failure(type="aws_sqs_queue", kind="quota", after=3)
    terraform = attach(PROVIDERS + QUEUES, Scenario(failures=(quota,)))
    outcome = terraform.apply()
    assert outcome.code == 1
    assert "LimitExceededException" in outcome.text
    assert len(terraform.resources()) == 3


def test_a_failure_that_passes_is_overcome_by_a_second_apply(attach: Attach, world: Path) -> None:
    once = Failure(type="azurerm_iothub", kind="throttled", times=1)
    terraform = attach(ALL, Scenario(failures=(once,)))
    outcome = terraform.apply()
    assert outcome.code == 1
    assert "429 (429 Too Many Requests)" in outcome.text
    assert "azurerm_iothub.hub" not in terraform.resources()
    assert terraform.apply().code == 0
    assert len(terraform.resources()) == RESOURCES


def test_a_creation_may_leave_something_broken_behind(attach: Attach, world: Path) -> None:
    half = Failure(type="google_storage_bucket", kind="timeout", times=1, leaves="tainted")
    terraform = attach(ALL, Scenario(failures=(half,)))
    assert terraform.apply().code == 1
    assert terraform.changes()["google_storage_bucket.code"] == ["delete", "create"]
    assert next(standin.World(world).objects("google_storage_bucket")).id == "mill-code"
    assert terraform.apply().code == 0


def test_a_deletion_that_fails_leaves_the_object_and_its_state(attach: Attach, world: Path) -> None:
    stuck = Failure(type="aws_dynamodb_table", verb="delete", kind="in-use")
    terraform = attach(ALL, Scenario(failures=(stuck,)))
    assert terraform.apply().code == 0
    outcome = terraform.destroy()
    assert outcome.code == 1
    assert "deleting aws_dynamodb_table (mill-hot): api error DeleteConflict" in outcome.text
    assert terraform.resources() == {"aws_dynamodb_table.hot"}
    assert [thing.id for thing in standin.World(world).objects()] == ["mill-hot"]


@pytest.mark.parametrize(
    ("provider", "kind", "words"),
    [
        ("aws", "expired-credentials", "api error ExpiredToken: The security token included in the request is expired"),
        ("azurerm", "expired-credentials", "AADSTS7000222: The provided client secret keys"),
        ("google", "expired-credentials", 'oauth2: "invalid_grant"'),
        ("aws", "no-credentials", "No valid credential sources found"),
    ],
)
def test_credentials_that_are_no_good_end_the_plan(attach: Attach, provider: str, kind: str, words: str) -> None:
    refused = Failure(type=provider, verb="configure", kind=kind)
    outcome = attach(ALL, Scenario(failures=(refused,))).run("plan", "-no-color")
    assert outcome.code == 1
    assert words in outcome.text


def test_own_words_and_a_name_single_out_one_object(attach: Attach) -> None:
    one = Failure(type="aws_*", name="^mill-3$", error="boom", detail="with details")
    terraform = attach(PROVIDERS + QUEUES, Scenario(failures=(one,)))
    outcome = terraform.apply()
    assert outcome.code == 1
    assert "Error: boom" in outcome.text
    assert "with details" in outcome.text
    assert terraform.resources() == {f"aws_sqs_queue.each[{number}]" for number in (0, 1, 2, 4)}


def test_a_slow_apply_that_is_interrupted_finishes_what_it_began(attach: Attach, world: Path) -> None:
    slow = Delay(type="aws_sqs_queue", verb="create", seconds=1.5)
    terraform = attach(PROVIDERS + QUEUES, Scenario(delays=(slow,)))
    with terraform.start("apply", "-auto-approve", "-no-color", "-parallelism=2") as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "Creating..." in line:
                os.kill(running.pid, signal.SIGINT)
                break
        rest = running.stdout.read()
    assert running.returncode == 1
    assert "execution halted" in rest
    made = len(list(standin.World(world).objects()))
    assert 1 <= made < 5
    assert len(terraform.resources()) == made


def test_a_slow_operation_may_give_up_when_interrupted(attach: Attach) -> None:
    slow = Delay(type="aws_sqs_queue", seconds=30)
    terraform = attach(PROVIDERS + QUEUES, Scenario(delays=(slow,), on_stop="cancel"))
    began = time.monotonic()
    with terraform.start("apply", "-auto-approve", "-no-color") as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "Creating..." in line:
                os.kill(running.pid, signal.SIGINT)
                break
        rest = running.stdout.read()
    assert running.returncode == 1
    assert "context canceled" in rest
    assert time.monotonic() - began < 20


def test_a_killed_terraform_leaves_objects_that_its_state_does_not_know(attach: Attach, world: Path) -> None:
    slow = Delay(type="aws_sqs_queue", name="mill-4", seconds=3)
    terraform = attach(PROVIDERS + QUEUES, Scenario(delays=(slow,)))
    with terraform.start("apply", "-auto-approve", "-no-color") as running:
        wait_until(lambda: sum(1 for _ in standin.World(world).objects()) == 4)
        os.kill(running.pid, signal.SIGKILL)
    wait_until(lambda: sum(1 for _ in standin.World(world).objects()) == 5)
    state = terraform.directory / "terraform.tfstate"  # written as it goes, so it may be there and hold some
    assert not state.exists() or state.read_text().count('"index_key"') < 5
    (terraform.directory / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
    outcome = terraform.apply()
    assert outcome.code == 1
    assert "already exists" in outcome.text


def test_a_protected_object_is_not_destroyed(attach: Attach) -> None:
    service = """
resource "google_cloud_run_v2_service" "gateway" {
  name     = "gateway"
  location = "europe-west3"
  template {
    containers {
      image = "europe-west3-docker.pkg.dev/mill/gateway:1"
    }
  }
}
"""
    terraform = attach(PROVIDERS + service)
    assert terraform.apply().code == 0
    outcome = terraform.destroy()
    assert outcome.code == 1
    assert "cannot destroy google_cloud_run_v2_service (gateway) without changing deletion_protection" in outcome.text
    terraform.write(PROVIDERS + service.replace("template {", "deletion_protection = false\n  template {"))
    assert terraform.apply().code == 0
    assert terraform.destroy().code == 0


def test_a_parent_is_not_destroyed_before_its_children(attach: Attach) -> None:
    hidden = PROVIDERS + (
        'resource "azurerm_resource_group" "mill" {\n  name     = "mill"\n  location = "westeurope"\n}\n'
        'resource "azurerm_user_assigned_identity" "fn" {\n  name = "mill-fn"\n  location = "westeurope"\n'
        '  resource_group_name = "mill"\n  depends_on = [azurerm_resource_group.mill]\n}\n'
    )
    terraform = attach(hidden)
    assert terraform.apply().code == 0
    outcome = terraform.run("destroy", "-auto-approve", "-no-color", "-target=azurerm_user_assigned_identity.fn")
    assert outcome.code == 0
    assert terraform.apply().code == 0
    terraform.succeed("state", "rm", "azurerm_user_assigned_identity.fn")
    outcome = terraform.destroy()
    assert outcome.code == 1
    assert "it still contains azurerm_user_assigned_identity" in outcome.text


def test_a_spoilt_world_says_which_file(attach: Attach, world: Path) -> None:
    terraform = attach(PROVIDERS + QUEUES)
    assert terraform.apply().code == 0
    path = sorted((world / "aws_sqs_queue").glob("*.json"))[0]
    path.write_text("{")
    outcome = terraform.run("plan", "-no-color")
    assert outcome.code == 1
    assert path.name in outcome.text.replace(" ", "")
    assert "not an object of a stand-in's world" in outcome.text


def test_without_a_world_every_state_is_believed(attach: Attach) -> None:
    terraform = attach(ALL, at=None)
    assert terraform.apply().code == 0
    assert terraform.changes() == {}
    assert attach(ALL, name="again", at=None).apply().code == 0
