"""Runs over HTTP: asked for, agreed to, called off, retried; one at a time; every step an event."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, kinds, place, work_off
from twin2multicloud.app.db.tables import Run, Stage
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.runs import chores
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.stage import carry_out, crashed
from twin2multicloud.app.runs.work import Work, WorkFailedError
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict
from twin2multicloud.model.errors import UsageError


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    place(here, found)
    return found


def ask(person: Person, twin: str, kind: str = "deploy", code: int = 201, **more: Any) -> Any:
    headers = more.pop("headers", {})
    return person.post(f"twins/{twin}/runs", {"kind": kind, **more}, code, headers=headers)


def deployed(here: Site, owner: Person, twin: str) -> None:
    ask(owner, twin, approve=True)
    work_off(here)
    assert owner.get(f"twins/{twin}")["life"] == {"sandbox": "deployed"}


def test_a_run_waits_for_somebody_to_agree_to_its_plan(here: Site, owner: Person, twin: str) -> None:
    run = ask(owner, twin)
    assert (run["status"], run["number"], run["kind"], run["target"]) == ("queued", 1, "deploy", "sandbox")
    assert owner.get(f"twins/{twin}")["life"] == {"sandbox": "deploying"}
    work_off(here)
    shown = owner.get(f"runs/{run['id']}")
    assert (shown["status"], shown["plan"]) == ("awaiting-approval", {"usd_per_month": 1.0, "stacks": []})
    owner.post(f"runs/{run['id']}/decision", {"agreed": True, "plan_digest": "0" * 64}, 409)
    operator = here.person("oleg", Role.OPERATOR)
    agreed = operator.post(f"runs/{run['id']}/decision", {"agreed": True})
    assert (agreed["status"], agreed["approved_by"]) == ("applying", "oleg")
    work_off(here)
    done = owner.get(f"runs/{run['id']}")
    assert (done["status"], done["result"]) == ("succeeded", {"done": "deploy"})
    assert [(stage["name"], stage["status"]) for stage in done["stages"]] == [("plan", "done"), ("apply", "done")]
    assert owner.get(f"twins/{twin}")["life"] == {"sandbox": "deployed"}
    assert kinds(here, run["id"]) == [
        "run.queued", "run.planning", "said", "run.planned", "run.awaiting-approval", "run.applying", "run.succeeded",
    ]  # fmt: skip


def test_what_was_declined_or_cancelled_leaves_the_twin_free(here: Site, owner: Person, twin: str) -> None:
    first = ask(owner, twin)
    work_off(here)
    assert owner.post(f"runs/{first['id']}/decision", {"agreed": False})["status"] == "declined"
    second = ask(owner, twin)
    assert owner.post(f"runs/{second['id']}/cancel")["status"] == "cancelled"
    work_off(here)
    third = ask(owner, twin)
    work_off(here)
    assert owner.post(f"runs/{third['id']}/cancel")["status"] == "cancelled"
    assert owner.post(f"runs/{third['id']}/cancel")["status"] == "cancelled"
    owner.post(f"runs/{third['id']}/decision", {"agreed": True}, 409)
    assert owner.get(f"twins/{twin}")["life"] == {}


def test_nothing_to_do_needs_nobody(here: Site, owner: Person, twin: str) -> None:
    run = ask(owner, twin)
    work_off(here, FakeTarget(here, nothing=True))
    assert owner.get(f"runs/{run['id']}")["result"] == {"nothing": True}


def test_one_run_at_a_time(here: Site, owner: Person, twin: str) -> None:
    first = ask(owner, twin)
    problem = ask(owner, twin, "deploy", 409)
    assert problem["details"] == {"run": first["id"], "number": 1, "status": "queued"}
    assert "run 1 (deploy) of 'greenhouse' is queued" in problem["detail"]
    # Another target is another deployment, and looking disturbs nobody.
    ask(owner, twin, "deploy", target="rehearsal")
    ask(owner, twin, "plan")


def test_of_many_who_ask_at_once_one_is_served(here: Site, owner: Person, twin: str) -> None:
    answers: list[Any] = []

    def one() -> None:
        answers.append(owner.call("POST", f"twins/{twin}/runs", json={"kind": "deploy", "approve": True}))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert all("run" in answer.json()["details"] for answer in answers if answer.status_code == 409)
    assert len(owner.get(f"twins/{twin}/runs")["items"]) == 1


def test_the_same_key_is_the_same_run(here: Site, owner: Person, twin: str) -> None:
    key = {"Idempotency-Key": "pipeline-1817"}
    first = ask(owner, twin, headers=key)
    again = ask(owner, twin, code=200, headers=key)
    assert again["id"] == first["id"]
    problem = ask(owner, twin, "destroy", 422, headers=key)
    assert problem["errors"][0]["field"] == "idempotency-key"
    other = here.person("oleg", Role.OPERATOR)
    ask(other, twin, code=409, headers=key)  # a key is one person's


@pytest.mark.parametrize("kind", ["redeploy", "destroy", "drift", "verify", "rotate-keys"])
def test_what_is_not_there_cannot_be_worked_on(owner: Person, twin: str, kind: str) -> None:
    assert "not deployed there" in ask(owner, twin, kind, 409)["detail"]


def test_a_twin_without_a_placement_is_not_deployed(owner: Person) -> None:
    assert "no placement yet" in ask(owner, owner.create_twin("bare")["id"], code=409)["detail"]


def test_a_twin_that_has_resources_is_not_forgotten(here: Site, owner: Person, twin: str) -> None:
    deployed(here, owner, twin)
    seen = {"If-Match": '"1"'}
    problem = owner.call("DELETE", f"twins/{twin}", code=409, headers=seen).json()
    assert len(problem["details"]["stacks"]) == 7
    assert "L3-hot (sandbox)" in problem["detail"]
    ask(owner, twin, "destroy", approve=True)
    work_off(here)
    owner.call("DELETE", f"twins/{twin}", code=204, headers=seen)


def test_what_fails_says_why_and_can_be_retried(here: Site, owner: Person, twin: str) -> None:
    def fail(work: Work) -> None:
        if work.run.status == "applying":
            raise WorkFailedError("2 of 7 stacks were not made", {"stacks": {"L1": {"status": "failed"}}})

    run = ask(owner, twin, approve=True)
    work_off(here, FakeTarget(here, before=fail))
    failed = owner.get(f"runs/{run['id']}")
    assert (failed["status"], failed["problem"]) == ("failed", "2 of 7 stacks were not made")
    assert failed["result"] == {"stacks": {"L1": {"status": "failed"}}, "exit_code": 7}
    assert owner.get(f"twins/{twin}")["attention"]
    again = owner.post(f"runs/{run['id']}/retry", code=201)
    assert again["status"] == "queued"
    assert not again["request"]["approve"]


def test_an_error_of_the_asker_fails_the_plan(here: Site, owner: Person, twin: str) -> None:
    def fail(work: Work) -> None:
        raise UsageError("no Azure account is named")

    run = ask(owner, twin)
    work_off(here, FakeTarget(here, before=fail))
    assert owner.get(f"runs/{run['id']}")["problem"] == "no Azure account is named"
    assert owner.get(f"twins/{twin}")["life"] == {}


def test_an_interruption_that_nobody_asked_for_is_no_end(here: Site, owner: Person, twin: str) -> None:
    def interrupt(work: Work) -> None:
        raise KeyboardInterrupt

    run = ask(owner, twin)
    assert carry_out(here.backend, run["id"], "plan", 1, lambda _: FakeTarget(here, before=interrupt)) == (
        StageExit.INTERRUPTED
    )
    assert owner.get(f"runs/{run['id']}")["status"] == "planning"
    assert carry_out(here.backend, run["id"], "plan", 1, lambda _: FakeTarget(here)) == StageExit.RECORDED
    assert owner.get(f"runs/{run['id']}")["status"] == "awaiting-approval"
    assert "stage.resumed" in kinds(here, run["id"])
    # Begun once more by an engine that did not learn of its end: nothing happens.
    assert carry_out(here.backend, run["id"], "plan", 1, lambda _: FakeTarget(here)) == StageExit.RECORDED
    assert kinds(here, run["id"]).count("run.planned") == 1


def test_called_off_while_it_works(here: Site, owner: Person, twin: str) -> None:
    def interrupt(work: Work) -> None:
        owner.post(f"runs/{work.run.id}/cancel")
        raise KeyboardInterrupt

    run = ask(owner, twin)
    work_off(here, FakeTarget(here, before=interrupt))
    assert owner.get(f"runs/{run['id']}")["status"] == "cancelled"
    ask(owner, twin)


def test_a_process_that_dies_without_a_word_fails_its_run(here: Site, owner: Person, twin: str) -> None:
    run = ask(owner, twin)
    crashed(here.backend, run["id"], "plan", 1, "the process ended with code 139", "Segmentation fault")
    crashed(here.backend, run["id"], "plan", 1, "the process ended with code 139", "Segmentation fault")
    failed = owner.get(f"runs/{run['id']}")
    assert (failed["status"], failed["problem"]) == ("failed", "the process ended with code 139")
    with here.backend.database.read() as session:
        assert session.get_one(Stage, (run["id"], "plan", 1)).status == "failed"
        assert session.get_one(Run, run["id"]).ended_at is not None
    ask(owner, twin)


def test_a_move_takes_the_twin_to_its_next_version(here: Site, owner: Person, twin: str) -> None:
    deployed(here, owner, twin)
    placement = owner.get(f"twins/{twin}")["current"]["placement"]
    placement["L3.hot"] = {"provider": "gcp", "offer": "gcp.firestore", "region": "europe-west1"}
    ask(owner, twin, "move", slot="L3.hot", to="gcp", approve=True)
    work_off(here, FakeTarget(here, result={"placement": placement}))
    found = owner.get(f"twins/{twin}")
    assert (found["number"], found["current"]["placement"]) == (2, placement)
    assert found["current"]["note"] == "moved by run 2"
    assert found["clouds"] == ["aws", "gcp"]
    bill = owner.get(f"twins/{twin}/bill")
    assert found["usd_per_month"] == pytest.approx(bill["usd_per_month"])
    assert owner.get(f"twins/{twin}/diff?before=1")["usd_per_month"][1] == found["usd_per_month"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "move"}, "a move takes"),
        ({"kind": "move", "slot": "L3.hot"}, "which slot, and where to"),
        ({"kind": "move", "slot": "L3.hot", "to": "gcp", "resume": True}, "a move takes"),
        ({"kind": "deploy", "to": "gcp"}, "only a move takes that"),
        ({"kind": "verify", "target": "clouds"}, "sandbox"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "deploy", "slots": ["L9"]}, "slots"),
        ({"kind": "deploy", "colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused(owner: Person, twin: str, body: dict[str, Any], says: str) -> None:
    assert says in owner.post(f"twins/{twin}/runs", body, 422)["detail"]


def test_runs_are_listed_by_what_they_are(here: Site, owner: Person, twin: str) -> None:
    deployed(here, owner, twin)
    here.clock.pass_by(60)
    ask(owner, twin, "drift")
    assert [run["kind"] for run in owner.get("runs")["items"]] == ["drift", "deploy"]
    assert [run["kind"] for run in owner.get("runs?status=succeeded")["items"]] == ["deploy"]
    assert [run["number"] for run in owner.get(f"twins/{twin}/runs?kind=drift&kind=move")["items"]] == [2]
    stranger = here.person("sven", workspace_id=here.workspace("rome"))
    assert stranger.get("runs")["items"] == []


def test_prices_are_refreshed_by_a_run(here: Site, owner: Person) -> None:
    run = owner.post("prices/refresh", {"source": "book"}, code=201)
    assert (run["kind"], run["twin"], run["status"]) == ("refresh-prices", None, "queued")
    work_off(here)
    done = owner.get(f"runs/{run['id']}")
    assert (done["status"], done["result"]) == ("succeeded", {"taken": None, "changes": {}})
    told = owner.get(f"runs/{run['id']}/events?kind=prices&limit=500")["items"]
    assert [each["message"] for each in told] == ["Reading the bundled price book", "These prices are in use already"]


def test_a_connection_is_checked_by_a_run(here: Site, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def check(needs: Any, environ: Any) -> list[CredentialFinding]:
        seen.append((needs, environ))
        return [CredentialFinding(needs[0].provider, Topic.IDENTITY, Verdict.OK, "signed in")]

    monkeypatch.setattr(chores, "check_credentials", check)
    body = cloud_accounts.aws("main")
    made = owner.post(f"workspaces/{here.workspace_id}/connections", body, 201)
    run = owner.post(f"workspaces/{here.workspace_id}/connections/{made['id']}/check", {}, 201)
    work_off(here)
    assert owner.get(f"runs/{run['id']}")["result"]["kept"]
    ((needs, environ),) = seen
    assert needs[0].provider == "aws"
    assert environ["AWS_ACCESS_KEY_ID"]
    assert body["credentials"]["secret_access_key"] not in owner.call("GET", f"runs/{run['id']}/events").text
    shown = owner.get(f"workspaces/{here.workspace_id}/connections/{made['id']}")
    assert shown["check"]["sufficient"]


def test_what_is_told_once_is_told_to_who_asked_and_no_more(here: Site, owner: Person, twin: str) -> None:
    def make_people(work: Work) -> None:
        if work.run.status == "applying":
            work.teller.reveal(("eva: Tr0ub4dor",))

    run = ask(owner, twin, approve=True)
    work_off(here, FakeTarget(here, before=make_people))
    assert owner.get(f"runs/{run['id']}")["reveals"]
    assert "Tr0ub4dor" not in owner.call("GET", f"runs/{run['id']}/events").text
    here.person("oleg", Role.OPERATOR).post(f"runs/{run['id']}/reveal", code=403)
    assert owner.post(f"runs/{run['id']}/reveal") == {"lines": ["eva: Tr0ub4dor"]}
    owner.post(f"runs/{run['id']}/reveal", code=404)
    assert not owner.get(f"runs/{run['id']}")["reveals"]
