"""A twin's life in any order of events, by several people over HTTP: what is told is true, and never impossible."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from tests.app.backends import TWIN, Person, Site, site
from tests.app.runners import FakeTarget, place
from twin2multicloud.app.db.database import sqlite_url
from twin2multicloud.app.db.tables import Claim, Run, Stack, Stage, Twin
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.stage import carry_out, crashed
from twin2multicloud.app.runs.work import Planned, Work, WorkFailedError
from twin2multicloud.app.schemas.runs import ENDED

_BUSY = {"deploy": "deploying", "redeploy": "deploying", "move": "moving", "destroy": "destroying"}
_CHANGING = (*_BUSY, "rotate-keys")
_WISHES: dict[str, dict[str, Any]] = {"move": {"slot": "L3.hot", "to": "gcp"}}

targets = st.sampled_from(["sandbox", "rehearsal"])
people = st.sampled_from(["olga", "oleg", "vera", "sven"])
which = st.integers(0, 9)


class Half(FakeTarget):
    """Makes half of what it should, and then says so, dies or is interrupted."""

    def __init__(self, site: Site, end: Callable[[Work], None]) -> None:
        super().__init__(site)
        self._end = end

    def plan(self, work: Work) -> Planned:
        self._end(work)
        return super().plan(work)

    def apply(self, work: Work) -> dict[str, Any]:
        done = super().apply(work)
        if work.asked.kind in ("deploy", "redeploy"):
            with self.site.backend.database.write() as session:
                mine = (Stack.twin_id == work.twin_id, Stack.target == work.run.target)
                session.execute(delete(Stack).where(*mine, Stack.slot == "L5"))
                for stack in session.scalars(select(Stack).where(*mine, Stack.slot == "L4")):
                    stack.whole = False
        self._end(work)
        return done


class Lives(RuleBasedStateMachine):
    """Two twins at most at a time, in a backend that all examples share."""

    here: Site
    everybody: dict[str, Person]
    numbers = iter(range(10**9))

    def __init__(self) -> None:
        super().__init__()
        self.twins: list[str] = []
        self.runs: list[str] = []
        self.etags: dict[str, int] = {}

    def call(self, who: str, method: str, path: str, **options: Any) -> Any:
        """A request. Whatever is refused is refused with a reason, by whoever may not with the right code."""
        answer = self.everybody[who].call(method, path, **options)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["detail"]
        if who == "sven" and path != "twins":
            assert answer.status_code == 404, answer.text
        if who == "vera" and method != "GET":
            assert answer.status_code == 403, answer.text
        return answer

    # ── What people do ──────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: len(self.twins) < 2)
    @rule(placed=st.sampled_from([True, True, True, False]))
    def create(self, placed: bool) -> None:
        made = self.everybody["olga"].create_twin(f"house-{next(self.numbers)}")
        self.twins.append(made["id"])
        if placed:
            place(self.here, made["id"])

    @precondition(lambda self: self.twins)
    @rule(who=people, n=which, stale=st.booleans())
    def revise(self, who: str, n: int, stale: bool) -> None:
        twin = self.twins[n % len(self.twins)]
        now = self.everybody["olga"].get(f"twins/{twin}")
        seen = now["version"] - (1 if stale else 0)
        source = TWIN.replace("name: greenhouse", f"name: {now['name']}")
        answer = self.call(who, "PUT", f"twins/{twin}", json={"source": source}, headers={"If-Match": f'"{seen}"'})
        if who in ("olga", "oleg"):
            assert answer.status_code == (412 if stale else 200)

    @precondition(lambda self: self.twins)
    @rule(
        who=people,
        n=which,
        kind=st.sampled_from(["plan", "deploy", "deploy", "redeploy", "destroy", "move", "drift", "rotate-keys"]),
        where=targets,
        approve=st.booleans(),
    )
    def ask(self, who: str, n: int, kind: str, where: str, approve: bool) -> None:
        twin = self.twins[n % len(self.twins)]
        life = self.everybody["olga"].get(f"twins/{twin}")["life"].get(where, "draft")
        held = self.claimed(twin, where)
        body = {"kind": kind, "target": where, "approve": approve, **_WISHES.get(kind, {})}
        answer = self.call(who, "POST", f"twins/{twin}/runs", json=body)
        if answer.status_code == 201:
            self.runs.append(answer.json()["id"])
            assert not (held and kind in _CHANGING)
            assert life != "draft" or kind in ("plan", "deploy")
            assert life != "partial" or kind != "rotate-keys"
        elif who in ("olga", "oleg"):
            assert answer.status_code == 409, answer.text

    @precondition(lambda self: self.runs)
    @rule(who=people, n=which, agreed=st.booleans())
    def decide(self, who: str, n: int, agreed: bool) -> None:
        run = self.runs[-1 - n % len(self.runs)]
        before = self.status(run)
        answer = self.call(who, "POST", f"runs/{run}/decision", json={"agreed": agreed})
        if who in ("olga", "oleg"):
            assert answer.status_code == (200 if before == "awaiting-approval" else 409)

    @precondition(lambda self: self.runs)
    @rule(who=people, n=which)
    def cancel(self, who: str, n: int) -> None:
        run = self.runs[-1 - n % len(self.runs)]
        before = self.status(run)
        answer = self.call(who, "POST", f"runs/{run}/cancel")
        if answer.status_code == 200:
            after = answer.json()["status"]
            assert after == before if before in ENDED else after in ("cancelling", "cancelled")

    @precondition(lambda self: self.runs)
    @rule(who=people, n=which)
    def retry(self, who: str, n: int) -> None:
        run = self.runs[-1 - n % len(self.runs)]
        before = self.status(run)
        answer = self.call(who, "POST", f"runs/{run}/retry")
        if answer.status_code == 201:
            assert before in ("failed", "cancelled")
            self.runs.append(answer.json()["id"])

    @precondition(lambda self: self.twins)
    @rule(who=people, n=which)
    def forget(self, who: str, n: int) -> None:
        twin = self.twins[n % len(self.twins)]
        now = self.everybody["olga"].get(f"twins/{twin}")
        answer = self.call(who, "DELETE", f"twins/{twin}", headers={"If-Match": f'"{now["version"]}"'})
        if answer.status_code == 204:
            assert who == "olga"
            assert now["life"] == {}
            self.twins.remove(twin)
            self.runs = [run for run in self.runs if self.call("olga", "GET", f"runs/{run}").status_code == 200]
        elif who == "olga":
            assert now["life"] or self.unfinished(twin)

    # ── What processes do ───────────────────────────────────────────────────────────────────────────────────
    @rule(end=st.sampled_from(["well", "well", "well", "nothing", "failed", "interrupted", "called off", "dead"]))
    def work(self, end: str) -> None:
        """One stage is begun, and ends in some way."""
        with self.here.backend.database.read() as session:
            stage = session.scalar(
                select(Stage).where(Stage.run_id.in_(self.runs), Stage.status.in_(("queued", "running")))
            )
        if stage is None:
            return
        key = (stage.run_id, stage.name, stage.attempt)
        ends: dict[str, FakeTarget] = {
            "well": FakeTarget(self.here),
            "nothing": FakeTarget(self.here, nothing=True),
            "failed": Half(self.here, _fail),
            "interrupted": Half(self.here, _interrupt),
            "called off": Half(self.here, self._call_off),
            "dead": Half(self.here, _interrupt),
        }
        code = carry_out(self.here.backend, *key, lambda _name: ends[end])
        if end == "dead" and code == StageExit.INTERRUPTED:
            crashed(self.here.backend, *key, "its process ended with code 139", "Segmentation fault")

    def _call_off(self, work: Work) -> None:
        self.call("oleg", "POST", f"runs/{work.run.id}/cancel", code=200)
        raise KeyboardInterrupt

    # ── What always holds ───────────────────────────────────────────────────────────────────────────────────
    @invariant()
    def lives_are_what_is_there(self) -> None:
        for twin in self.twins:
            told = self.everybody["oleg"].get(f"twins/{twin}")
            wanted = {}
            for target in ("sandbox", "rehearsal"):
                life = self.life(twin, target)
                if life != "draft" or self.claimed(twin, target):
                    wanted[target] = life
            assert told["life"] == wanted

    @invariant()
    def lists_choose_by_what_they_tell(self) -> None:
        """Filters are asked of the database; what a list tells of each twin is worked out another way."""
        everything = self.everybody["oleg"].get("twins")["items"]
        for life in ("draft", "deployed", "partial", *_BUSY.values()):
            found = [each["id"] for each in self.everybody["oleg"].get(f"twins?life={life}")["items"]]
            assert found == [each["id"] for each in everything if life in (each["life"].values() or ["draft"])], life
        for wanted in ("true", "false"):
            found = [each["id"] for each in self.everybody["oleg"].get(f"twins?attention={wanted}")["items"]]
            assert found == [each["id"] for each in everything if each["attention"] == (wanted == "true")]

    @invariant()
    def versions_grow(self) -> None:
        for twin in self.twins:
            answer = self.everybody["vera"].call("GET", f"twins/{twin}", code=200)
            version = int(answer.headers["ETag"].strip('"'))
            assert version == answer.json()["version"] >= self.etags.get(twin, 1)
            self.etags[twin] = version

    @invariant()
    def whoever_changes_a_twin_has_it_alone(self) -> None:
        with self.here.backend.database.read() as session:
            claims = {(claim.twin_id, claim.target): claim.run_id for claim in session.scalars(select(Claim))}
            changing = session.scalars(select(Run).where(Run.ended_at.is_(None), Run.kind.in_(_CHANGING))).all()
            assert claims == {(run.twin_id, run.target): run.id for run in changing}
            assert len(claims) == len(changing)
            assert all((run.ended_at is not None) == (run.status in ENDED) for run in session.scalars(select(Run)))

    @invariant()
    def nothing_exists_of_nobody(self) -> None:
        with self.here.backend.database.read() as session:
            assert set(session.scalars(select(Stack.twin_id))) <= set(session.scalars(select(Twin.id)))

    def teardown(self) -> None:
        """What is left is forgotten, so that the next example begins with nothing."""
        with self.here.backend.database.write() as session:
            for table in (Stack, Claim, Run, Twin):
                session.execute(delete(table))

    # ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def status(self, run: str) -> str:
        return str(self.everybody["olga"].get(f"runs/{run}")["status"])

    def claimed(self, twin: str, target: str) -> bool:
        with self.here.backend.database.read() as session:
            return session.get(Claim, (twin, target)) is not None

    def unfinished(self, twin: str) -> bool:
        with self.here.backend.database.read() as session:
            return session.scalar(select(Run).where(Run.twin_id == twin, Run.ended_at.is_(None))) is not None

    def life(self, twin: str, target: str) -> str:
        """What it must be, found in another way than the backend's."""
        with self.here.backend.database.read() as session:
            claim = session.get(Claim, (twin, target))
            kind = None if claim is None else session.get_one(Run, claim.run_id).kind
            stacks = session.scalars(select(Stack).where(Stack.twin_id == twin, Stack.target == target)).all()
        if kind in _BUSY:
            return _BUSY[kind]
        if not stacks:
            return "draft"
        return "deployed" if len(stacks) == 7 and all(stack.whole for stack in stacks) else "partial"


def _fail(work: Work) -> None:
    raise WorkFailedError("half of it was done", {"stacks": {}})


def _interrupt(work: Work) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_any_order_of_events(sqlite_template: Path) -> None:
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copy(sqlite_template, data / "app.db")
        Lives.here = stack.enter_context(site(data, sqlite_url(data / "app.db")))
        rome = Lives.here.workspace("rome")
        Lives.everybody = {
            "olga": Lives.here.person("olga"),
            "oleg": Lives.here.person("oleg", Role.OPERATOR),
            "vera": Lives.here.person("vera", Role.VIEWER),
            "sven": Lives.here.person("sven", workspace_id=rome),
        }
        run_state_machine_as_test(
            Lives,
            settings=settings(
                max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
