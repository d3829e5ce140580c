"""Texts in the language of whoever looks. All that is shown goes through `tr`; today there is English."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from flet.controls.context import _context_page

KEY: Final = "translations"
"""Under which a page's session keeps its `gettext` translations."""
ENGLISH: Final = "en"
LOCALES: Final = Path(__file__).parent / "locales"
"""Where catalogues are: `de/LC_MESSAGES/ui.mo` for German."""
_AS_WRITTEN: Final = NullTranslations()


def _translations() -> NullTranslations:
    # By the page, not by a variable of ours: Flet runs each handler in a context that knows its page only.
    page = _context_page.get()
    found = page.session.store.get(KEY) if page is not None else None
    return found if isinstance(found, NullTranslations) else _AS_WRITTEN


def tr(text: str, /, **values: object) -> str:
    """The text in the session's language, with `{name}` replaced by values."""
    found = _translations().gettext(text)
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """As `tr`, for a number of things: `{count}` is that number."""
    return _translations().ngettext(one, many, count).format(count=f"{count:,}", **values)


@lru_cache(maxsize=32)
def translations(language: str, directory: Path = LOCALES) -> NullTranslations:
    """A language's texts; those of one that there is no catalogue for are the English ones."""
    file = directory / language / "LC_MESSAGES" / "ui.mo"
    if not language.isalnum() or not file.is_file():
        return _AS_WRITTEN
    with file.open("rb") as stream:
        return GNUTranslations(stream)


def languages(directory: Path = LOCALES) -> Mapping[str, str]:
    """The languages there are: their code, and what each calls itself, which is how it translates "English"."""
    codes = sorted(file.parts[-3] for file in directory.glob("*/LC_MESSAGES/ui.mo"))
    return {ENGLISH: "English", **{code: translations(code, directory).gettext("English") for code in codes}}
