"""What `doctor` finds, and the remedy it says."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.cli.doctor import report
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.db import migrate
from twin2multicloud.app.doctor import Sign, Surroundings, examine_here, examine_server
from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.settings import read_settings
from twin2multicloud.deployer.engine.errors import NoCoreError

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
WELL = Surroundings(
    python=(3, 13, 1),
    sqlite="3.45.0",
    installed=lambda _: True,
    free_bytes=lambda _: 10 << 30,
    core=lambda: "OpenTofu 1.9.0, /usr/bin/tofu",
    now=lambda: NOW,
)


@pytest.fixture
def data(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory as it must be."""
    monkeypatch.setenv("T2M_PORT", "0")
    found = tmp_path / "data"
    with open_backend(read_settings(data=found)) as backend:
        migrate.upgrade(backend.database)
    return found


def signs(data: Path, here: Surroundings = WELL) -> dict[str, Sign]:
    """What is not as it must be."""
    return {sign.what: sign for sign in examine_here(data, here) if sign.verdict != "ok"}


def test_all_is_well(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert signs(data) == {}
    assert signs(tmp_path / "not/there/yet") == {}
    assert list(tmp_path.iterdir()) == [data], "looking makes nothing"
    assert report(examine_here(data, WELL), json_output=False) == 0
    assert capsys.readouterr().out.endswith("\nall is as it must be\n")


OLD_SQLITE = replace(WELL, python=(3, 12, 0), sqlite="3.40.1", installed=lambda name: name != "pysqlite3")


@pytest.mark.parametrize(
    ("here", "what", "verdict", "remedy"),
    [
        (replace(WELL, python=(3, 10, 4)), "python", "wrong", "uv python install"),
        (OLD_SQLITE, "sqlite", "wrong", "pysqlite3-binary"),
        (replace(WELL, installed=lambda name: name != "boto3"), "extras", "warning", "'twin2multicloud[aws]'"),
        (replace(WELL, free_bytes=lambda _: 1 << 20), "disk", "wrong", "make room"),
        (replace(WELL, free_bytes=lambda _: 1 << 30), "disk", "warning", "make room"),
    ],
)
def test_what_this_machine_lacks(data: Path, here: Surroundings, what: str, verdict: str, remedy: str) -> None:
    found = signs(data, here)
    assert set(found) == {what}
    assert found[what].verdict == verdict
    assert remedy in found[what].remedy


def test_an_old_sqlite_does_where_runs_do_not_need_it(data: Path) -> None:
    for here in (
        replace(WELL, sqlite="3.40.1", python=(3, 11, 0)),
        replace(WELL, sqlite="3.40.1"),  # pysqlite3 is installed
    ):
        assert signs(data, here) == {}


def test_no_terraform(data: Path) -> None:
    def none() -> str:
        raise NoCoreError("nothing here can run infrastructure code: no `tofu`. Install OpenTofu 1.6.0 or newer")

    found = signs(data, replace(WELL, core=none))["terraform"]
    assert (found.verdict, found.remedy) == ("warning", "Install OpenTofu 1.6.0 or newer")


def test_settings_that_are_wrong_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2M_PORT", "80800")
    found = signs(data)
    assert set(found) == {"settings"}
    assert "port" in found["settings"].text


def opened_to_all(data: Path) -> None:
    data.chmod(0o755)


def key_for_all(data: Path) -> None:
    (data / "keys.json").chmod(0o644)


def no_key(data: Path) -> None:
    (data / "keys.json").unlink()


def bad_key(data: Path) -> None:
    (data / "keys.json").write_text("{}")


def older(data: Path) -> None:
    with open_backend(read_settings(data=data)) as backend, backend.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def no_database(data: Path) -> None:
    (data / "app.db").write_bytes(b"no database at all, but text" * 100)


@pytest.mark.parametrize(
    ("harm", "what", "remedy"),
    [
        (opened_to_all, "data", "chmod 700"),
        (key_for_all, "keys", "chmod 600"),
        (no_key, "keys", "beside the backup"),
        (bad_key, "keys", "put the old file back"),
        (older, "database", "db upgrade"),
        (no_database, "database", "T2M_DATABASE_URL"),
    ],
)
def test_what_is_wrong_with_the_data(data: Path, harm: object, what: str, remedy: str) -> None:
    assert callable(harm)
    harm(data)
    found = signs(data)
    assert set(found) == {what}
    assert found[what].verdict == "wrong"
    assert remedy in found[what].remedy


def test_a_database_that_is_away_hides_its_password(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2M_DATABASE_URL", "postgresql://me:hidden-word@127.0.0.1:1/x")
    found = signs(data)["database"]
    assert "does not answer" in found.text
    assert "hidden-word" not in f"{found}"


def test_a_port_that_is_taken(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("T2M_PORT", str(other.getsockname()[1]))
        assert "--port 0" in signs(data)["port"].remedy


# ── Servers ─────────────────────────────────────────────────────────────────────────────────────────────────
def server(ahead: timedelta = timedelta(), status: int = 200) -> Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith("/health"):
            date = (NOW + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
            return httpx2.Response(200, headers={"date": date}, json={"status": "ok"})
        me = Me(id="usr_1", name="Olga", email="o@x", admin=False, scopes=["read"], session=False, key="key_1",
                workspaces=[], csrf=None)  # fmt: skip
        return httpx2.Response(status, json=me.model_dump(mode="json"))

    return Client(Http("https://twins.example", key="t2m_x", transport=httpx2.MockTransport(answer)))


@pytest.mark.parametrize("skew", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_clocks_that_differ(skew: timedelta) -> None:
    found = {sign.what: sign for sign in examine_server(server(skew), WELL)}
    assert found["clock"].verdict == "warning"
    assert ("behind" if skew > timedelta() else "ahead of") in found["clock"].text
    assert found["server"].verdict == "ok"


def test_a_server_that_is_well_and_one_that_knows_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert {sign.verdict for sign in examine_server(server(), WELL)} == {"ok"}
    refused = list(examine_server(server(status=401), WELL))
    assert refused[-1].remedy == "twin2multicloud login --server https://twins.example"
    assert report(refused, json_output=True) == 6
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert told["checks"][-1]["verdict"] == "wrong"


def test_a_server_that_is_away() -> None:
    def away(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    [found] = examine_server(Client(Http("https://twins.example", transport=httpx2.MockTransport(away))), WELL)
    assert (found.what, found.verdict) == ("server", "wrong")
