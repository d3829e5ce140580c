"""`db discard-sealed`: what somebody whose keys.json is lost reads, and that they can go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.serving import Place
from tests.cli.test_backend_commands import ACCOUNT
from twin2multicloud.app.db.archive import Archive


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.done("twins", "create", found.twin)
    found.done("connections", "create", "-", stdin=ACCOUNT.replace("more.", "more+").encode())
    return found


def test_somebody_without_keys_goes_on(place: Place) -> None:
    kept = place("db", "discard-sealed", "--yes")
    assert (kept.code, "all that the database holds can be opened" in kept.err) == (6, True), kept.err
    (place.data / "keys.json").unlink()
    closed = place("twins", "list")
    assert (closed.code, "`twin2multicloud db discard-sealed` says which" in closed.err) == (6, True), closed.err
    asked = place("db", "discard-sealed")
    assert asked.code == 8
    assert "the credentials of the connection 'production' (aws)" in asked.err
    assert "--yes agrees beforehand" in asked.err
    assert "nothing was discarded" in asked.err
    assert not (place.data / "keys.json").exists()
    done = place("db", "discard-sealed", "--yes", "--json")
    assert done.code == 0, done.err
    assert [each["name"] for each in done.json["connections"]] == ["production"]
    with Archive(Path(done.json["backup"])) as backup:
        backup.check()
    assert Path(done.json["backup"]).stat().st_mode & 0o077 == 0

    assert "greenhouse" in place.done("twins", "list").out
    assert "✗ does not suffice" in place.done("connections", "list").out
    shown = place.done("connections", "show", "production").out
    assert "its credentials were discarded" in shown
    assert "connections replace production FILE" in " ".join(shown.split())
    place.done("connections", "replace", "production", "-", stdin=ACCOUNT.replace("more.", "more+").encode())
    assert "discarded" not in place.done("connections", "show", "production").out
    assert "secrets.discarded" in place.done("audit").out


@pytest.mark.slow
def test_it_is_refused_while_a_server_runs(place: Place) -> None:
    with place.served() as url:
        refused = place("db", "discard-sealed", "--yes")
    assert (refused.code, f"at {url} already" in refused.err) == (6, True), refused.err
