"""Stand-in providers in the engine: what goes wrong in clouds is reported in their words, with our hints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from tests.engine.processes import processes_in
from tests.engine.rig import STACK, Rig, rig_at
from twin2multicloud import standin
from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.events import Diagnostic, PlannedChange, ResourceDrift, Severity
from twin2multicloud.deployer.engine.hints import Kind, hint_for
from twin2multicloud.deployer.engine.job import StackJob
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.engine.process import Stop
from twin2multicloud.standin import Delay, Failure, Scenario, mirror

QUEUES = """
    terraform {
      required_providers {
        aws = { source = "hashicorp/aws" }
      }
    }

    provider "aws" {
      region = "eu-central-1"
    }

    resource "aws_sqs_queue" "dead" {
      name = "berlin-dead"
    }

    resource "aws_sqs_queue" "intake" {
      name                       = "berlin-intake"
      visibility_timeout_seconds = 60
      redrive_policy = jsonencode({
        deadLetterTargetArn = aws_sqs_queue.dead.arn
        maxReceiveCount     = 5
      })
    }
"""

EXPECTED: dict[str, set[Kind]] = {
    "expired-credentials": {Kind.CREDENTIALS},
    "invalid-credentials": {Kind.CREDENTIALS},
    "no-credentials": {Kind.CREDENTIALS},
    "permission-denied": {Kind.PERMISSION},
    # Limits of requests per minute are called quotas, too.
    "quota": {Kind.QUOTA, Kind.THROTTLED},
    "name-taken": {Kind.NAME_TAKEN, Kind.EXISTS},
    "region-unavailable": {Kind.REGION},
    "throttled": {Kind.THROTTLED},
    "not-registered": {Kind.PROVIDER_UNREGISTERED},
    "api-disabled": {Kind.API_DISABLED},
    "in-use": {Kind.DEPENDENCY},
    "protected": {Kind.DEPENDENCY},
    "timeout": {Kind.TIMEOUT},
    "exists": {Kind.EXISTS},
    "no-parent": {Kind.MISSING},
    "not-found": {Kind.MISSING},
}
FAILURES = json.loads((files(standin) / "failures.json").read_text())


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"region": "eu-central-1", "permission": "sqs:CreateQueue", "location": "westeurope"}.get(name, "x1")


@pytest.mark.parametrize(
    ("provider", "kind"), [(provider, kind) for provider, kinds in FAILURES.items() for kind in kinds]
)
def test_all_that_the_stand_ins_say_is_understood(provider: str, kind: str) -> None:
    words = FAILURES[provider][kind]
    said = [words[part].format_map(_Anything()) for part in ("error", "detail") if part in words]
    hint = hint_for(Diagnostic(Severity.ERROR, said[0], "".join(said[1:])))
    assert hint is not None
    assert hint.kind in EXPECTED[kind]


@contextmanager
def aws_at(root: Path, core: Core, scenario: Scenario | None = None) -> Iterator[tuple[Rig, StackJob]]:
    """An engine with a stand-in for AWS, whose world lies in `root/world`."""
    with standin.serve(root / "world", scenario, ["aws"]) as variables, rig_at(root, core) as rig:
        environment = {name: text for name, text in variables.items() if name != "TF_CLI_CONFIG_FILE"}
        yield rig, replace(rig.write(QUEUES), environment=environment)


@pytest.mark.slow
def test_a_quota_stops_half_way_and_the_next_run_finishes(tmp_path: Path, core: Core) -> None:
    story = Scenario(failures=(Failure("aws_sqs_queue", name="intake", kind="quota", times=1),))
    with aws_at(tmp_path, core, story) as (rig, job):
        failed = asyncio.run(rig.deploy(job))
        assert failed.status is Status.FAILED
        assert failed.resources is not None
        assert [resource.address for resource in failed.resources] == ["aws_sqs_queue.dead"]
        (failure,) = failed.failures
        assert failure.hint is not None
        assert failure.hint.kind is Kind.QUOTA
        assert failure.words.address == "aws_sqs_queue.intake"
        assert failure.words.file == "main.tf"
        assert "LimitExceededException" in failed.describe()
        assert "1 resources exist: deploy again to finish, or destroy it" in failed.describe()
        assert not failed.retryable
        rig.events.clear()
        assert asyncio.run(rig.deploy(job, "run-2")).status is Status.DONE
        assert [change.resource for change in rig.said(PlannedChange)[:1]] == ["aws_sqs_queue.intake"]


@pytest.mark.slow
def test_expired_credentials_stop_before_anything_is_done(tmp_path: Path, core: Core) -> None:
    story = Scenario(failures=(Failure("aws", verb="configure", kind="expired-credentials"),))
    with aws_at(tmp_path, core, story) as (rig, job):
        failed = asyncio.run(rig.deploy(job))
        assert (failed.status, failed.resources) == (Status.FAILED, ())
        assert failed.failures[0].hint is not None
        assert failed.failures[0].hint.kind is Kind.CREDENTIALS
        assert "the credentials have expired" in failed.describe()
        assert rig.store.history(STACK) == []


@pytest.mark.slow
def test_what_others_did_is_seen_and_put_right(tmp_path: Path, any_core: Core) -> None:
    with aws_at(tmp_path, any_core) as (rig, job):
        asyncio.run(rig.deploy(job))
        _delete_from_world(tmp_path / "world", "berlin-dead")

        async def drift() -> tuple[ResourceDrift, ...]:
            async with rig.engine.open(job, run_id="look") as run:
                await run.init()
                plan = await run.plan(refresh_only=True)
                assert plan.ok
                assert plan.has_changes
                return plan.drift

        assert asyncio.run(drift()) == (ResourceDrift("aws_sqs_queue.dead", "delete", "aws_sqs_queue"),)
        assert len(rig.store.history(STACK)) == 1, "looking changes nothing"
        rig.events.clear()
        healed = asyncio.run(rig.deploy(job, "run-2"))
        assert healed.status is Status.DONE
        assert {(change.resource, change.action) for change in rig.said(PlannedChange)} >= {
            ("aws_sqs_queue.dead", "create")
        }


@pytest.mark.slow
def test_what_exists_without_us_is_not_taken_over(tmp_path: Path, any_core: Core) -> None:
    with aws_at(tmp_path, any_core) as (rig, job):
        asyncio.run(rig.deploy(job))
        other = replace(rig.write(QUEUES, stack="berlin/L2"), environment=job.environment)
        refused = asyncio.run(rig.deploy(other))
        assert refused.status is Status.FAILED
        assert refused.failures[0].hint is not None
        assert refused.failures[0].hint.kind in (Kind.EXISTS, Kind.NAME_TAKEN)


@pytest.mark.slow
def test_what_cannot_be_destroyed_remains_and_is_listed(tmp_path: Path, any_core: Core) -> None:
    story = Scenario(
        failures=(Failure("aws_sqs_queue", name="dead", verb="delete", kind="permission-denied", times=1),)
    )
    with aws_at(tmp_path, any_core, story) as (rig, job):
        asyncio.run(rig.deploy(job))
        kept = asyncio.run(rig.destroy(job))
        assert kept.status is Status.FAILED
        assert kept.resources is not None
        assert [resource.address for resource in kept.resources] == ["aws_sqs_queue.dead"]
        assert kept.failures[0].hint is not None
        assert kept.failures[0].hint.kind is Kind.PERMISSION
        assert asyncio.run(rig.destroy(job)).resources == ()


@pytest.mark.slow
def test_a_provider_in_the_middle_of_something_finishes_it_when_interrupted(tmp_path: Path, any_core: Core) -> None:
    """With plugins that Terraform starts itself, as real providers are."""
    scenario = tmp_path / "scenario.json"
    story = Scenario(delays=(Delay(3.0, "aws_sqs_queue", name="dead", verb="create"),))
    scenario.write_bytes(msgspec.json.encode(story))
    variables = mirror(tmp_path / "mirror", tmp_path / "world", scenario, ["aws"])

    async def interrupted() -> StackOutcome:
        stop = Stop()
        deploying = asyncio.create_task(rig.deploy(job, stop=stop))
        await rig.until_started("aws_sqs_queue.dead")
        stop.request("asked by Ada")
        return await deploying

    with rig_at(tmp_path, any_core) as rig:
        job = replace(rig.write(QUEUES), environment=dict(variables))
        stopped = asyncio.run(interrupted())
        assert stopped.status is Status.INTERRUPTED
        assert stopped.resources is not None
        assert [resource.address for resource in stopped.resources] == ["aws_sqs_queue.dead"]
        assert not stopped.resources[0].tainted
        assert processes_in(tmp_path / "work") == []
        assert asyncio.run(rig.deploy(job, "run-2")).status is Status.DONE


@pytest.mark.slow
def test_providers_come_from_a_mirror_once_for_all_stacks(tmp_path: Path, any_core: Core) -> None:
    """No registry is asked for what the mirror has, and stacks that begin together share one cache."""
    variables = mirror(tmp_path / "mirror", tmp_path / "world", providers=["aws"])
    plugins = tmp_path / "mirror" / "plugins"
    assert plugins.is_dir()
    assert variables

    async def together() -> list[StackOutcome]:
        code = {name: QUEUES.replace("berlin-", f"{name}-") for name in ("one", "two")}
        jobs = [rig.write(text, stack=f"berlin/{name}") for name, text in code.items()]
        return await asyncio.gather(*(rig.deploy(job) for job in jobs))

    with rig_at(tmp_path, any_core, mirrors=(plugins,)) as rig:
        assert [outcome.status for outcome in asyncio.run(together())] == [Status.DONE] * 2
        assert list((tmp_path / "plugins").glob("registry.*/hashicorp/aws/*/*"))


def _delete_from_world(world: Path, name: str) -> None:
    (found,) = [file for file in world.rglob("*") if file.is_file() and name in file.name]
    found.unlink()
