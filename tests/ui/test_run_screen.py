"""A run's screen: its plan, the answer to it, how it goes, what went wrong."""

from __future__ import annotations

from typing import Any

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from tests.ui.run_documents import DESTROYING, HOT, SMALL
from twin2multicloud.app.db.tables import Run
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.runs.work import Work, WorkFailedError


@pytest.fixture
def twin(sqlite_site: Site, person: Person) -> str:
    """A twin that can be deployed."""
    found: str = person.create_twin("greenhouse")["id"]
    place(sqlite_site, found)
    return found


def _ask(person: Person, twin: str, kind: str = "deploy", **more: Any) -> str:
    found: str = person.post(f"twins/{twin}/runs", {"kind": kind, "target": "rehearsal", **more}, 201)["id"]
    return found


def _label(page: Ui, identifier: str) -> str:
    return page.named(identifier).label or ""


@driven
async def test_a_plan_is_shown_and_what_is_agreed_to_is_carried_out(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    target = FakeTarget(sqlite_site, document=SMALL)
    run = _ask(person, twin)
    async with ui(f"/runs/{run}") as page:
        await page.sees("Run 1 · Deployment")
        await page.sees("queued")
        work_off(sqlite_site, target)
        await page.sees("This plan waits for your agreement")
        await page.sees("$20.50 / month predicted for the whole twin")
        assert "+3" in page.texts()
        await page.press("Agree and deploy")
        await page.until(lambda: person.get(f"runs/{run}")["status"] == "applying", "agreement")
        work_off(sqlite_site, target)
        await page.sees("succeeded")
        await page.until(lambda: "L3 hot done 2" in _label(page, "strip"), "the strip")
        assert "Agree and deploy" not in page.texts()


@driven
async def test_the_whole_log_is_saved(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: dict[str, bytes] = {}

    async def save(_self: object, *, file_name: str, src_bytes: bytes) -> None:
        saved[file_name] = src_bytes

    monkeypatch.setattr(ft.FilePicker, "save_file", save)
    run = _ask(person, twin, approve=True)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}") as page:
        await page.press("Download the whole log")
        await page.until(lambda: saved)
    assert saved[f"{run}.log"] == person.call("GET", f"runs/{run}/log").content


@driven
async def test_declining_does_nothing_and_leaves_the_twin_free(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}") as page:
        await page.press("Decline")
        await page.sees("declined")
        assert person.get(f"runs/{run}")["status"] == "declined"


@driven
async def test_a_plan_that_changed_meanwhile_is_not_agreed_to(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}") as page:
        await page.until(lambda: page.button("Agree and deploy"))
        with sqlite_site.backend.database.write() as session:
            session.get_one(Run, run).plan = DESTROYING
        await page.press("Agree and deploy")
        await page.sees("The plan is not the one you saw")
        assert person.get(f"runs/{run}")["status"] == "awaiting-approval"


@driven
async def test_what_is_destroyed_is_named_and_takes_the_twins_name(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin)
    target = FakeTarget(sqlite_site, document=DESTROYING)
    work_off(sqlite_site, target)
    async with ui(f"/runs/{run}") as page:
        await page.sees("L3 Storage · hot loses the data that it holds.")
        await page.press("Agree and deploy")
        await page.sees("1 resource is destroyed")
        await page.sees("L3 Storage · hot: aws_dynamodb_table.hot")
        await page.fill("Type “greenhouse” to go on", "greenhous")
        buttons = [each for each in page.all(ft.FilledButton) if each.content == "Agree and deploy"]
        assert buttons[-1].disabled
        await page.fill("Type “greenhouse” to go on", "greenhouse")
        assert [each.disabled for each in buttons[-1:]] == [False]
        await page.fire(buttons[-1], "click")
        await page.until(lambda: person.get(f"runs/{run}")["status"] == "applying", "agreement")


@driven
async def test_a_viewer_sees_the_plan_and_why_there_is_nothing_to_press(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("This plan waits for somebody to agree")
        await page.sees("Operators and owners of this twin may deploy, agree and cancel.")
        for label in ("Agree and deploy", "Decline", "Cancel"):
            with pytest.raises(LookupError):
                page.button(label)


@driven
async def test_a_failure_is_told_first_in_the_providers_words_with_what_helps(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    def fail(work: Work) -> None:
        if work.run.plan is not None:
            stacks = {
                HOT: {
                    "status": "failed",
                    "reason": "",
                    "failures": ["aws_dynamodb_table.hot: LimitExceeded\n→ ask for a higher quota"],
                    "resources": 1,
                    "elapsed_s": 2.0,
                    "retryable": False,
                },
                "L2": {"status": "skipped", "reason": "L3-hot failed", "failures": [], "resources": 0},
            }
            raise WorkFailedError("not done: L3-hot, L2", {"stacks": stacks})

    target = FakeTarget(sqlite_site, document=SMALL, before=fail)
    run = _ask(person, twin, approve=True)
    work_off(sqlite_site, target)
    async with ui(f"/runs/{run}") as page:
        await page.sees("What went wrong")
        await page.sees("aws_dynamodb_table.hot: LimitExceeded")
        await page.sees("Ask for a higher quota")
        await page.sees("1 resource of it exists now")
        await page.sees("Not begun: L2")
        await page.press("Try again")
        await page.until(lambda: page.page.route != f"/runs/{run}", "the new run")
        await page.sees("Run 2 · Deployment")


@driven
async def test_a_run_is_cancelled_once_somebody_is_sure(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}") as page:
        await page.press("Cancel")
        await page.sees("Nothing was done yet, and nothing will be.")
        await page.press("Cancel the run")
        await page.sees("cancelled")
        assert person.get(f"runs/{run}")["status"] == "cancelled"


@driven
async def test_the_log_is_filtered_by_the_address_and_a_slot_opens_its_resources(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    def tell(work: Work) -> None:
        work.writer.write("engine", "a table comes", stack=HOT)
        work.writer.write("engine", "a queue comes", stack="L2", severity="warning")

    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL, before=tell))
    async with ui(f"/runs/{run}?stack={HOT}") as page:
        await page.sees("a table comes")
        await page.sees("aws_iam_role.hot")
        assert not any("a queue comes" in each for each in page.texts())
        await page.fill("Slot", "any")
        await page.sees("a queue comes")
        await page.fill("Severity", "warning")
        await page.until(lambda: not any("a table comes" in each for each in page.texts()))
        assert page.page.route == f"/runs/{run}?severity=warning"
        await page.go(f"/runs/{run}?search=queue")
        await page.until(lambda: "1 / 1" in page.texts(), "the hit")


@driven
async def test_passwords_are_shown_once(ui: OpenUi, sqlite_site: Site, person: Person, twin: str) -> None:
    def tell(work: Work) -> None:
        if work.run.plan is not None:
            work.teller.reveal(("ann: correct-horse",))

    run = _ask(person, twin, approve=True)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL, before=tell))
    async with ui(f"/runs/{run}") as page:
        await page.press("Show passwords")
        await page.press("Show them")
        await page.sees("ann: correct-horse")
        await page.press("Close")
        await page.until(lambda: not person.get(f"runs/{run}")["reveals"])
        await page.until(lambda: "Show passwords" not in dict(page._buttons()))


@driven
async def test_whoever_comes_back_sees_what_happened_meanwhile(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    run = _ask(person, twin, approve=True)
    async with ui(f"/runs/{run}") as page:
        await page.sees("queued")
        await page.leave()
        work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
        await page.until(lambda: person.get(f"runs/{run}")["status"] == "succeeded")
        await page.settle()
        assert "✔ succeeded" not in page.texts()
        await page.come_back()
        await page.sees("✔ succeeded")
        await page.sees("run 1 (deploy) is done")
        await page.until(lambda: "L3 hot done 2" in _label(page, "strip"), "the strip")


@driven
async def test_a_run_that_is_not_there_says_so(ui: OpenUi) -> None:
    async with ui("/runs/run_00000000000000000000") as page:
        await page.sees("Not found")


@driven
async def test_runs_are_listed_filtered_and_one_that_comes_is_shown(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs?twin={twin}") as page:
        await page.sees("waits for agreement")
        await page.fill("State", "failed")
        await page.sees("No run fits")
        assert page.page.route == f"/runs?twin={twin}&state=failed"
        await page.fill("State", "any")
        _ask(person, twin, kind="plan")
        await page.sees("Plan")


@driven
async def test_a_phone_has_one_part_at_a_time(ui: OpenUi, sqlite_site: Site, person: Person, twin: str) -> None:
    run = _ask(person, twin)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/runs/{run}?view=log", width=360) as page:
        await page.sees("run 1 has a plan")
        assert "Slot by slot" not in page.texts()
        await page.go(f"/runs/{run}")
        await page.sees("Slot by slot")
