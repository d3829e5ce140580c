"""A strict reader of the report: what it says, as a browser would see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "col", "hr", "img", "input", "link", "meta"}

INLINE = {"a", "abbr", "code", "small", "span", "strong"}


@dataclass
class Element:
    """An element of the page."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, white space collapsed."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        parts = [part for child in self.children for part in ([child] if isinstance(child, str) else child._texts())]
        return parts if self.name in INLINE else [" ", *parts, " "]

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        """Elements inside, in document order, by name and attributes (`class_`: one of its classes)."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if (not name or child.name == name) and child.has(**attributes):
                    found.append(child)
                found.extend(child.all(name, **attributes))
        return found

    def has(self, **attributes: str) -> bool:
        """Whether the attributes are as given."""
        for key, value in attributes.items():
            here = self.attributes.get(key.rstrip("_").replace("_", "-")) or ""
            if (value not in here.split()) if key == "class_" else (value != here):
                return False
        return True

    def one(self, name: str = "", **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(name, **attributes)
        return found

    def rows(self, part: str = "tbody") -> list[list[str]]:
        """The cell texts of a table's rows."""
        return [
            [cell.text for cell in row.children if isinstance(cell, Element)]
            for section in self.all(part)
            for row in section.all("tr")
        ]

    def table(self, caption: str) -> Element:
        """The only table whose caption begins so."""
        found = [table for table in self.all("table") if table.all("caption")[0].text.startswith(caption)]
        assert len(found) == 1, f"{len(found)} tables are captioned {caption!r}"
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({key for key, _ in attrs}) == len(attrs), f"an attribute of <{tag}> is given twice: {attrs}"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in VOID, f"</{tag}> ends a void element"
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(html: str) -> Element:
    """The page's root; fails if elements are not balanced."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], f"not closed: {[element.name for element in reader.open[1:]]}"
    return reader.root


def cents(text: str) -> int:
    """Cents of a displayed amount: $1,234.56, +$1.00, −$1.00."""
    sign = -1 if text.startswith("\N{MINUS SIGN}") else 1
    digits = text.lstrip("+±\N{MINUS SIGN}")
    assert digits.startswith("$"), text
    assert digits[-3] == ".", text
    return sign * int(digits[1:].replace(",", "").replace(".", ""))
