"""Backups: made while people work, the same rows wherever they are restored, and nothing changed if that fails."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from starlette.testclient import TestClient

from tests.app.backends import START, Person, Site
from tests.deployer.placements import AWS, placement
from tests.postgres import PostgresCluster
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.backups import back_up, restore
from twin2multicloud.app.db.archive import ArchiveError, Manifest
from twin2multicloud.app.db.base import Base
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.revision import MigrationError
from twin2multicloud.app.db.sealing import KeyRing
from twin2multicloud.app.db.tables import Connection, Document, Event, PriceBookVersion, Run, Stage, Twin
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.services.twins import current
from twin2multicloud.app.serving import ServedError, alone
from twin2multicloud.app.settings import Settings, read_settings

ODD = {"1e22": 1e22, "-0.0": -0.0, "1e-7": 1e-7, "ü": ["é", None, True, {"b": 1, "a": 2.0}], "big": 2**60, "empty": {}}
PASSPHRASE = "correct horse battery staple"


def no_passphrase() -> str:
    raise AssertionError("nobody is asked")


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Another installation, empty, on either database."""
    data = tmp_path / "elsewhere"
    if request.param == "sqlite":
        yield read_settings(data=data)
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    with cluster.database() as url:
        yield read_settings(data=data, database_url=url)


def filled(here: Site) -> None:
    """Something of every kind of column, with values that databases spell differently."""
    owner = here.person("olga")
    twin = owner.create_twin("a-twin")
    owner.create_twin("b-twin", note="né 🌱 \n\t'\"\\")
    backend = here.backend
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    with backend.database.write() as session:
        session.add(
            Connection(
                id="con_1",
                workspace_id=here.workspace_id,
                provider="aws",
                name="x",
                config=ODD,
                sealed=backend.sealer.seal(b"secret", "connection/con_1"),
                created_at=moment,
                updated_at=moment,
                check=None,
            )
        )
        for line, sealed in enumerate((b"", b"\x00\xff", b"z" * 70_000)):
            session.add(Document(twin_id=twin["id"], target="clouds", name="Ä/b", line=line, sealed=sealed))
        session.add(
            PriceBookVersion(hash="sha256:1", number=1, date="2026-01-01", content=b"{}", changes={}, taken_at=moment)
        )
        backend.events.add(session, *(NewEvent(here.workspace_id, "kind", f"event {n}", data=ODD) for n in range(700)))
    with backend.database.write() as session:
        # The newest event is gone, and its number must never be given out again.
        session.execute(delete(Event).where(Event.id == session.scalar(select(func.max(Event.id)))))


def rows(settings: Settings) -> dict[str, list[Any]]:
    """Everything, as the application reads it."""
    database = Database(settings.url)
    with database.read() as session:
        found = {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
        }
    database.close()
    return found


def make(here: Site, file: Path, **options: Any) -> Manifest:
    return back_up(here.backend.settings, file, now=START, **options)


def test_a_backup_is_the_same_wherever_it_is_restored(here: Site, elsewhere: Settings, tmp_path: Path) -> None:
    filled(here)
    manifest = make(here, tmp_path / "one.zip")
    found = restore(elsewhere, tmp_path / "one.zip", replace=False, ask_passphrase=no_passphrase)
    assert (found.manifest, found.ended) == (manifest, 0)
    assert rows(elsewhere) == rows(here.backend.settings)
    again = back_up(elsewhere, tmp_path / "two.zip", now=START)
    assert again.tables == manifest.tables
    assert again.counters["events"] == manifest.counters["events"] == 702
    assert set(manifest.tables) == set(Base.metadata.tables)
    database = Database(elsewhere.url)
    with database.write() as session:
        event = Event(at=START, workspace_id="wsp_1", kind="k", severity="info", stack="", message="the next", data={})
        session.add(event)
        session.flush()
        assert event.id == 703
    database.close()


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(here: Site, tmp_path: Path) -> None:
    """A twin, its version, its event and its audit entry are written together, so there are as many of each."""
    owner = here.person("olga")
    owner.create_twin("first")
    stop, count = threading.Event(), 0

    def work() -> None:
        nonlocal count
        while not stop.is_set():
            count += 1
            owner.create_twin(f"twin-{count}")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        manifests = [make(here, tmp_path / f"{number}.zip") for number in range(4)]
    finally:
        stop.set()
        worker.join()
    for manifest in manifests:
        numbers = {manifest.tables[name].rows for name in ("twins", "twin_versions", "events", "audit")}
        assert len(numbers) == 1
    there = read_settings(data=tmp_path / "restored")
    restore(there, tmp_path / "3.zip", replace=False, ask_passphrase=no_passphrase)
    assert len(rows(there)["twins"]) == manifests[3].tables["twins"].rows


def test_what_is_there_is_replaced_only_when_that_is_said(here: Site, tmp_path: Path) -> None:
    owner = here.person("olga")
    owner.create_twin("kept")
    make(here, tmp_path / "a.zip")
    owner.create_twin("later")
    settings = here.backend.settings
    here.backend.database.close()
    before = rows(settings)
    with pytest.raises(ArchiveError, match=r"not empty.*--replace"):
        restore(settings, tmp_path / "a.zip", replace=False, ask_passphrase=no_passphrase)
    assert rows(settings) == before
    restore(settings, tmp_path / "a.zip", replace=True, ask_passphrase=no_passphrase)
    assert ["kept" in row for row in rows(settings)["twins"]] == [True]


def test_nobody_serves_while_it_is_restored(here: Site, tmp_path: Path) -> None:
    make(here, tmp_path / "a.zip")
    settings = here.backend.settings
    with alone(settings, "serve"), pytest.raises(ServedError, match=r"restore: process .* serves"):
        restore(settings, tmp_path / "a.zip", replace=True, ask_passphrase=no_passphrase)
    if not here.backend.database.is_sqlite:
        # A server elsewhere holds no file here, but a connection.
        with pytest.raises(ArchiveError, match=r"other connections .* are open"):
            restore(settings, tmp_path / "a.zip", replace=True, ask_passphrase=no_passphrase)


def changed(file: Path, to: Path, change: Callable[[str, bytes], bytes]) -> Path:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return to


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda name, text: text.replace(b"greenhouse", b"greenhouze") if "twins.nd" in name else text, "twins is not"),
        (lambda name, text: text.replace(b'"form": 1', b'"form": 9') if "manifest" in name else text, "of form 9"),
        (lambda name, text: b"{}" if "manifest" in name else text, "no backup of ours"),
        (lambda name, text: text.replace(b'"0001"', b'"9999"') if "manifest" in name else text, "of a newer version"),
    ],
)
def test_a_backup_that_is_damaged_or_too_new_changes_nothing(
    sqlite_site: Site, tmp_path: Path, change: Callable[[str, bytes], bytes], told: str
) -> None:
    sqlite_site.person("olga").create_twin()
    make(sqlite_site, tmp_path / "a.zip")
    bad = changed(tmp_path / "a.zip", tmp_path / "bad.zip", change)
    settings = sqlite_site.backend.settings
    before = rows(settings)
    with pytest.raises((ArchiveError, MigrationError), match=told):
        restore(settings, bad, replace=True, ask_passphrase=no_passphrase)
    assert rows(settings) == before


def test_files_that_are_none(sqlite_site: Site, tmp_path: Path) -> None:
    for content, told in ((None, "there is no file"), (b"PK", "no backup of ours")):
        if content is not None:
            (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(ArchiveError, match=told):
            restore(sqlite_site.backend.settings, tmp_path / "a.zip", replace=True, ask_passphrase=no_passphrase)
    with pytest.raises(ArchiveError, match="overwrites nothing"):
        make(sqlite_site, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_keys_stay_out_of_it_or_come_under_a_passphrase(sqlite_site: Site, tmp_path: Path) -> None:
    filled(sqlite_site)
    keys = sqlite_site.backend.settings.keys
    without, whole = tmp_path / "a.zip", tmp_path / "b.zip"
    make(sqlite_site, without)
    with pytest.raises(ArchiveError, match="too short"):
        make(sqlite_site, whole, passphrase="short")
    make(sqlite_site, whole, passphrase=PASSPHRASE)
    for file in (without, whole):
        assert file.stat().st_mode & 0o077 == 0
        with zipfile.ZipFile(file) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist())
        assert not any(key.encode() in everything for key in keys.read_text().split('"') if len(key) > 40)
    there = read_settings(data=tmp_path / "there")
    with pytest.raises(ArchiveError, match="not their passphrase"):
        restore(there, whole, replace=False, ask_passphrase=lambda: "another passphrase")
    assert not there.keys.exists()
    assert restore(there, whole, replace=False, ask_passphrase=lambda: PASSPHRASE).keys == "restored"
    assert there.keys.read_bytes() == keys.read_bytes()
    assert there.keys.stat().st_mode & 0o077 == 0
    with open_backend(there) as copy, copy.database.read() as session:
        sealed = session.get_one(Connection, "con_1").sealed
        assert copy.sealer.open(sealed, "connection/con_1") == b"secret"
    bare = read_settings(data=tmp_path / "bare")
    assert restore(bare, without, replace=False, ask_passphrase=no_passphrase).keys == "missing"
    assert not bare.keys.exists(), "no key is made in the place of the one that is missing"
    other = read_settings(data=tmp_path / "other", keys_file=bare.keys)
    KeyRing.of(bare.keys)
    with pytest.raises(ArchiveError, match="holds other keys"):
        restore(other, whole, replace=False, ask_passphrase=lambda: PASSPHRASE)


@pytest.mark.parametrize("resume", [False, True])
def test_runs_that_were_under_way_are_not_done_a_second_time(here: Site, tmp_path: Path, resume: bool) -> None:
    person = here.person("olga")
    twin = person.create_twin()
    placed(here, twin["id"])
    run = person.post(f"twins/{twin['id']}/runs", {"kind": "deploy"}, 201)
    make(here, tmp_path / "a.zip")
    there = read_settings(data=tmp_path / "there")
    found = restore(there, tmp_path / "a.zip", replace=False, ask_passphrase=no_passphrase, resume_runs=resume)
    assert found.ended == (0 if resume else 1)
    database = Database(there.url)
    with database.read() as session:
        kept, stage = session.get_one(Run, run["id"]), session.scalars(select(Stage)).one()
        assert (kept.status, stage.status) == (("queued", "queued") if resume else ("failed", "failed"))
        assert "when the backup was made" in (kept.problem or "") or resume
    database.close()
    with open_backend(there, here.clock) as copy, TestClient(create_app(copy), base_url=copy.settings.origin) as http:
        again = Person(person.user_id, person.token, http)
        code = 409 if resume else 201
        again.post(f"twins/{twin['id']}/runs", {"kind": "deploy"}, code)


def placed(here: Site, twin_id: str) -> None:
    """Give a twin a placement."""
    with here.backend.database.write() as session:
        twin = session.get_one(Twin, twin_id)
        current(session, twin).placement = placement(AWS).model_dump(mode="json")
