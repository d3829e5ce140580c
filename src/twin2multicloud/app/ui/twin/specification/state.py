"""Which part of a specification is in view, and of which version. It is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.twin.state import Look

PartKey = Literal["definition", "files", "placement", "versions", "people"]
PARTS: Final[tuple[PartKey, ...]] = get_args(PartKey)
MOST_VERSIONS: Final = 100


def part_name(part: PartKey) -> str:
    """What a part is called."""
    return {
        "definition": tr("Definition"),
        "files": tr("Files"),
        "placement": tr("Placement"),
        "versions": tr("Versions"),
        "people": tr("People"),
    }[part]


@dataclass(frozen=True)
class Viewed:
    """A part, of a version (None: the newest)."""

    part: PartKey = "definition"
    number: int | None = None
    before: int | None = None
    after: int | None = None

    @classmethod
    def of(cls, look: Look) -> Viewed:
        """From an address; what makes no sense is left out."""
        part: PartKey = next((each for each in PARTS if each == look.get("part")), "definition")
        return cls(part, _number(look.get("version")), _number(look.get("before")), _number(look.get("after")))


def _number(given: str) -> int | None:
    return int(given) if given.isdigit() and 0 < int(given) < 10**9 else None


def who(id: str, names: Mapping[str, str]) -> str:
    """Somebody by their name, if they still are in the workspace."""
    return names.get(id, tr("somebody who left"))
