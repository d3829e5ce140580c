"""Real runs: what is planned is applied, what fails is told, what is destroyed is gone."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from tests.engine.rig import CHAIN, STACK, Rig, rig_at
from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.errors import CommandError, WorkDirectoryError
from twin2multicloud.deployer.engine.events import (
    ChangeSummary,
    Diagnostic,
    Log,
    Outputs,
    Phase,
    PlannedChange,
    Progress,
    Severity,
    Version,
)
from twin2multicloud.deployer.engine.job import StackJob
from twin2multicloud.deployer.engine.outcome import Status
from twin2multicloud.deployer.engine.steps import Plan
from twin2multicloud.deployer.state.document import OutputValue
from twin2multicloud.deployer.state.records import Holder
from twin2multicloud.model.errors import InvalidInputError

pytestmark = pytest.mark.slow
FAILING = CHAIN % "echo no more queues >&2; exit 3"


def test_deploy_again_and_destroy(rig: Rig) -> None:
    job = rig.write(CHAIN % "true")
    made = asyncio.run(rig.deploy(job))
    assert made.status is Status.DONE
    assert made.outputs == {"name": OutputValue("one")}
    assert made.resources is not None
    assert [resource.address for resource in made.resources] == [
        "terraform_data.first",
        "terraform_data.last",
        "terraform_data.slow",
    ]
    assert made.summary == ChangeSummary("apply", 3, 0, 0)
    rig.events.clear()
    again = asyncio.run(rig.deploy(job, "run-2"))
    assert again.status is Status.DONE
    assert again.summary == ChangeSummary("plan", 0, 0, 0)
    assert rig.said(PlannedChange) == []
    gone = asyncio.run(rig.destroy(job))
    assert (gone.status, gone.resources) == (Status.DONE, ())
    assert [version.run_id for version in rig.store.history(STACK)] == ["run-9", "run-1"]
    assert rig.store.lock_of(STACK) is None


def test_events_tell_the_whole_story(rig: Rig) -> None:
    asyncio.run(rig.deploy(rig.write(CHAIN % "echo hello from the provisioner")))
    version, *_ = rig.said(Version)
    assert isinstance(version, Version)
    assert version.program == str(rig.engine.core.version)
    planned = [(event.resource, event.action, event.type) for event in rig.said(PlannedChange)]
    assert ("terraform_data.first", "create", "terraform_data") in planned
    slow = [event for event in rig.said(Progress) if event.resource == "terraform_data.slow"]
    assert [(event.action, event.phase) for event in slow] == [("create", Phase.STARTED), ("create", Phase.COMPLETE)]
    assert slow[-1].id
    assert rig.said(Outputs)[-1] == Outputs({"name": "one"})
    assert any("hello from the provisioner" in event.message for event in rig.said(Log))


def test_a_failure_says_what_exists_and_why(rig: Rig) -> None:
    failed = asyncio.run(rig.deploy(rig.write(FAILING)))
    assert failed.status is Status.FAILED
    (failure,) = failed.failures
    assert failure.words.address == "terraform_data.slow"
    assert (failure.words.file, failure.words.line) == ("main.tf", 8)
    assert "no more queues" in failure.words.detail
    assert failed.resources is not None
    assert {resource.address: resource.tainted for resource in failed.resources} == {
        "terraform_data.first": False,
        "terraform_data.slow": True,
    }
    text = failed.describe()
    assert "2 resources exist, 1 of them half made: deploy again to finish, or destroy it" in text
    assert "terraform_data.slow (half made)" in text
    assert not failed.lost
    assert failed.unsaved is None
    assert asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2")).status is Status.DONE


def test_nothing_is_destroyed_that_was_not(rig: Rig) -> None:
    code = """
        resource "terraform_data" "stays" {
          provisioner "local-exec" {
            when    = destroy
            command = "echo the store is not empty >&2; exit 1"
          }
        }

        resource "terraform_data" "goes" {
          input = terraform_data.stays.id
        }
    """
    job = rig.write(code)
    asyncio.run(rig.deploy(job))
    kept = asyncio.run(rig.destroy(job))
    assert kept.status is Status.FAILED
    assert kept.resources is not None
    assert [resource.address for resource in kept.resources] == ["terraform_data.stays"]
    assert "the store is not empty" in kept.failures[0].words.detail
    assert "1 resources exist: destroy again" in kept.describe()


def test_code_that_is_wrong_fails_with_its_place(rig: Rig) -> None:
    job = rig.write('resource "terraform_data" "a" {\n  inptu = "one"\n}\n')

    async def check() -> None:
        async with rig.engine.open(job, run_id="run-1", sink=rig.events.append) as run:
            assert (await run.init()).ok
            step = await run.validate()
            assert not step.ok
            (error,) = step.errors
            assert (error.severity, error.file, error.line) == (Severity.ERROR, "main.tf", 2)
            assert "inptu" in error.detail
            assert error.snippet == '  inptu = "one"'

    asyncio.run(check())
    assert rig.said(Diagnostic)


def test_code_that_cannot_be_initialised_fails_with_its_words(rig: Rig) -> None:
    failed = asyncio.run(rig.deploy(rig.write('terraform {\n  required_version = "> 99"\n}\n')))
    assert failed.status is Status.FAILED
    assert "Unsupported Terraform Core version" in failed.failures[0].words.summary
    assert failed.failures[0].words.line == 2
    assert "Nothing exists" in failed.describe()


def test_a_plan_is_seen_before_it_is_applied(rig: Rig) -> None:
    seen: list[Plan] = []

    async def refuse(plan: Plan) -> bool:
        seen.append(plan)
        return False

    job = rig.write(CHAIN % "true")
    refused = asyncio.run(rig.deploy(job, approve=refuse))
    assert (refused.status, refused.resources) == (Status.REFUSED, ())
    assert [change.action for change in seen[0].changes] == ["create"] * 3
    assert rig.store.history(STACK) == []


def test_a_plan_can_be_read_in_full_and_is_kept_private(rig: Rig) -> None:
    job = rig.write(CHAIN % "true")

    async def check() -> None:
        async with rig.engine.open(job, run_id="run-1") as run:
            await run.init()
            plan = await run.plan()
            assert plan.has_changes
            assert stat.S_IMODE(plan.file.stat().st_mode) == 0o600
            document = await run.show_plan(plan)
            assert len(document["resource_changes"]) == 3
            assert (await run.apply(plan)).ok
            assert not plan.file.exists()
            values = await run.show_state()
            assert len(values["values"]["root_module"]["resources"]) == 3
            assert not (await run.plan()).has_changes

    asyncio.run(check())


def test_a_plan_that_the_state_left_behind_is_refused(rig: Rig) -> None:
    job = rig.write(CHAIN % "true")

    async def check() -> None:
        async with rig.engine.open(job, run_id="run-1") as run:
            await run.init()
            stale = await run.plan()
            kept = stale.file.rename(stale.file.with_name("kept.tfplan"))
            await run.apply(await run.plan())
            step = await run.apply(Plan(stale.step, kept))
            assert not step.ok
            assert step.errors[0].summary == "Saved plan is stale"

    asyncio.run(check())


def test_drift_is_found_without_changing_anything(any_rig: Rig) -> None:
    job = any_rig.write(CHAIN % "true")

    async def check() -> None:
        async with any_rig.engine.open(job, run_id="run-1") as run:
            await run.init()
            await run.apply(await run.plan())
            plan = await run.plan(refresh_only=True)
            assert plan.ok
            assert not plan.has_changes
            assert plan.drift == ()

    asyncio.run(check())
    assert len(any_rig.store.history(STACK)) == 1


def test_a_run_knows_its_own_credentials_only(tmp_path: Path, any_core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-another-cloud")
    monkeypatch.setenv("SSL_CERT_DIR", "/etc/ssl/certs")
    seen = tmp_path / "seen"
    with rig_at(tmp_path, any_core) as rig:
        source = rig.write(CHAIN % f"env > {seen}").source
        job = StackJob(STACK, source, {"ARM_LOCATION": "westeurope"}, {"ARM_CLIENT_SECRET": "a-secret-of-azure"})
        asyncio.run(rig.deploy(job))
        told = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
        assert told["ARM_CLIENT_SECRET"] == "a-secret-of-azure"
        assert told["ARM_LOCATION"] == "westeurope"
        assert told["SSL_CERT_DIR"] == "/etc/ssl/certs"
        assert "AWS_SECRET_ACCESS_KEY" not in told
        assert told["HOME"].startswith(str(tmp_path))
        assert told["HOME"] != os.environ["HOME"]


def test_secrets_are_in_no_event_and_in_no_file(rig: Rig) -> None:
    secret = 'pa"ss<w&rd-of-\nseveral lines'
    source = rig.write(
        CHAIN % "printenv ARM_CLIENT_SECRET TF_HTTP_PASSWORD; printenv TF_HTTP_PASSWORD >&2; exit 1"
    ).source
    job = StackJob(STACK, source, credentials={"ARM_CLIENT_SECRET": secret})
    failed = asyncio.run(rig.deploy(job))
    said = "\n".join(str(event) for event in rig.events) + failed.describe()
    assert "***" in said
    for part in ('pa"ss', "w&rd", "several lines", 'pa\\"ss', "w\\u0026rd"):
        assert part not in said
    files = [file for file in (rig.root / "work").rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"pa" + b'"ss' in file.read_bytes() or b'pa\\"ss' in file.read_bytes()]


def test_sensitive_outputs_are_shown_by_nothing(any_rig: Rig) -> None:
    code = """
        output "key" {
          value     = "key-of-a-link-1234"
          sensitive = true
        }
    """
    made = asyncio.run(any_rig.deploy(any_rig.write(code)))
    assert made.outputs["key"].value == "key-of-a-link-1234"
    # A later run knows it from the state, whoever says it.
    talkative = any_rig.write(CHAIN % "echo using key-of-a-link-1234", "more.tf")
    asyncio.run(any_rig.deploy(talkative))
    assert any("using ***" in event.message for event in any_rig.said(Log))
    assert "key-of-a-link" not in f"{made!r} {made.describe()} {any_rig.said(Outputs)} {any_rig.said(Progress)}"


def test_the_rendered_tree_stays_as_it_is(any_rig: Rig) -> None:
    job = any_rig.write(CHAIN % "true")
    source = any_rig.write('{"a person\'s": "own state"}', "terraform.tfstate").source
    assert source is not None
    before = {file.name: file.read_bytes() for file in source.iterdir()}
    assert asyncio.run(any_rig.deploy(job)).status is Status.DONE
    assert {file.name: file.read_bytes() for file in source.iterdir()} == before
    (source / "main.tf").unlink()
    any_rig.write('output "other" {\n  value = 1\n}\n', "other.tf")
    changed = asyncio.run(any_rig.deploy(job))
    assert changed.resources == ()
    assert set(changed.outputs) == {"other"}


def test_what_cannot_be_rendered_any_more_can_be_destroyed(any_rig: Rig) -> None:
    with pytest.raises(WorkDirectoryError, match="has no code of an earlier run; render it first"):
        asyncio.run(any_rig.destroy(StackJob(STACK, None)))
    asyncio.run(any_rig.deploy(any_rig.write(CHAIN % "true")))
    assert asyncio.run(any_rig.destroy(StackJob(STACK, None))).resources == ()


def test_code_that_is_not_there_is_missed(any_rig: Rig) -> None:
    with pytest.raises(WorkDirectoryError, match="nowhere is no directory with infrastructure code"):
        asyncio.run(any_rig.deploy(StackJob(STACK, any_rig.root / "nowhere")))


def test_a_rollback_is_what_the_next_plan_starts_from(any_rig: Rig) -> None:
    job = any_rig.write(CHAIN % "true")
    made = asyncio.run(any_rig.deploy(job))
    asyncio.run(any_rig.destroy(job))
    any_rig.store.roll_back(STACK, 1, Holder("undo", "here", 1))

    async def check() -> None:
        async with any_rig.engine.open(job, run_id="run-3") as run:
            state = run.state()
            assert state is not None
            assert state.resources == made.resources
            await run.init()
            assert not (await run.plan()).has_changes

    asyncio.run(check())


def test_two_runs_of_a_stack_do_not_meet_in_its_directory(any_rig: Rig) -> None:
    job = any_rig.write(CHAIN % "true")

    async def check() -> None:
        async with any_rig.engine.open(job, run_id="run-1"):
            with pytest.raises(WorkDirectoryError, match=f"another run is in .*process {os.getpid()}"):
                async with any_rig.engine.open(job, run_id="run-2"):
                    pass

    asyncio.run(check())


def test_reading_what_is_not_there_fails_in_terraforms_words(any_rig: Rig) -> None:
    job = any_rig.write(CHAIN % "true")

    async def check() -> None:
        async with any_rig.engine.open(job, run_id="run-1") as run:
            with pytest.raises(CommandError, match="show -json") as refused:
                await run.show_state()
            assert run.outputs() == {}
            assert "init" in refused.value.words

    asyncio.run(check())


def test_a_stack_needs_a_name_that_is_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"name: '\.\./x' is no name of a stack"):
        StackJob("../x", tmp_path)


def test_nothing_of_the_backend_is_written_down(rig: Rig) -> None:
    job = rig.write(CHAIN % "true")
    asyncio.run(rig.deploy(job))
    module = rig.place() / "module"
    kept = json.loads((module / ".terraform" / "terraform.tfstate").read_text())
    assert kept["backend"]["type"] == "http"
    assert kept["backend"]["config"]["password"] is None
    assert kept["backend"]["config"]["address"] is None


@pytest.mark.parametrize("code", [1, 2])
def test_a_program_that_crashes_is_quoted(tmp_path: Path, any_core: Core, code: int) -> None:
    broken = tmp_path / "broken"
    broken.write_text(f'#!/bin/sh\n[ "$1" = init ] && exit 0\necho "panic: index out of range" >&2\nexit {code}\n')
    broken.chmod(0o755)
    with rig_at(tmp_path, any_core._replace(command=(str(broken),))) as rig:
        failed = asyncio.run(rig.deploy(rig.write(CHAIN % "true")))
        assert failed.status is Status.FAILED
        assert "panic: index out of range" in failed.describe()


def test_stacks_do_not_lie_in_one_another(any_rig: Rig) -> None:
    outer, inner = any_rig.write(CHAIN % "true", stack="a"), any_rig.write(CHAIN % "true", stack="a/module")
    for job in (outer, inner, outer, inner):
        assert asyncio.run(any_rig.deploy(job, job.name)).status is Status.DONE
    assert [version.run_id for version in any_rig.store.history("a/module")] == ["a/module"]


def test_what_is_no_answer_of_a_program_is_a_failure(tmp_path: Path, any_core: Core) -> None:
    odd = tmp_path / "odd"
    odd.write_text("#!/bin/sh\necho hello\n")
    odd.chmod(0o755)

    async def check() -> None:
        async with rig.engine.open(rig.write(CHAIN % "true"), run_id="run-1") as run:
            step = await run.validate()
            assert not step.ok
            assert step.errors[0].detail == "hello"

    with rig_at(tmp_path, any_core._replace(command=(str(odd),))) as rig:
        asyncio.run(check())
