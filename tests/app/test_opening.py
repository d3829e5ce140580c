"""A backend is opened with the keys that its database was sealed with, or not at all."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text, update

from tests.app.backends import START, Person, Site
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db.revision import MigrationError
from twin2multicloud.app.db.sealed import CONTEXTS, context_of, sealed_columns
from twin2multicloud.app.db.sealing import KeyRing, SealError
from twin2multicloud.app.db.tables import AlertRoute, Connection, Document, LoginAttempt, StateVersion
from twin2multicloud.app.doctor import Surroundings, examine_here
from twin2multicloud.app.runs.told import Told, stage_command
from twin2multicloud.app.settings import read_settings

PLACES = ("alert_routes", "connections", "documents", "login_attempts", "state_versions")


def plant(here: Site, owner: Person, place: str) -> None:
    """A secret in one place."""
    twin = {"twin_id": owner.create_twin(f"twin-{PLACES.index(place)}")["id"], "target": "clouds"}
    row: Any
    if place == "documents":
        row = Document(**twin, name="links", line=0)
        row.sealed = here.backend.sealer.seal(b"x", row.context)
    elif place == "state_versions":
        row = StateVersion(
            **twin, stack="aws-l1", number=1, serial=1, lineage="l", md5="", size=1, resources=0, run_id="", created=0.0
        )  # fmt: skip
        row.sealed = here.backend.sealer.seal(b"x", row.context)
    elif place == "login_attempts":
        key = {"state_hash": b"1" * 32}
        sealed = here.backend.sealer.seal(b"x", context_of("login_attempts.identity", **key))
        row = LoginAttempt(**key, identity=sealed, provider="x", return_to="/", expires_at=START + timedelta(minutes=5))
    elif place == "alert_routes":
        sealed = here.backend.sealer.seal(b"x", context_of("alert_routes.sealed", id="rte_1"))
        row = AlertRoute(
            id="rte_1", workspace_id=here.workspace_id, kind="webhook", name="x", address="", sealed=sealed,
            min_severity="info", twins=[], layers=[], only_escalated=False, enabled=True, created_at=START,
            updated_at=START,
        )  # fmt: skip
    else:
        sealed = here.backend.sealer.seal(b"x", context_of("connections.sealed", id="con_1"))
        row = Connection(
            id="con_1", workspace_id=here.workspace_id, provider="aws", name="x", config={}, sealed=sealed,
            created_at=START, updated_at=START,
        )  # fmt: skip
    with here.backend.database.write() as session:
        session.add(row)


def reopen(here: Site) -> None:
    with open_backend(here.backend.settings, here.clock):
        pass


def test_every_place_with_secrets_is_planted() -> None:
    assert {table.name for table, _ in sealed_columns()} == set(PLACES)
    assert {place.split(".")[0] for place in CONTEXTS} == set(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_a_lost_key_file_is_not_made_anew_over_secrets(sqlite_site: Site, place: str) -> None:
    keys = sqlite_site.backend.settings.keys
    content = keys.read_bytes()
    plant(sqlite_site, sqlite_site.person("olga"), place)
    keys.unlink()
    with pytest.raises(SealError, match=r"keys\.json is missing.*Put the keys\.json back"):
        reopen(sqlite_site)
    assert not keys.exists()
    KeyRing.of(keys)  # as another installation has it: its key is called k1, too
    with pytest.raises(SealError, match=r"another installation's.*Put the keys\.json back"):
        reopen(sqlite_site)
    keys.write_bytes(content)
    reopen(sqlite_site)


def test_either_database_is_looked_at(here: Site, owner: Person) -> None:
    plant(here, owner, "documents")
    here.backend.settings.keys.unlink()
    with pytest.raises(SealError, match="what is known of deployments"):
        reopen(here)


def test_a_key_is_made_where_nothing_was_sealed(sqlite_site: Site) -> None:
    sqlite_site.backend.settings.keys.unlink()
    reopen(sqlite_site)
    assert sqlite_site.backend.settings.keys.exists()


def test_a_damaged_secret_does_not_keep_the_others_shut(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    plant(sqlite_site, owner, "connections")
    plant(sqlite_site, owner, "login_attempts")
    for damaged in (sqlite_site.backend.sealer.seal(b"x", "another row"), b"no envelope"):
        with sqlite_site.backend.database.write() as session:
            session.execute(update(Connection).values(sealed=damaged))
        reopen(sqlite_site)


def test_a_key_that_is_lacking_is_named(sqlite_site: Site) -> None:
    plant(sqlite_site, sqlite_site.person("olga"), "documents")
    keys = sqlite_site.backend.settings.keys
    KeyRing.of(keys).with_new(lambda count: b"2" * count).only_current().save(keys)
    with pytest.raises(SealError, match=r"sealed with \(k1\)"):
        reopen(sqlite_site)


def test_no_key_is_made_for_another_versions_tables(sqlite_site: Site) -> None:
    with sqlite_site.backend.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    sqlite_site.backend.settings.keys.unlink()
    with pytest.raises(MigrationError, match="db upgrade"):
        reopen(sqlite_site)
    assert not sqlite_site.backend.settings.keys.exists()


def test_a_stage_does_not_check_again_what_its_server_has(sqlite_site: Site) -> None:
    backend = sqlite_site.backend
    plant(sqlite_site, sqlite_site.person("olga"), "documents")
    command = stage_command(backend, {"run": "run_1", "stage": "plan", "attempt": 1})
    told = msgspec.json.decode(command.stdin, type=Told)
    [key] = backend.sealer.ring.keys.values()
    assert base64.b64encode(key) not in command.stdin

    def asked(checked: Sequence[str]) -> int:
        with open_backend(backend.settings, sqlite_site.clock, checked_keys=checked) as opened:
            # A pool that has handed out a connection has been asked something.
            return int(opened.database.engine.pool.checkedin())  # type: ignore[attr-defined]

    assert asked(()) == 1
    assert asked(told.keys) == 0
    # A rotation that began meanwhile changes nothing about that; a file of somebody else's does.
    keys = backend.settings.keys
    rotated = KeyRing.of(keys).with_new(lambda count: b"2" * count)
    rotated.save(keys)
    assert asked(told.keys) == 0
    KeyRing("", {}).with_new(lambda count: b"3" * count).save(keys)
    with pytest.raises(SealError, match="another installation's"):
        asked(told.keys)
    keys.unlink()
    with pytest.raises(SealError, match="is missing"):
        asked(told.keys)
    assert not keys.exists()


def test_doctor_tells_of_replaced_keys(sqlite_site: Site) -> None:
    plant(sqlite_site, sqlite_site.person("olga"), "documents")
    settings = read_settings(data=sqlite_site.backend.settings.data)
    settings.keys.unlink()
    KeyRing.of(settings.keys)
    found = {sign.what: sign for sign in examine_here(settings.data, Surroundings(core=lambda: "", installed=bool))}
    assert found["keys"].verdict == "wrong"
    assert found["keys"].remedy.startswith("Put the keys.json back")
