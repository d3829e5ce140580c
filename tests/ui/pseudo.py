"""A language that no one speaks: every text of ours in ⟦…⟧, so that one that was not translated is found by lacking
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from gettext import NullTranslations
from typing import Any, Final

import flet as ft
from flet.controls.base_control import BaseControl

from tests.ui.driver import Ui

_INNERMOST: Final = re.compile(r"⟦[^⟦⟧]*⟧")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
NEUTRAL: Final = (
    r"English|AWS|Azure|GCP|UTC|USD|EUR|GBP|CHF|JPY|SEK|PLN|INR|OpenAPI|Twin2MultiCloud|twin2multicloud",
    r"\b\d[\d,.]* (s|min|h|d|kB|MB|GB|B|ms)\b",
    r"\b(Tab|Enter|Space|Escape|Alt|Apache)\b",
    r"\b[a-z-]+\.[a-z_-]+\b",
    r"\b(usr|wsp|twn|run|key|alr|con|opt|drf|rte|mut)_(…|[0-9a-z]+)",
    r"https?://\S+|\S+@\S+\.\S+",
    r"\bt2m_\w*|\b[0-9a-f]{8,}\b",
)
"""What is the same in every language: names, units, keys on a keyboard, what actions are called, ids, addresses."""
_PROPERTIES: Final = ("value", "label", "hint_text", "suffix", "error", "text", "tooltip", "content", "semantics_label")
_TYPED: Final = (ft.TextField, ft.DropdownM2)
"""Their `value` is what somebody gave."""


class Pseudo(NullTranslations):
    """Every text in brackets."""

    def gettext(self, message: str) -> str:
        """As gettext."""
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As gettext."""
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def untranslated(page: Ui, data: Iterable[str] = ()) -> set[str]:
    """The texts in view, names for screen readers and tooltips included, that hold words which did not come through
    `tr`; `data`: what the test's people and the server wrote, and what is no word.
    """
    known = re.compile("|".join([*NEUTRAL, *(re.escape(each) for each in sorted(data, key=len, reverse=True))]))
    return {text for text in _said(page) if _WORD.search(known.sub(" ", _without_ours(text)))}


def _said(page: Ui) -> Iterator[str]:
    for control in page.controls():
        yield from _texts(control)


def _texts(control: BaseControl) -> Iterator[str]:
    for name in _PROPERTIES:
        if name == "value" and isinstance(control, _TYPED):
            continue
        found: Any = getattr(control, name, None)
        if name == "hint_text" and " " not in str(found):
            continue  # an example of what goes there
        if isinstance(found, str) and found:
            yield found


def _without_ours(text: str) -> str:
    while True:
        shorter = _INNERMOST.sub(" ", text)
        if shorter == text:
            return text
        text = shorter
