"""Every text comes through `tr`: with a language that wraps all of them, none is in view without its brackets."""

from __future__ import annotations

from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.deployments import raised
from tests.ui.catalogues import catalogue
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from tests.ui.pseudo import Pseudo, untranslated
from twin2multicloud.app.ui import language

DATA = (
    "olga",
    "berlin",
    "greenhouse",
    "no answer",
    "link-timeout",
    "aws-dev",
    "eu-central-1",
    "test",
    "sandbox",
    "123456789012",
    "sensor",
    "temperature",
    "house",
    "House",
    "contains",
    "dtmi:twin:greenhouse",
    "it is not deployed in a sandbox here",
)
VIEWS = (
    "/",
    "/alerts",
    "/alerts?state=all&alert={alert}",
    "/alerts?cloud=gcp",
    "/connections",
    "/connections?connection={connection}",
    "/connections?add=aws",
    "/connections?add=azure",
    "/connections?add=gcp",
    "/connections?connection={connection}&change=settings",
    "/people",
    "/people?chosen={workspace}",
    "/people/users",
    "/people/keys",
    "/people/keys?add=yes",
    "/people/sessions",
    "/prices/books",
    "/prices/check",
    "/audit",
    "/settings",
    "/more",
    "/twins/{twin}/overview",
    "/twins/{twin}/devices",
    "/twins/{twin}/devices?device=sensor-1",
    "/twins/{twin}/rules",
    "/twins/{twin}/graph",
    "/twins/{twin}/cost",
    "/twins/{twin}/errors?alert={alert}",
    "/twins/{twin}/dead-letters",
    "/twins/{twin}/specification?part=placement",
    "/twins/{twin}/specification?part=versions",
    "/twins/{twin}/specification?part=people",
    "/nowhere",
)


@pytest.mark.parametrize("width", [360, 1_280])
@driven
async def test_no_text_in_view_is_left_in_english(ui: OpenUi, sqlite_site: Site, person: Person, width: int) -> None:
    twin = person.create_twin()["id"]
    kept = person.post(f"workspaces/{sqlite_site.workspace_id}/connections", cloud_accounts.aws(), 201)
    known = {
        "alert": raised(sqlite_site, twin),
        "connection": kept["id"],
        "workspace": sqlite_site.workspace_id,
        "twin": twin,
    }
    left = {}
    async with ui("/settings", translations=Pseudo(), width=width) as page:
        for view in VIEWS:
            await page.go(view.format(**known))
            await page.until(lambda: "⟦Loading⟧" not in page.labels(), view)
            found = untranslated(page, DATA)
            if found:
                left[view] = found
    assert not left, "\n".join(f"{view}: {sorted(texts)}" for view, texts in left.items())


def test_languages_are_those_that_there_are_catalogues_of(tmp_path: Path) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "ui.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(catalogue({"English": "Deutsch", "Twins": "Zwillinge"}))
    assert language.languages(tmp_path) == {"en": "English", "de": "Deutsch"}
    assert language.translations("de", tmp_path).gettext("Twins") == "Zwillinge"
    for unknown in ("fr", "../de", ""):
        assert language.translations(unknown, tmp_path).gettext("Twins") == "Twins"


def test_a_catalogue_of_the_test_is_one() -> None:
    assert GNUTranslations(BytesIO(catalogue({"a": "b"}))).gettext("a") == "b"


@driven
async def test_choosing_a_language_shows_it_at_once(ui: OpenUi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "languages", lambda: {"en": "English", "xx": "⟦English⟧"})
    monkeypatch.setattr(language, "translations", lambda code: Pseudo())
    async with ui("/settings") as page:
        await page.sees("Keyboard")
        await page.fill("Language", "xx")
        await page.sees("⟦Keyboard⟧")
        await page.until(lambda: page.rail_label("⟦Twins⟧"))
