"""Runs of kept twins by the commands that deploy: over a real API, at a target that only pretends."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.app.backends import TWIN, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.client.conftest import client, client_of, sqlite_file, sqlite_site, sqlite_template
from twin2multicloud.app.cli import kept_runs, kept_status, runs
from twin2multicloud.app.cli.run_request import StartRequest
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.deploying.refusals import HoldsDataError
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.estimate_json import estimate_json
from twin2multicloud.app.runs.work import WorkFailedError
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.blueprint.plan import Place
from twin2multicloud.deployer.engine.errors import EngineError
from twin2multicloud.deployer.state.errors import StateError
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.estimate import Cost, Estimate, StepTime
from twin2multicloud.moving.move import Move
from twin2multicloud.moving.operations import Content
from twin2multicloud.moving.steps import Step

__all__ = ["client", "client_of", "sqlite_file", "sqlite_site", "sqlite_template"]
ESTIMATE: Final = estimate_json(
    Estimate(
        Move(
            Slot.HOT,
            Place(Provider.AWS, "aws.dynamodb-on-demand", "us-east-1"),
            Place(Provider.AZURE, "azure.cosmos-serverless", "eastus"),
        ),
        {"hot": Content(1200, 360_000)},
        (StepTime(Step.COPY, 4.0, "1,200 items"),),
        (Cost("both ends stand beside each other", Provider.AZURE, "eastus", "", 0.5, "hours", 0.25),),
        0.1,
        "measured in the sandbox",
    )
)


@pytest.fixture
def greenhouse(client: Client, sqlite_site: Site) -> str:
    twin = client.twins.create(TwinInput(source=TWIN))
    place(sqlite_site, twin.id)
    return twin.id


@contextmanager
def worked_off(site: Site, target: FakeTarget) -> Iterator[None]:
    """Runs are carried out meanwhile."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.005):
            work_off(site, target)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Typed(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def deployed(client: Client, sqlite_site: Site, greenhouse: str) -> str:
    """The twin, in its sandbox."""
    client.runs.create(greenhouse, StartRequest("deploy", greenhouse, "sandbox", yes=True).body())
    work_off(sqlite_site)
    return greenhouse


def test_a_log_is_written_whole(client: Client, deployed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.log(client, "greenhouse", "debug", None, False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "info    run 1 (deploy) is done" in lines[-1]
    assert runs.log(client, "greenhouse/1", "debug", None, True) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["message"] for event in told] == [line.split(maxsplit=2)[2] for line in lines]
    assert runs.log(client, "greenhouse", "error", None, False) == 0
    assert capsys.readouterr().out == ""


def test_drift_is_told_and_ends_with_six(
    client: Client, sqlite_site: Site, deployed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"clean": False, "drift": [{"stack": "aws", "changes": [], "error": "it does not run"}]}
    with worked_off(sqlite_site, FakeTarget(sqlite_site, result=found)):
        assert kept_runs.carry_out(client, StartRequest("drift", "greenhouse", ""), None) == 6
        assert "not running: aws" in capsys.readouterr().err
        assert kept_runs.carry_out(client, StartRequest("drift", "greenhouse", "", json_output=True), None) == 6
    assert json.loads(capsys.readouterr().out) == found["drift"]
    with worked_off(sqlite_site, FakeTarget(sqlite_site, result={"clean": True, "drift": []})):
        assert kept_runs.carry_out(client, StartRequest("drift", deployed, "", json_output=True), "sandbox") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_drift_run_that_is_started_or_watched_ends_with_six_as_well(
    client: Client, sqlite_site: Site, deployed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"clean": False, "drift": [{"stack": "aws", "changes": [], "error": "it does not run"}]}
    for number, as_json in ((2, False), (3, True)):
        with worked_off(sqlite_site, FakeTarget(sqlite_site, result=found)):
            assert runs.start(client, StartRequest("drift", "greenhouse", "sandbox", json_output=as_json)) == 6
        assert runs.watch(client, f"greenhouse/{number}", as_json) == 6
    with worked_off(sqlite_site, FakeTarget(sqlite_site, result={"clean": True, "drift": []})):
        assert runs.start(client, StartRequest("drift", "greenhouse", "sandbox")) == 0
    assert runs.watch(client, "greenhouse/4", False) == 0
    # What another kind of run calls so is nothing that was looked at.
    with worked_off(sqlite_site, FakeTarget(sqlite_site, result={"clean": False})):
        assert runs.start(client, StartRequest("rotate-keys", "greenhouse", "sandbox")) == 0


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("destroy", HoldsDataError("its stores hold data (hot: 3)"), 8),
        ("redeploy", StateError("the state is locked"), 8),
        ("drift", StateError("the state is locked"), 8),
        ("drift", EngineError("there is no Terraform"), 6),
        ("redeploy", EngineError("there is no Terraform"), 7),
        ("redeploy", UsageError("no stack is of L5"), 7),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_refused_ends_as_it_does_with_a_directory(
    client: Client, sqlite_site: Site, deployed: str, kind: str, error: Exception, code: int
) -> None:
    def refuse(work: Any) -> None:
        raise error

    with worked_off(sqlite_site, FakeTarget(sqlite_site, before=refuse)):
        assert kept_runs.carry_out(client, StartRequest(kind, "greenhouse", "", yes=True), None) == code
        as_json = StartRequest(kind, "greenhouse", "", yes=True, json_output=True)
        assert kept_runs.carry_out(client, as_json, None) == code
        assert runs.start(client, StartRequest(kind, "greenhouse", "sandbox", yes=True)) == code
        assert runs.retry(client, "greenhouse/4", False, False) == code
    assert runs.watch(client, "greenhouse/5", False) == code
    assert client.runs.get(client.runs.find("greenhouse/5")).problem == str(error)


def test_destroying_takes_the_twins_name(
    client: Client, sqlite_site: Site, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroy = StartRequest("destroy", "greenhouse", "")
    with worked_off(sqlite_site, FakeTarget(sqlite_site)):
        monkeypatch.setattr("sys.stdin", Typed("yes\n"))
        assert kept_runs.carry_out(client, destroy, None) == 8
        assert client.twins.get(deployed).life == {"sandbox": "destroying"}
        client.runs.decide(client.runs.find("greenhouse/2"), agreed=False)
        monkeypatch.setattr("sys.stdin", Typed("greenhouse\n"))
        assert kept_runs.carry_out(client, destroy, None) == 0
    assert client.twins.get(deployed).life == {}


def test_json_is_one_document_however_it_ends(
    client: Client, sqlite_site: Site, deployed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(work: Any) -> None:
        if work.run.status == "applying":
            raise WorkFailedError("a quota is full", {"stacks": {"L2": {"status": "failed"}}})

    redeploy = StartRequest("redeploy", "greenhouse", "", yes=True, json_output=True)
    with worked_off(sqlite_site, FakeTarget(sqlite_site, before=refuse)):
        assert kept_runs.carry_out(client, redeploy, None) == 7
    failed = json.loads(capsys.readouterr().out)
    assert (failed["done"], failed["problem"], failed["stacks"]["L2"]) == (
        False, "a quota is full", {"status": "failed"},
    )  # fmt: skip
    plan = {"usd_per_month": 3.0, "stacks": []}
    with worked_off(sqlite_site, FakeTarget(sqlite_site, document=plan, result={"links": 4})):
        assert kept_runs.carry_out(client, StartRequest("plan", "greenhouse", "", json_output=True), None) == 0
        assert json.loads(capsys.readouterr().out) == plan
        assert kept_runs.carry_out(client, StartRequest("rotate-keys", "greenhouse", "", json_output=True), None) == 0
        assert json.loads(capsys.readouterr().out)["links"] == 4
        assert kept_runs.carry_out(client, StartRequest("destroy", "greenhouse", "", json_output=True), None) == 8
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["kind"], error["details"]["status"]) == ("not-done", "awaiting-approval")


def test_a_dry_run_shows_what_a_move_takes_and_leaves_the_twin_free(
    client: Client, sqlite_site: Site, deployed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    move = StartRequest("move", "greenhouse", "", slots=("L3.hot",), to="azure")
    with worked_off(sqlite_site, FakeTarget(sqlite_site, document={"estimate": ESTIMATE, "stacks": []})):
        assert kept_runs.carry_out(client, move, None, dry_run=True) == 0
        told = capsys.readouterr()
        assert "Moving L3.hot from aws/us-east-1 to azure/eastus" in told.out
        assert "Once: " in told.out
        assert "nothing was moved" in told.err
        as_json = StartRequest("move", "greenhouse", "", slots=("L3.hot",), to="azure", json_output=True)
        assert kept_runs.carry_out(client, as_json, None, dry_run=True) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(ESTIMATE))
    assert [run.status for run in client.runs.list(twin=deployed, kind=["move"])] == ["declined", "declined"]
    assert client.twins.get(deployed).life == {"sandbox": "deployed"}
    with pytest.raises(UsageError, match="--dry-run plans a new move"):
        kept_runs.carry_out(client, StartRequest("move", "greenhouse", "", resume=True), None, dry_run=True)


def test_options_arrive(client: Client, deployed: str, capsys: pytest.CaptureFixture[str]) -> None:
    deploy = StartRequest(
        "deploy", "greenhouse", "", slots=("L3",), users=("ann@example.org",), log_retention_days=7, detach=True
    )
    assert kept_runs.carry_out(client, deploy, "rehearsal") == 0
    assert "runs watch greenhouse/2" in capsys.readouterr().err
    asked = client.runs.get(client.runs.find("greenhouse/2")).request
    assert (asked["slots"], asked["users"], asked["log_retention_days"]) == (
        ["L3.hot", "L3.cool", "L3.archive"], ["ann@example.org"], 7,
    )  # fmt: skip
    with pytest.raises(UsageError, match="in its sandbox and a rehearsal; say which"):
        kept_runs.carry_out(client, StartRequest("drift", "greenhouse", ""), None)
    # Slots alone, in a sandbox as well.
    one = StartRequest("destroy", "greenhouse", "", slots=("L5",), detach=True)
    assert kept_runs.carry_out(client, one, "sandbox") == 0
    asked = client.runs.get(client.runs.find("greenhouse/3")).request
    assert (asked["kind"], asked["target"], asked["slots"]) == ("destroy", "sandbox", ["L5"])


def test_a_status_shows_every_place_and_who_changes_it(
    client: Client, sqlite_site: Site, greenhouse: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept_status.status(client, "greenhouse", None, False) == 0
    assert "nothing of 'greenhouse' is deployed" in capsys.readouterr().err
    for target in ("rehearsal", "sandbox"):
        client.runs.create(greenhouse, StartRequest("deploy", greenhouse, target, yes=True).body())
        work_off(sqlite_site)
    client.runs.create(greenhouse, StartRequest("destroy", greenhouse, "rehearsal").body())
    # The sandbox was only pretended, so it does not answer.
    assert kept_status.status(client, "greenhouse", None, False) == 6
    told = capsys.readouterr().out
    assert "greenhouse · in its sandbox · deployed · health down" in told
    assert "L1 (aws) down: the sandbox does not answer" in told
    assert "greenhouse · rehearsed · destroying" in told
    assert "run greenhouse/3 (destroy) is queued" in told
    assert kept_status.status(client, "greenhouse", "rehearsal", True) == 0
    shown = json.loads(capsys.readouterr().out)
    assert list(shown["targets"]) == ["rehearsal"]
    assert shown["targets"]["rehearsal"]["outputs"] == {}
    with pytest.raises(ConflictError, match="deploy it in the clouds"):
        kept_status.prove(client, "greenhouse", None, False)
