"""Beginning a twin, and the editor of its definition."""

from __future__ import annotations

from functools import partial
from typing import Any

import flet as ft
import flet_code_editor as fce
import pytest
import yaml

from tests.app.backends import TWIN, Person, Site
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.ui.new_twin.sections import Section


def example(person: Person, name: str) -> str:
    """The address of a new draft of an example."""
    files = person.get(f"workloads/{name}")["files"]
    source = files.pop("twin.yaml")
    return draft(person, source, title=name, files=files)


def draft(person: Person, source: str, **more: Any) -> str:
    """The address of a new draft."""
    made = person.call("POST", "drafts", code=201, json={"format": "yaml", "source": source, **more}).json()
    return f"/new/{made['id']}"


def kept(person: Person, path: str) -> dict[str, Any]:
    """A draft as it is kept."""
    found: dict[str, Any] = person.get(f"drafts/{path.rsplit('/', 1)[-1]}")
    return found


async def total(page: Ui) -> str:
    """What it costs, once that is told."""

    def told() -> str:
        return next(each for each in page.texts() if each.endswith("/ month"))

    return await page.until(lambda: _first(told), "the price")


def _first(found: Any) -> Any:
    try:
        return found()
    except StopIteration:
        return None


# ── Beginning ───────────────────────────────────────────────────────────────────────────────────────────────
@driven
async def test_a_twin_begins_from_an_example(ui: OpenUi) -> None:
    async with ui("/new") as page:
        await page.sees("Large smart building")
        await page.press("Begin with Smart home")
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.sees("/ month")


@driven
async def test_a_twin_begins_from_files(ui: OpenUi, person: Person) -> None:
    source = TWIN.replace("sensor:\n", "sensor:\n    processor: code/sensor.py\n", 1)
    async with ui("/new") as page:
        await pick(page, {"mine.yaml": b"\xff\xfe"})
        await page.sees("mine.yaml is not UTF-8 text")
        await pick(page, {"mine.yaml": b"name: mill\n" + b"#" * (1 << 20)})
        await page.sees("has 1,048,587 characters, and a definition has at most 1,048,576")
        await pick(page, {"mine.yaml": b"#" * (2 << 20), "other.py": b"#" * (1 << 20) + b"#"})
        await page.sees("That is more than 3,145 kB")
        await pick(
            page, {"sensor.py": b"def process(reading, device):\n    return reading\n", "mine.yaml": source.encode()}
        )
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        found = kept(person, page.page.route)
        assert found["source"] == source
        assert list(found["files"]) == ["code/sensor.py"]


async def pick(page: Ui, files: dict[str, bytes]) -> None:
    """Pick files in the browser's dialog."""
    *_, picker = (each for each in page.page._services._services if isinstance(each, ft.FilePicker))
    told = [
        {"id": number, "name": name, "size": len(content), "bytes": content}
        for number, (name, content) in enumerate(files.items())
    ]
    await page.fire(picker, "result", {"files": told})


@driven
async def test_a_twin_begins_from_nothing_and_is_priced_at_once(ui: OpenUi, person: Person) -> None:
    async with ui("/new") as page:
        await page.fill("Name", "mill")
        await page.press("Begin empty")
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.sees("/ month")
        assert kept(person, page.page.route)["title"] == "mill"


@driven
async def test_a_twin_begins_from_a_text_that_is_pasted(ui: OpenUi, person: Person) -> None:
    async with ui("/new") as page:
        await page.fill("Definition", TWIN)
        await page.press("Begin with this text")
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.sees("greenhouse")
        assert kept(person, page.page.route)["source"] == TWIN


@driven
async def test_drafts_are_listed_opened_and_deleted(ui: OpenUi, person: Person) -> None:
    draft(person, TWIN, title="greenhouse", step="rules")
    async with ui("/new") as page:
        await page.sees("Your drafts")
        await page.press("Delete draft")
        await page.press("Delete")
        await page.until(lambda: not person.get("drafts")["items"])
        await page.until(lambda: "Your drafts" not in page.texts())


@driven
async def test_whoever_may_only_look_at_a_twin_begins_no_version_of_it(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    twin = person.post("twins", {"format": "yaml", "source": TWIN}, 201)["id"]
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui(f"/twins/{twin}/edit", who=viewer) as page:
        await page.sees("You may look at this twin, but not change it")
        assert viewer.get("drafts")["items"] == []


@driven
async def test_whoever_may_only_look_is_told_whom_to_ask(ui: OpenUi, sqlite_site: Site) -> None:
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui("/new", who=viewer) as page:
        await page.sees("You may look at twins, but not make any")


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────
@driven
async def test_a_number_is_typed_digit_by_digit_and_the_fleet_keeps_its_proportions(ui: OpenUi, person: Person) -> None:
    path = example(person, "smart-home")

    def fleet() -> list[int]:
        return [each["count"] for each in yaml.safe_load(kept(person, path)["source"])["devices"] if "count" in each]

    before = fleet()
    async with ui(path) as page:
        await total(page)
        for typed in ("6", "60", "6", "1", "10", "101"):
            await page.fill("Devices", typed)
            await page.settle()
            field: Any = page.field("Devices")
            assert field.value == typed
        await page.until(lambda: sum(fleet()) == sum(before) + 1, "one device more")
        assert sum(abs(was - now) for was, now in zip(before, fleet(), strict=True)) == 1


@driven
async def test_what_is_typed_is_priced_checked_and_kept_and_comments_stay(ui: OpenUi, person: Person) -> None:
    path = draft(person, f"# measured in May\n{TWIN}", title="greenhouse")
    async with ui(path) as page:
        before = await total(page)
        await page.fill("Message size", "150000")
        await page.until(lambda: any(each.endswith("/ month") and each != before for each in page.texts()), "a price")
        await page.until(lambda: "150000" in kept(person, path)["source"], "a draft that is kept")
        assert kept(person, path)["source"] == f"# measured in May\n{TWIN}".replace("150}", "150000}")
        await page.sees("saved")
        await page.press("Undo (Ctrl+Z)")
        await page.until(lambda: kept(person, path)["source"] == f"# measured in May\n{TWIN}")
        await page.sees(before)


@driven
async def test_a_value_that_is_out_of_range_is_said_at_its_field_and_keeps_the_twin_from_being_made(
    ui: OpenUi, person: Person
) -> None:
    async with ui(draft(person, TWIN)) as page:
        before = await total(page)
        await page.fill("Busiest day over an average day", "40")
        await page.sees("1 problem")
        field: Any = page.field("Busiest day over an average day")
        assert "from 1 to 31" in field.error
        assert page.button("Create twin").disabled  # type: ignore[attr-defined]  # a button has it
        await page.sees("Not priced")
        await page.sees(before)  # of before, and said to be
        await page.fill("Busiest day over an average day", "no number")
        await page.until(lambda: "write a number" in (_error(page, "Busiest day over an average day")))


def _error(page: Ui, label: str) -> str:
    field: Any = page.field(label)
    return field.error or ""


@driven
async def test_constraints_that_nothing_satisfies_are_explained(ui: OpenUi, person: Person) -> None:
    source = TWIN + "constraints: {providers: [gcp], pins: {L1: aws}}\n"
    async with ui(f"{draft(person, source)}?at=constraints") as page:
        await page.sees("No placement satisfies the constraints")


@driven
async def test_a_draft_becomes_a_twin_and_leads_to_its_proposal(ui: OpenUi, person: Person) -> None:
    path = draft(person, TWIN)
    async with ui(path) as page:
        await page.until(lambda: not page.button("Create twin").disabled)  # type: ignore[attr-defined]
        await page.press("Create twin")
        await page.until(lambda: page.page.route.endswith("/proposal"))
        assert [each["name"] for each in person.get("twins")["items"]] == ["greenhouse"]
        assert person.get("drafts")["items"] == []


@driven
async def test_a_twin_is_changed_into_its_next_version(ui: OpenUi, person: Person) -> None:
    twin = person.create_twin("mill")["id"]
    async with ui(f"/twins/{twin}/edit") as page:
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.fill("Description", "The mill at the river")
        await page.until(lambda: "river" in kept(person, page.page.route)["source"])
        await page.until(lambda: not page.button("Save as version 2").disabled)  # type: ignore[attr-defined]
        await page.press("Save as version 2")
        await page.until(lambda: page.page.route.endswith("/proposal"))
        assert person.get(f"twins/{twin}")["number"] == 2


@driven
async def test_of_a_twin_that_is_deleted_meanwhile_a_new_one_is_made(ui: OpenUi, person: Person) -> None:
    twin = person.create_twin("mill")
    async with ui(f"/twins/{twin['id']}/edit") as page:
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.until(lambda: not page.button("Save as version 2").disabled)  # type: ignore[attr-defined]
        person.call("DELETE", f"twins/{twin['id']}", code=204, headers={"If-Match": f'"{twin["version"]}"'})
        await page.press("Save as version 2")
        await page.until(lambda: page.page.route.endswith("/proposal"))
    [made] = person.get("twins")["items"]
    assert (made["name"], made["number"], made["id"] != twin["id"]) == ("mill", 1, True)
    assert person.get("drafts")["items"] == []


@driven
async def test_two_tabs_that_write_the_same_draft_lose_nothing(ui: OpenUi, person: Person) -> None:
    path = draft(person, TWIN, title="greenhouse")
    name = path.rsplit("/", 1)[-1]
    async with ui(path) as page:
        await total(page)
        other = {"source": TWIN.replace("150}", "151}")}
        person.call("PATCH", f"drafts/{name}", code=200, json=other, headers={"If-Match": '"1"'})
        await page.fill("Message size", "999")
        await page.sees("This draft was saved elsewhere meanwhile")
        await page.press("Keep both")
        await page.until(lambda: page.page.route not in (path, "") and page.page.route.startswith("/new/drf_"))
        assert "151}" in kept(person, path)["source"]
        assert "999}" in kept(person, page.page.route)["source"]


@driven
async def test_a_text_that_cannot_be_read_has_no_form_until_it_can(ui: OpenUi, person: Person) -> None:
    path = draft(person, TWIN, title="greenhouse")
    async with ui(f"{path}?at=text") as page:
        editor = await page.until(lambda: page.all(fce.CodeEditor), "the text")
        await _write(page, editor[0], "name: [greenhouse\n")
        await page.go(f"{path}?at=workload")
        await page.sees("There is no form of this text now")
        await page.press("Undo")
        await page.until(lambda: page.named("section-workload"))


@driven
async def test_a_rule_is_checked_as_it_is_written(ui: OpenUi, person: Person) -> None:
    path = draft(person, TWIN)
    async with ui(f"{path}?at=rules") as page:
        await page.press("Rule")
        await page.fill("When", "temprature > 30")
        await page.until(lambda: "did you mean 'temperature'" in _error(page, "When"))
        await page.fill("When", "temperature > 30")
        await page.until(lambda: not _error(page, "When"))
        await page.until(lambda: 'when: "temperature > 30"' in kept(person, path)["source"])


@driven
async def test_a_device_type_is_renamed_when_its_field_is_left(ui: OpenUi, person: Person) -> None:
    path = draft(person, TWIN)
    async with ui(f"{path}?at=devices") as page:
        await page.fill("Name", "probe")
        field = page.field("Name")
        await page.fire(field, "blur")
        source = await _saved(page, person, path)
        assert "probe:" in source
        assert "type: probe" in source


async def _write(page: Ui, editor: fce.CodeEditor, given: str) -> None:
    page._session.apply_patch(editor._i, {"value": given})
    await page.fire(editor, "change", given)


async def _saved(page: Ui, person: Person, path: str) -> str:
    """The draft's text once it is another than the first."""
    return str(await page.until(lambda: (now := kept(person, path))["source"] != TWIN and now["source"], "a save"))


# ── All of it ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.slow
@pytest.mark.parametrize("name", ["smart-home", "industrial-facility", "smart-building"])
@pytest.mark.parametrize("width", [1_280, 400])
@driven
async def test_every_section_shows_every_example(ui: OpenUi, person: Person, name: str, width: int) -> None:
    path = example(person, name)
    async with ui(path, width=width) as page:
        await page.sees("/ month")
        for section in Section:
            await page.go(f"{path}?at={section}")
            await page.until(partial(page.named, f"section-{section}"))
            assert not any(isinstance(each, ft.TextField) and each.error for each in page.controls())
