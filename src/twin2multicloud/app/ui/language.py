"""Texts in the language of whoever looks. All that is shown goes through `tr`; today there is English."""

from __future__ import annotations

from gettext import NullTranslations
from typing import Final

from flet.controls.context import _context_page

KEY: Final = "translations"
"""Under which a page's session keeps its `gettext` translations."""
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
