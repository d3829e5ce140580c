"""HTML written so that text cannot become markup: whatever is not `Html` already is escaped on its way in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

_VOID: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})
# Control characters are not allowed in HTML, and half of a surrogate pair cannot be written as UTF-8.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Html(str):
    """Markup: text that is escaped already."""

    __slots__ = ()


Content = str | None
"""A child of an element: `Html` is taken as it is, other text is escaped, None is left out."""

Attribute = str | float | bool | None
"""An attribute's value: True gives the bare name, False and None leave it out."""


def text(value: str) -> Html:
    """`value` as text or attribute value: escaped, without characters that HTML does not allow."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)))


def join(parts: Iterable[Content], between: str = "") -> Html:
    """Parts one after the other, `between` (text) in between."""
    return Html(text(between).join(text(part) for part in parts if part is not None))


def tag(name: str, /, *children: Content, **attributes: Attribute) -> Html:
    """An element. `class_` stands for class, other underscores in an attribute's name for hyphens."""
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{head}>")
    return Html(f"<{head}>{join(children)}</{name}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{text(f"{value:g}" if isinstance(value, float) else str(value))}"'
