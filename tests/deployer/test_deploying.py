"""A twin's life in the clouds, rehearsed: what is shown is what is done, and what goes wrong is told and mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deployer.placements import AWS
from tests.deployer.rehearsal import Rehearsal, copied
from twin2multicloud.app.deploying.refusals import DeclinedError, NotDoneError
from twin2multicloud.deployer.deploying import PlanError
from twin2multicloud.deployer.engine.hints import Kind
from twin2multicloud.deployer.engine.outcome import Status
from twin2multicloud.deployer.home import BusyError, Home
from twin2multicloud.deployer.plans import Action
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

pytestmark = pytest.mark.slow
of_one_deployment = pytest.mark.xdist_group("copies of one deployment")
"""Where the tests share what costs seconds to make."""


@pytest.fixture
def twin(tmp_path: Path) -> Rehearsal:
    return Rehearsal(tmp_path, AWS)


@pytest.fixture(scope="module")
def hot_ready(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    made = Rehearsal(tmp_path_factory.mktemp("ready"), AWS)
    made.deploy([Slot.HOT])
    return made


@pytest.fixture
def hot(hot_ready: Rehearsal, tmp_path: Path) -> Rehearsal:
    """A twin whose hot store is deployed."""
    return copied(hot_ready, tmp_path)


def test_what_is_planned_is_what_is_made_and_a_second_plan_is_empty(twin: Rehearsal) -> None:
    plans = twin.plan()
    assert twin.existing == 0
    planned = sum(plan.count(Action.ADD) for plan in plans.values())
    shown = sum(plan.usd_per_month for plan in plans.values())
    assert shown == pytest.approx(twin.told.total_usd), "every dollar of the bill stands beside something"

    outcomes = twin.deploy()
    assert all(outcome.ok for outcome in outcomes.values())
    assert twin.existing == planned

    assert all(plan.untouched for plan in twin.plan().values()), "nothing changed, so nothing is looked at"
    looked = twin.plan(refresh=True)
    assert all(plan.nothing and not plan.untouched for plan in looked.values())
    assert twin.deploy() == {}

    assert all(outcome.ok for outcome in twin.destroy().values())
    assert twin.existing == 0
    assert twin.home.applied() == {}


def test_nothing_is_made_or_destroyed_without_the_right_word(twin: Rehearsal) -> None:
    twin.told.answer = "no"
    with pytest.raises(DeclinedError):
        twin.deploy(yes=False)
    assert twin.existing == 0
    twin.told.answer = "yes"
    twin.deploy([Slot.COOL], yes=False)
    made = twin.existing
    assert made > 0
    with pytest.raises(DeclinedError, match="nothing was destroyed"):
        twin.destroy(yes=False)  # "yes" is not the twin's name
    assert twin.existing == made
    twin.told.answer = "smart-home"
    twin.destroy(yes=False)
    assert twin.existing == 0


@of_one_deployment
def test_slots_are_deployed_one_by_one_and_others_are_not_touched(hot: Rehearsal) -> None:
    twin = hot
    assert set(twin.home.applied()) == {"foundation-aws-eu-central-1", "L3-hot"}
    before = {path: path.stat().st_mtime_ns for path in twin.world.root.rglob("*.json")}
    twin.deploy([Slot.MANAGEMENT])
    assert set(twin.home.applied()) == {"foundation-aws-eu-central-1", "L3-hot", "L4"}
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    twin.destroy([Slot.HOT])
    assert set(twin.home.applied()) == {"foundation-aws-eu-central-1", "L4"}


def test_a_quota_stops_one_stack_says_what_exists_and_the_next_deploy_does_the_rest(twin: Rehearsal) -> None:
    slots = [Slot.HOT, Slot.MANAGEMENT, Slot.PROCESSING]
    twin.scenario(failures=[{"type": "aws_lambda_function", "kind": "quota", "after": 2}])
    with pytest.raises(NotDoneError, match="not done: "):
        twin.deploy(slots)
    failed = [outcome for outcome in twin.told.outcomes.values() if outcome.status is Status.FAILED]
    assert failed
    told = failed[0].describe()
    assert "exceeded the limit" in told, "the provider's words"
    assert failed[0].failures[0].hint is not None
    assert failed[0].failures[0].hint.kind is Kind.QUOTA
    assert "resources exist" in told
    assert "deploy again to finish, or destroy it" in told
    assert any(outcome.status is Status.SKIPPED for outcome in twin.told.outcomes.values())
    assert not twin.home.applied()[failed[0].stack].whole

    twin.no_scenario()
    assert all(outcome.ok for outcome in twin.deploy(slots).values())
    assert all(plan.nothing for plan in twin.plan(slots, refresh=True).values())


def test_what_was_half_made_can_be_destroyed(twin: Rehearsal) -> None:
    twin.scenario(failures=[{"type": "aws_lambda_function", "kind": "permission-denied", "leaves": "tainted"}])
    with pytest.raises(NotDoneError):
        twin.deploy([Slot.HOT])
    twin.no_scenario()
    twin.destroy()
    assert twin.existing == 0


def test_expired_credentials_are_told_before_anything_is_made(twin: Rehearsal) -> None:
    twin.scenario(failures=[{"type": "aws", "verb": "configure", "kind": "expired-credentials"}])
    with pytest.raises(PlanError) as told:
        twin.deploy([Slot.HOT])
    assert "ExpiredToken" in str(told.value)
    assert "→" in str(told.value), "our hint follows the provider's words"
    assert twin.existing == 0
    assert told.value.exit_code == 7


@of_one_deployment
def test_what_others_destroyed_or_changed_is_seen_and_put_right(hot: Rehearsal) -> None:
    twin = hot
    assert [each for each in twin.clouds().drift() if each.changes or each.error] == []
    for path in (twin.world.root / "aws_dynamodb_table").glob("*hot*.json"):
        path.unlink()
    drifted = {each.stack: each for each in twin.clouds().drift()}
    assert [(change.resource, change.action) for change in drifted["L3-hot"].changes] == [
        ("module.slot.aws_dynamodb_table.hot", "delete")
    ]
    assert all(plan.untouched for plan in twin.plan([Slot.HOT]).values()), "only looking shows it"
    twin.deploy([Slot.HOT], refresh=True)
    assert [each for each in twin.clouds().drift() if each.changes or each.error] == []


@of_one_deployment
def test_a_destroy_that_fails_is_not_reported_as_done(hot: Rehearsal) -> None:
    twin = hot
    twin.scenario(
        failures=[{"type": "aws_dynamodb_table", "name": "hot", "verb": "delete", "kind": "permission-denied"}]
    )
    with pytest.raises(NotDoneError, match="L3-hot"):
        twin.destroy()
    outcome = twin.told.outcomes["L3-hot"]
    assert not outcome.ok
    assert "aws_dynamodb_table.hot" in outcome.describe()
    assert "L3-hot" in twin.home.applied()
    twin.no_scenario()
    twin.destroy()
    assert twin.existing == 0


@of_one_deployment
def test_a_plan_that_others_have_made_untrue_is_refused(hot: Rehearsal) -> None:
    twin = hot
    wanted = twin.wanted(log_retention_days=60)
    clouds = twin.clouds()

    def lose_a_table(*_: object) -> bool:
        for path in (twin.world.root / "aws_dynamodb_table").glob("*hot*.json"):
            path.unlink()
        return True

    twin.told.agreed = lose_a_table  # type: ignore[assignment, method-assign]
    with pytest.raises(NotDoneError):
        clouds.deploy(wanted, [Slot.HOT])
    refused = twin.told.outcomes["L3-hot"]
    assert refused.status is Status.REFUSED
    said = [str(event) for _, event in twin.told.events if "no longer the plan" in str(event)]
    assert said
    assert "add module.slot.aws_dynamodb_table.hot" in said[0]


@of_one_deployment
def test_a_slot_that_is_deployed_is_not_replaced_by_one_elsewhere(hot: Rehearsal) -> None:
    twin = hot
    elsewhere = Rehearsal(twin.directory, (*AWS[:2], "gcp.firestore", *AWS[3:]))
    with pytest.raises(UsageError, match=r"move --slot L3\.hot --to gcp"):
        elsewhere.plan()


def test_only_one_process_changes_a_deployment_at_a_time(twin: Rehearsal) -> None:
    with twin.home.changing(), pytest.raises(BusyError, match=f"process {os.getpid()} is changing"):
        twin.deploy()


def _deploying(twin: Rehearsal) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "twin2multicloud",
        "deploy",
        "smart-home",
        "--offline",
        "--yes",
        "--slot",
        "L3.hot",
    ]
    command += ["--providers", "aws", "--dir", str(twin.directory / "cli"), "--brief"]
    return subprocess.Popen(command, env=twin.environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _wait_for(path: Path, seconds: float = 30.0) -> None:
    give_up = time.monotonic() + seconds
    while not list(path.glob("*.json")):
        assert time.monotonic() < give_up, f"nothing came into {path}"
        time.sleep(0.05)


def test_an_interrupted_deploy_saves_what_it_made_and_the_next_one_goes_on(twin: Rehearsal) -> None:
    twin.scenario(delays=[{"type": "aws_lambda_function", "verb": "create", "seconds": 3}])
    world = twin.directory / "cli" / "offline" / "world"
    process = _deploying(twin)
    _wait_for(world / "aws_dynamodb_table")
    _wait_for(world / "aws_iam_role")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 7, told
    assert "interrupted" in told
    twin.no_scenario()
    again = _deploying(twin)
    told, _ = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert "already exists" not in told


def test_a_deploy_whose_process_is_killed_is_taken_up_by_the_next_one(twin: Rehearsal) -> None:
    twin.scenario(delays=[{"type": "aws_lambda_function", "verb": "create", "seconds": 3}])
    world = twin.directory / "cli" / "offline" / "world"
    process = _deploying(twin)
    _wait_for(world / "aws_iam_role")
    time.sleep(1.0)
    process.kill()
    process.communicate(timeout=60)
    applied = Home.at(twin.directory / "cli" / "offline").applied()
    assert not all(stack.whole for stack in applied.values()), "what was being made is known of"
    twin.no_scenario()
    give_up = time.monotonic() + 60
    while True:
        again = _deploying(twin)
        told, _ = again.communicate(timeout=90)
        # What the killed process had begun may still be ending, and holds its stack for that long.
        if again.returncode == 0 or time.monotonic() > give_up:
            break
        time.sleep(0.5)
    assert again.returncode == 0, told


@of_one_deployment
def test_slots_that_would_change_too_are_named(hot: Rehearsal) -> None:
    elsewhere = Rehearsal(hot.directory, (AWS[0], "gcp.run-functions", *AWS[2:]))
    elsewhere.plan([Slot.COOL])
    assert any("L3-hot" in said and "deploy them as well" in said for said in elsewhere.told.said), (
        "L2 moves away before it is there, so the hot store will need a receiver"
    )
