"""`alerts` over a data directory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.serving import Place
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db.tables import Twin
from twin2multicloud.app.services import alerts
from twin2multicloud.app.settings import read_settings


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def raised(place: Place, fold: str) -> None:
    with (
        open_backend(read_settings(data=place.data, optimizer_processes=0)) as backend,
        backend.database.write() as session,
    ):
        twin = session.query(Twin).one()
        problem = alerts.Problem(fold, "quota", "critical", f"{fold} is full", datetime.now(UTC), "L3", "gcp")
        alerts.fold_in(backend, session, twin, "sandbox", [problem])


@pytest.mark.slow
def test_alerts_are_looked_after(place: Place) -> None:
    place.done("twins", "create", place.twin)
    assert place.done("alerts", "list").out.endswith("no alerts\n")
    raised(place, "hot")
    raised(place, "cool")
    shown = place.done("alerts", "list", "--twin", "greenhouse").out
    assert "hot is full" in shown
    assert "gcp L3" in shown
    hot = next(each for each in place.done("alerts", "list", "--json").json if "hot" in each["message"])
    assert "is looked after by you" in place.done("alerts", "ack", hot["id"]).err
    assert [each["message"] for each in place.done("alerts", "list", "--json").json] == ["cool is full"]
    assert len(place.done("alerts", "list", "--all", "--severity", "critical", "--json").json) == 2
    cool = place.done("alerts", "list", "--json").json[0]["id"]
    assert place.done("alerts", "mute", cool[:16], "--minutes", "5", "--json").json["muted_until"]
    assert place.done("alerts", "list", "--json").json == []
    place.done("alerts", "mute", cool, "--minutes", "0")
    assert len(place.done("alerts", "list", "--json").json) == 1
    assert place("alerts", "ack", "zzzz").code == 6
