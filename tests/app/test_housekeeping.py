"""What is kept for a time only is forgotten then, and nothing else is."""

from __future__ import annotations

from sqlalchemy import func, select

from tests.app.backends import Person, Site
from tests.app.runners import place, work_off
from twin2multicloud.app.db.tables import Event
from twin2multicloud.app.services.housekeeping import tidy
from twin2multicloud.app.services.places import runs_folder, scratch_of


def events(here: Site) -> int:
    with here.backend.database.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def test_old_events_go_and_new_ones_stay(here: Site, owner: Person) -> None:
    owner.create_twin("twin-1")
    here.clock.pass_by(91 * 86_400)
    owner.create_twin("twin-2")
    assert events(here) == 2
    tidy(here.backend)
    assert [event["message"] for event in owner.get("events")["items"]] == ["twin-2 was created by olga"]


def test_drafts_that_nobody_goes_on_with_go(here: Site, owner: Person) -> None:
    for title in ("old", "gone on with"):
        owner.post("drafts", {"title": title}, 201)
    here.clock.pass_by(60 * 86_400)
    [there] = [each["id"] for each in owner.get("drafts")["items"] if each["title"] == "gone on with"]
    owner.call("PATCH", f"drafts/{there}", code=200, json={"step": "devices"}, headers={"If-Match": '"1"'})
    here.clock.pass_by(31 * 86_400)
    tidy(here.backend)
    assert [each["title"] for each in owner.get("drafts")["items"]] == ["gone on with"]


def test_what_ended_runs_left_on_disk_goes(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(here, twin)
    ended = owner.post(f"twins/{twin}/runs", {"kind": "plan"}, 201)["id"]
    work_off(here)
    going = owner.post(f"twins/{twin}/runs", {"kind": "deploy"}, 201)["id"]
    for run in (ended, going):
        (scratch_of(here.backend, run) / "file").write_text("left")
    tidy(here.backend)
    assert [path.name for path in runs_folder(here.backend).iterdir()] == [going]
