"""What several ask for at the same moment: one is served, the others are told, and what is left fits together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import select

from tests.app.backends import TWIN, Person, Site
from tests.app.runners import FakeTarget, kinds, place, work_off
from twin2multicloud.app.db.tables import Claim, Run, Stage
from twin2multicloud.app.runs.stage import carry_out

ROUNDS = 12


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each comes to when all begin at the same moment."""
    together = threading.Barrier(len(calls))
    found: list[Any] = [None] * len(calls)

    def one(number: int, call: Callable[[], Any]) -> None:
        together.wait()
        found[number] = call()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def asked(here: Site, owner: Person) -> tuple[str, str]:
    """A twin and a run of it."""
    twin = owner.create_twin(here.backend.make_id("twin")[:20].replace("_", "-"))["id"]
    place(here, twin)
    return twin, owner.post(f"twins/{twin}/runs", {"kind": "deploy"}, 201)["id"]


def check_fits(here: Site, run: str) -> Run:
    """A run's status, its end, its claim and its events say the same."""
    with here.backend.database.read() as session:
        found = session.get_one(Run, run)
        ended = found.status in ("succeeded", "failed", "cancelled", "declined")
        assert (found.ended_at is not None) == ended, found.status
        claimed = session.scalar(select(Claim).where(Claim.run_id == run)) is not None
        assert claimed != ended, found.status
        waiting = session.scalars(select(Stage).where(Stage.run_id == run, Stage.status == "queued")).all()
        assert not (ended and waiting), found.status
    told = [kind for kind in kinds(here, run) if kind.startswith("run.")]
    assert len(told) == len(set(told)), told
    assert told[-1] == f"run.{found.status}", told
    return found


def test_agreeing_and_calling_off(here: Site, owner: Person) -> None:
    for _ in range(ROUNDS):
        _, run = asked(here, owner)
        work_off(here)
        at_once(
            partial(owner.call, "POST", f"runs/{run}/decision", json={"agreed": True}),
            partial(owner.call, "POST", f"runs/{run}/cancel"),
            partial(owner.call, "POST", f"runs/{run}/decision", json={"agreed": False}),
        )
        assert check_fits(here, run).status in ("applying", "cancelled", "declined")
        owner.post(f"runs/{run}/cancel")
        check_fits(here, run)


def test_beginning_and_calling_off(here: Site, owner: Person) -> None:
    for _ in range(ROUNDS):
        _, run = asked(here, owner)
        at_once(
            partial(carry_out, here.backend, run, "plan", 1, lambda _: FakeTarget(here)),
            partial(owner.call, "POST", f"runs/{run}/cancel", code=200),
        )
        found = check_fits(here, run)
        assert found.status == "cancelled"


def test_revising(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    for number in range(1, ROUNDS):
        seen = {"If-Match": f'"{number}"'}
        answers = at_once(
            *(
                lambda note=note, seen=seen: owner.call(
                    "PUT", f"twins/{twin}", json={"source": TWIN, "note": note}, headers=seen
                )
                for note in ("one", "two", "three")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        assert owner.get(f"twins/{twin}")["version"] == number + 1


def test_asking_and_deleting(here: Site, owner: Person) -> None:
    for number in range(ROUNDS):
        twin = owner.create_twin(f"house-{number}")["id"]
        place(here, twin)
        begun, deleted = at_once(
            partial(owner.call, "POST", f"twins/{twin}/runs", json={"kind": "deploy"}),
            partial(owner.call, "DELETE", f"twins/{twin}", headers={"If-Match": '"1"'}),
        )
        assert (begun.status_code, deleted.status_code) in ((201, 409), (404, 204)), (begun.text, deleted.text)
        if begun.status_code == 201:
            check_fits(here, begun.json()["id"])
            owner.post(f"runs/{begun.json()['id']}/cancel")
