"""Every text comes through `tr`: with a language that wraps all of them, none is in view without its brackets."""

from __future__ import annotations

from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest

from tests.app.backends import Person, Site
from tests.ui.catalogues import catalogue
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from tests.ui.pseudo import Pseudo, untranslated
from tests.ui.views import filled_views
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
    "on call",
    "quota",
    "known",
)


def catalogue_names(person: Person) -> set[str]:
    """What offers and regions are called, which the catalogue says."""
    offers = person.get("offers")["items"]
    regions = person.get("regions")["items"]
    words = {offer[name] for offer in offers for name in ("service", "variant")}
    return {word for word in (*words, *(each["code"] for each in regions)) if word}


@pytest.mark.parametrize("width", [360, 1_280])
@driven
async def test_no_text_in_view_is_left_in_english(ui: OpenUi, sqlite_site: Site, person: Person, width: int) -> None:
    views = filled_views(sqlite_site, person)
    data = (*DATA, *catalogue_names(person))
    left = {}
    async with ui("/settings", translations=Pseudo(), width=width) as page:
        for view in views:
            await page.go(view)
            await page.until(lambda: not {"⟦Loading⟧", "⟦Calculating⟧"} & set(page.labels()), view)
            found = untranslated(page, data)
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
