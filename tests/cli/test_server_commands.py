"""Commands that need a backend: the same with a server and without one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.cli.serving import TWIN, Place, seen
from twin2multicloud.app.cli import profiles
from twin2multicloud.app.cli.profiles import Profile, Profiles


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


LOOKING = [
    ("twins", "list"),
    ("twins", "list", "--search", "nothing-like-it"),
    ("twins", "list", "--sort", "-name", "--json"),
    ("twins", "list", "--sort", "colour"),
    ("twins", "show", "greenhouse"),
    ("twins", "show", "greenhouse", "--json"),
    ("twins", "show", "greenhouse", "--version", "1", "--source"),
    ("twins", "show", "greenhuose"),
    ("twins", "show", "greenhouse", "--version", "9"),
    ("twins", "versions", "greenhouse"),
    ("twins", "diff", "greenhouse"),
    ("twins", "diff", "greenhouse", "2", "1", "--json"),
    ("twins", "delete", "greenhouse"),
    ("twins", "create", "smart-home", "--json"),
    ("runs", "list"),
    ("runs", "list", "--twin", "greenhouse", "--json"),
    ("runs", "start", "deploy", "greenhouse"),
    ("runs", "start", "verify", "greenhouse", "--target", "clouds"),
    ("runs", "show", "greenhouse"),
]


@pytest.mark.slow
def test_the_same_command_says_the_same_with_a_server_and_without(place: Place) -> None:
    place.done("twins", "create", place.twin, "--note", "first")
    Path(place.twin).write_text(TWIN.replace("count: 3", "count: 4"))
    place.done("twins", "edit", "greenhouse", place.twin, "--note", "one more")
    place.done("twins", "create", "smart-home")
    without = [place(*arguments) for arguments in LOOKING]
    with place.served() as url:
        keyed = {"T2M_API_KEY": place.key}
        explicit = [place(*arguments, "--server", url, env=keyed) for arguments in LOOKING]
        place.done("login", "--server", url, "--key", stdin=place.key.encode())
        by_profile = [place(*arguments) for arguments in LOOKING[::4]]
        # Without any of these the server is found by the data directory that it serves.
        found = [place(*arguments, "--profile", "local") for arguments in LOOKING[::4]]
    assert [outcome.code for outcome in without] == [0, 0, 0, 4, 0, 0, 0, 6, 6, 0, 0, 0, 8, 6, 0, 0, 6, 2, 6]
    for number, arguments in enumerate(LOOKING):
        assert explicit[number] == without[number], arguments
    assert by_profile == found == without[::4]
    assert without[6].out == TWIN


@pytest.mark.slow
def test_serving_twice_and_stopping(place: Place) -> None:
    with place.server() as process:
        again = place("serve", "--port", "0")
        assert again.code == 6
        assert f"process {process.pid} serves" in again.err
        assert "--data" in again.err
        other = Place(place.directory / "other", {"T2M_DATABASE_URL": f"sqlite:///{place.data}/app.db"})
        assert other("serve", "--port", "0").code == 6, "another data directory, but the same database"
        port = json.loads((place.data / "server.json").read_text())["url"].rpartition(":")[2]
        third = Place(place.directory / "third")
        taken = third("serve", "--port", port)
        assert (taken.code, "choose another --port" in taken.err) == (6, True)
        status = place.done("db", "status", "--json").json
        assert status["current"]
        assert status["served"].endswith(port)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
        assert not (place.data / "server.json").exists()
    # One that was killed leaves its file behind, which misleads nobody.
    with place.server() as process:
        process.kill()
        process.wait()
        assert (place.data / "server.json").exists()
        place.done("twins", "list")
    (place.data / "server.json").unlink()
    with place.served():
        place.done("twins", "list")
    assert "stopped" in (place.directory / "server.log").read_text()


def test_a_definition_goes_with_the_files_it_names(place: Place) -> None:
    made = place.done("twins", "create", place.twin, "--json").json
    assert list(made["current"]["files"]) == ["code/sensor.py"]
    assert made["current"]["source"] == TWIN
    (place.directory / "code/sensor.py").unlink()
    missing = place("twins", "edit", "greenhouse", place.twin)
    assert missing.code == 4
    assert "twin.yaml: line 5: device_types.sensor.processor: 'code/sensor.py' does not exist" in missing.err


def test_edits_that_cross_are_told(place: Place) -> None:
    place.done("twins", "create", place.twin)
    place.done("twins", "edit", "greenhouse", place.twin, "--seen", "1")
    stale = place("twins", "edit", "greenhouse", place.twin, "--seen", "1")
    assert stale.code == 6
    assert "was changed meanwhile" in stale.err
    as_json = place("twins", "edit", "greenhouse", place.twin, "--seen", "1", "--json")
    assert as_json.json["error"]["kind"] == "stale"
    assert as_json.json["error"]["details"] == {"version": 2}


def test_an_editor_edits_the_newest_version(place: Place) -> None:
    place.done("twins", "create", place.twin)
    editor = place.directory / "editor"
    for script, code, told in (
        ("exit 0", 0, "nothing was changed"),
        ("exit 3", 2, "the editor ended with 3"),
        ('sed -i "s/count: 3/count: 5/" "$1"; echo >> "$(dirname "$1")/code/sensor.py"', 0, "is at version 2"),
        ('echo "devices: 3" > "$1"', 4, "what you wrote is kept in /"),
    ):
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o700)
        outcome = place("twins", "edit", "greenhouse", env={"EDITOR": str(editor)})
        assert (outcome.code, told in outcome.err) == (code, True), outcome.err
    assert place.done("twins", "show", "greenhouse", "--json").json["devices"] == 5
    none = place("twins", "edit", "greenhouse", env={"EDITOR": "", "VISUAL": ""})
    assert (none.code, "set VISUAL or EDITOR" in none.err) == (2, True)


def test_deleting_asks_first(place: Place) -> None:
    place.done("twins", "create", place.twin)
    refused = place("twins", "delete", "greenhouse")
    assert (refused.code, "--yes agrees beforehand" in refused.err) == (8, True)
    assert place.done("twins", "delete", "greenhouse", "--yes", "--json").json["deleted"].startswith("twn_")
    assert place.done("twins", "list").out.startswith("no twins")


@pytest.mark.slow
def test_somebody_agrees_and_the_key_is_kept_until_logout(place: Place) -> None:
    with place.served() as url:
        arguments = ("login", "--server", url, "--profile", "work", "--scope", "read", "--json")
        terminal = place.directory / "terminal"
        with terminal.open("wb") as told:
            login = subprocess.Popen(
                [sys.executable, "-m", "twin2multicloud", *arguments],
                env={**os.environ, **place.env},
                stdout=subprocess.PIPE,
                stderr=told,
            )
        try:
            seen(terminal, "or open ")
            [code] = re.findall(r"type the code (\S+)", terminal.read_text())
            agree_in_a_browser(url, place.done("open", "--print").out.strip(), code)
            out, _ = login.communicate(timeout=60)
        finally:
            login.kill()
            login.communicate()
        done = json.loads(out)
        assert (done["profile"], done["server"]) == ("work", url), terminal.read_text()
        assert timedelta(days=89) < datetime.fromisoformat(done["expires_at"]) - datetime.now(UTC) < timedelta(days=91)
        kept = place.directory / "config/twin2multicloud/profiles.toml"
        assert kept.stat().st_mode & 0o777 == 0o600
        key = tomllib.loads(kept.read_text())["profiles"]["work"]["key"]
        assert key != place.key
        assert place.done("profiles", "list", "--json").json == [
            {"name": "work", "server": url, "current": True, "expires_at": done["expires_at"]}
        ]
        place.done("twins", "list")
        refused = place("twins", "create", place.twin)
        assert (refused.code, "this key may not write" in refused.err) == (6, True)
        doctor = place("doctor", "--json").json["checks"]
        assert [each["verdict"] for each in doctor if each["what"] in ("server", "clock", "key")] == ["ok"] * 3
        out = place.done("logout", "--json").json
        assert out["forgotten"] == "work"
        assert tomllib.loads(kept.read_text()).get("profiles", {}) == {}
        assert out["revoked"], "a key may revoke itself, whatever it may beside"
        given = place.done("keys", "create", "x", "--scope", "read", "--scope", "write").out.strip()
        place.done("login", "--server", url, "--key", stdin=given.encode())
        assert place.done("logout", "--json").json["revoked"]
        assert place("twins", "list", "--server", url, env={"T2M_API_KEY": given}).code == 6


def agree_in_a_browser(url: str, link: str, code: str) -> None:
    """Sign in by the link that a terminal shows, and agree to a code."""
    with httpx2.Client(base_url=url, headers={"Origin": url}) as browser:
        assert browser.post("/api/v1/login/local", json={"code": link.partition("#")[2]}).status_code == 200
        token = browser.get("/api/v1/me").json()["csrf"]
        answer = {"user_code": code, "allow": True}
        agreed = browser.post("/api/v1/login/device/answer", json=answer, headers={"X-CSRF-Token": token})
        assert agreed.status_code == 204, agreed.text


# ── Profiles ────────────────────────────────────────────────────────────────────────────────────────────────
def test_profiles_are_readable_by_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = 't2m_a"\\b'
    saved = (
        Profiles()
        .with_profile(Profile("a", "https://a.example", key))
        .with_profile(Profile("b-2", "https://b.example", None, datetime(2027, 2, 24, 9, 30, tzinfo=UTC)))
    )
    profiles.save(saved)
    file = tmp_path / "twin2multicloud/profiles.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert profiles.load() == saved
    assert profiles.key_for("https://a.example") == key
    assert key not in repr(saved)
    profiles.save(saved.without("b-2"))
    assert profiles.load().current == ""
    assert [path.name for path in file.parent.iterdir()] == ["profiles.toml"]


def test_what_profiles_refuse(place: Place) -> None:
    file = place.directory / "config/twin2multicloud/profiles.toml"
    file.parent.mkdir(parents=True)
    file.write_text("current = ''\n")
    file.chmod(0o644)
    open_to_all = place("twins", "list")
    assert (open_to_all.code, f"chmod 600 {file}" in open_to_all.err) == (2, True)
    file.chmod(0o600)
    file.write_text("[profiles]\nx = 3")
    assert "is no file of profiles" in place("profiles", "list").err
    file.unlink()
    assert "there is no profile 'x'" in place("twins", "list", "--profile", "x").err
    assert "cannot be a profile's name" in place("login", "--server", "https://x.example", "--profile", "local").err
    assert "standard input is no API key" in place("login", "--server", "https://x.example", "--key").err
    assert "say where to sign in" in place("login", "--key", stdin=b"t2m_x").err
    assert "there is no key for https://x.example" in place("twins", "list", "--server", "https://x.example").err
    away = place("twins", "list", "--server", "http://127.0.0.1:9", env={"T2M_API_KEY": "t2m_secret"})
    assert away.code == 6
    assert "http://127.0.0.1:9 cannot be reached" in away.err
    assert "t2m_secret" not in away.err
    assert place("twins", "list", env={"T2M_AUTH": "login", "T2M_OIDC__X__CLIENT_ID": "a"}).code != 0


def test_profiles_come_and_go(place: Place) -> None:
    place.done("twins", "list")
    file = place.directory / "config/twin2multicloud/profiles.toml"
    file.parent.mkdir(parents=True)
    file.touch(mode=0o600)
    file.write_text(
        'current = "a"\n[profiles.a]\nserver = "https://a.example"\n[profiles.b]\nserver = "https://b.example"\n'
    )
    assert place.done("profiles", "list", "--json").json == [
        {"name": "a", "server": "https://a.example", "current": True, "expires_at": None},
        {"name": "b", "server": "https://b.example", "current": False, "expires_at": None},
    ]
    place.done("profiles", "use", "b")
    listed = place.done("profiles", "list").out
    assert [line.split()[:2] for line in listed.splitlines()[2:]] == [
        ["local", "the"],
        ["a", "https://a.example"],
        ["●", "b"],
    ]
    place.done("profiles", "remove", "b")
    place.done("profiles", "use", "local")
    place.done("twins", "list")
    assert place("profiles", "use", "b").code == 2
