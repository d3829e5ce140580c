"""Master keys that are lost: what only they open is discarded, everything else is kept and works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.app import cloud_accounts
from tests.app.backends import START, URL, Clock, Person, Site, site
from tests.app.deployments import HOLDER, store
from tests.app.runners import place
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.backups import restore
from twin2multicloud.app.db.archive import ArchiveError
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.documents import DatabaseDocuments
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.sealing import KeyRing, SealError
from twin2multicloud.app.db.tables import (
    Alert,
    AuditEntry,
    Connection,
    Document,
    LoginAttempt,
    Run,
    Stack,
    StateVersion,
)
from twin2multicloud.app.discarding import Loss, discard
from twin2multicloud.app.doctor import Surroundings, examine_here
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.monitoring.collecting import DOCUMENT as POSITION
from twin2multicloud.app.services import connections
from twin2multicloud.app.serving import ServedError, alone
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.deployer.state.records import LockRequest


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return read_settings(data=tmp_path / "data", database_url=database_url, optimizer_processes=0)


@contextmanager
def opened(settings: Settings) -> Iterator[Site]:
    """The installation at its beginning."""
    with site(settings.data, settings.url) as here:
        yield here


@contextmanager
def opened_again(settings: Settings) -> Iterator[Site]:
    """The same later on, with the people that it has."""
    clock = Clock()
    with open_backend(settings, clock) as backend, TestClient(create_app(backend), base_url=URL) as http:
        yield Site(backend, clock, http)


def state(serial: int, resources: int) -> bytes:
    found = [{"mode": "managed", "type": "x", "name": f"r{n}", "instances": [{}]} for n in range(resources)]
    return json.dumps(
        {"version": 4, "terraform_version": "1.9.0", "serial": serial, "lineage": "one", "outputs": {},
         "resources": found}
    ).encode()  # fmt: skip


def save(here: Site, twin: str, target: str, stack: str, *resources: int) -> None:
    """Versions of a stack's state with so many resources."""
    states = store(here, twin, target)
    states.lock(stack, LockRequest("saving"), HOLDER)
    begun = len(states.history(stack))
    for number, count in enumerate(resources, begun + 1):
        states.write(stack, state(number, count), lock_id="saving", holder=HOLDER)
    states.unlock(stack, "saving")


def note(here: Site, twin: str, target: str, *slots: str) -> None:
    """Stacks that exist."""
    with here.backend.database.write() as session:
        for slot in slots:
            session.add(
                Stack(
                    twin_id=twin, target=target, name=slot, slot=slot, site="aws/eu-central-1", fingerprint="f",
                    whole=True, applied_at=START,
                )
            )  # fmt: skip


def documents(here: Site, twin: str, target: str) -> DatabaseDocuments:
    return DatabaseDocuments(here.backend.database, here.backend.sealer, twin, target)


def filled(here: Site) -> dict[str, str]:
    """A twin at all three targets, with every kind of secret; what it is called by."""
    owner = here.person("olga")
    twin = owner.create_twin()["id"]
    place(here, twin)
    connection = owner.post(f"workspaces/{here.workspace_id}/connections", cloud_accounts.aws(), 201)["id"]
    for target in ("clouds", "rehearsal"):
        documents(here, twin, target).write("deployment.json", b"{}")
        note(here, twin, target, "L1", "L2")
        save(here, twin, target, "L1", 1, 3)
        save(here, twin, target, "L2", 2)
    note(here, twin, "sandbox", "L1")
    documents(here, twin, "sandbox").write(POSITION, b'{"seq": 1}')
    documents(here, twin, "clouds").write("reveals/run_0", b"[]")
    runs = {target: here.run(owner, twin) for target in ("clouds", "sandbox")}
    sealed = here.backend.sealer.seal(b"x", context_of("login_attempts.identity", state_hash=b"1" * 32))
    with here.backend.database.write() as session:
        session.get_one(Run, runs["clouds"]).target = "clouds"
        later = START + timedelta(minutes=5)
        attempt = LoginAttempt(
            state_hash=b"1" * 32, identity=sealed, provider="x", return_to="/", expires_at=later
        )  # fmt: skip
        session.add(attempt)
    (here.backend.settings.data / "deployments" / twin / "clouds" / "work").mkdir(parents=True)
    return {"twin": twin, "connection": connection, "key": owner.token, "person": owner.user_id, **runs}


def no(_loss: Loss) -> bool:
    return False


def yes(_loss: Loss) -> bool:
    return True


def rows(settings: Settings, table: type[Any]) -> list[Any]:
    database = Database(settings.url)
    with database.read() as session:
        found = list(session.scalars(select(table)))
    database.close()
    return found


def test_what_only_lost_keys_open_is_discarded_and_the_rest_kept(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as here:
        made = filled(here)
    backup, clock = tmp_path / "before.zip", Clock()
    with pytest.raises(ConflictError, match="all that the database holds can be opened"):
        discard(settings, yes, backup, clock=clock)
    keys = settings.keys.read_bytes()
    settings.keys.unlink()
    with pytest.raises(SealError, match="`twin2multicloud db discard-sealed` says which"), open_backend(settings):
        pass
    assert discard(settings, no, backup, clock=clock) is None
    assert not backup.exists()
    assert not settings.keys.exists()
    assert len(rows(settings, StateVersion)) == 6

    loss = discard(settings, yes, backup, clock=clock)
    assert loss is not None
    assert loss.connections == ((made["connection"], "aws-dev", "aws"),)
    assert (loss.reveals, loss.sign_ins, loss.old_states) == (1, 1, 2)
    told = {each.target: (each.whole, each.is_real, [str(stack) for stack in each.stacks]) for each in loss.deployments}
    stacks = ["L1 (aws/eu-central-1, 3 resources)", "L2 (aws/eu-central-1, 2 resources)"]
    assert told == {"clouds": (True, True, stacks), "rehearsal": (True, False, stacks)}
    for table in (StateVersion, Document, LoginAttempt):
        assert rows(settings, table) == []
    assert [(stack.target, stack.name) for stack in rows(settings, Stack)] == [("sandbox", "L1")]
    ended = {run.id: (run.status, run.problem) for run in rows(settings, Run)}
    assert ended[made["clouds"]][0] == "failed"
    assert "master keys were lost" in ended[made["clouds"]][1]
    assert ended[made["sandbox"]] == ("applying", None)
    noted = {entry.action: entry for entry in rows(settings, AuditEntry)}
    assert noted["secrets.discarded"].details["connections"] == [made["connection"]]
    assert noted["deployment.discarded"].subject == made["twin"]
    [scratch] = (settings.data / "deployments" / made["twin"]).iterdir()
    assert scratch.name.startswith("clouds.discarded-")

    with pytest.raises(ConflictError, match="all that the database holds can be opened"):
        discard(settings, yes, backup, clock=clock)
    with opened_again(settings) as here:
        goes_on(here, made)
    # The keys turn up again: with the backup all is as it was.
    settings.keys.write_bytes(keys)
    restore(settings, backup, replace=True, ask_passphrase=lambda: "", resume_runs=True)
    with open_backend(settings):
        assert len(rows(settings, StateVersion)) == 6


def goes_on(here: Site, made: dict[str, str]) -> None:
    """The installation works: what is lost says so, and can be given anew or looked after."""
    owner = Person(made["person"], made["key"], here.http)
    with here.backend.database.read() as session:
        row = session.get_one(Connection, made["connection"])
        connection = f"workspaces/{row.workspace_id}/connections/{row.id}"
    shown = owner.get(connection)
    assert (shown["check"]["sufficient"], shown["check"]["findings"][0]["verdict"]) == (False, "missing")
    assert "connections replace aws-dev FILE" in shown["check"]["findings"][0]["remedy"]
    with pytest.raises(ConflictError, match="has no credentials: they were discarded"):
        connections.sign_in_of(here.backend, row)
    owner.call("PUT", connection, code=200, json=cloud_accounts.aws(), headers={"If-Match": f'"{shown["version"]}"'})
    assert owner.get(connection)["check"] is None
    with here.backend.database.read() as session:
        assert connections.sign_in_of(here.backend, session.get_one(Connection, made["connection"])).variables

    twin = f"twins/{made['twin']}"
    assert list(owner.get(twin)["life"]) == ["sandbox"]
    [alert] = [each for each in owner.get("alerts")["items"] if each["kind"] == "resources-untracked"]
    assert (alert["target"], alert["severity"]) == ("clouds", "error")
    assert "tags managed-by=twin2multicloud and twin=greenhouse" in alert["message"]
    assert [each["name"] for each in alert["data"]["stacks"]] == ["L1", "L2"]
    deploy = {"kind": "deploy", "target": "clouds"}
    refused = owner.post(f"{twin}/runs", deploy, 409)
    assert f"alerts ack {alert['id']}" in refused["detail"]
    owner.post(f"{twin}/runs", {"kind": "plan", "target": "clouds"}, 201)
    owner.post(f"{twin}/runs", {"kind": "deploy", "target": "rehearsal"}, 201)
    owner.post(f"alerts/{alert['id']}/acknowledge")
    owner.post(f"{twin}/runs", deploy, 201)


def test_a_twin_with_resources_that_nobody_tracks_is_not_forgotten(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as here:
        owner = here.person("olga")
        twin = owner.create_twin()["id"]
        documents(here, twin, "clouds").write("deployment.json", b"{}")
        note(here, twin, "clouds", "L1")
    settings.keys.unlink()
    assert discard(settings, yes, tmp_path / "before.zip", clock=Clock()) is not None
    with opened_again(settings) as here:
        owner = Person(owner.user_id, owner.token, here.http)
        seen = {"If-Match": '"1"'}
        refused = owner.call("DELETE", f"twins/{twin}", code=409, headers=seen).json()
        assert "nobody keeps track of" in refused["detail"]
        [alert] = owner.get("alerts")["items"]
        owner.post(f"alerts/{alert['id']}/acknowledge")
        owner.call("DELETE", f"twins/{twin}", code=204, headers=seen)


def test_what_other_keys_open_is_kept(settings: Settings, tmp_path: Path) -> None:
    """A rotation was interrupted, and its old key lost."""
    with opened(settings) as here:
        owner = here.person("olga")
        twin = owner.create_twin()["id"]
        save(here, twin, "clouds", "L1", 1)  # the newest one is sealed anew, with what it lists
        save(here, twin, "clouds", "L2", 1, 2)
        save(here, twin, "clouds", "L3", 1, 0)  # nothing of it is left
        KeyRing.of(settings.keys).with_new(lambda count: b"2" * count).save(settings.keys)
        save(here, twin, "clouds", "L1", 4)
        documents(here, twin, "clouds").write("deployment.json", b"{}")
        note(here, twin, "clouds", "L1", "L2")
    KeyRing.of(settings.keys).only_current().save(settings.keys)
    loss = discard(settings, yes, tmp_path / "before.zip", clock=Clock())
    assert loss is not None
    [lost] = loss.deployments
    assert (lost.whole, [str(each) for each in lost.stacks]) == (False, ["L2 (aws/eu-central-1, 2 resources)"])
    assert [(row.stack, row.number, row.resources) for row in rows(settings, StateVersion)] == [("L1", 2, 4)]
    assert [stack.name for stack in rows(settings, Stack)] == ["L1"]
    assert [document.name for document in rows(settings, Document)] == ["deployment.json"]
    [alert] = rows(settings, Alert)
    assert [each["name"] for each in alert.data["stacks"]] == ["L2"]
    with open_backend(settings):
        pass


def test_nothing_is_discarded_while_somebody_serves(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as here:
        filled(here)
        with alone(settings, "serve"), pytest.raises(ServedError, match="discard-sealed: process"):
            discard(settings, yes, tmp_path / "before.zip")
        if not here.backend.database.is_sqlite:
            with pytest.raises(ArchiveError, match="other connections to this database are open"):
                discard(settings, yes, tmp_path / "before.zip")
    assert not (tmp_path / "before.zip").exists()


def test_doctor_names_the_way_on(sqlite_file: str, tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path / "data", database_url=sqlite_file)
    with opened(settings) as here:
        filled(here)
    here_ = Surroundings(core=lambda: "", installed=bool)

    def remedy() -> str:
        found = {sign.what: sign for sign in examine_here(settings.data, here_)}
        assert found["keys"].verdict == "wrong"
        return found["keys"].remedy

    settings.keys.unlink()
    assert "`twin2multicloud db discard-sealed`" in remedy()
    KeyRing.of(settings.keys)
    assert "`twin2multicloud db discard-sealed`" in remedy()
