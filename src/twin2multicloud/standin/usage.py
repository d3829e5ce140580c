"""Which types Terraform files use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.standin.sources import SOURCES

_USE: Final = re.compile(r'^\s*(resource|data)\s+"([a-z0-9_-]+)"\s+"', re.MULTILINE)


def types_in(directory: Path) -> set[str]:
    """The types that the `.tf` files in and below a directory use, without Terraform's own."""
    used = set()
    for path in directory.rglob("*.tf"):
        for word, kind in _USE.findall(path.read_text()):
            if kind not in ("terraform_data", "terraform_remote_state"):
                used.add(f"data.{kind}" if word == "data" else kind)
    return used


def provider_of(kind: str) -> str:
    """The provider of a type, by its prefix, as Terraform takes it; raises `InvalidInputError` for one without."""
    name = kind.removeprefix("data.").split("_")[0]
    if name not in SOURCES:
        problem = f"no stand-in for the provider {name!r}; there are: {', '.join(SOURCES)}"
        raise InvalidInputError(kind, [Finding("", problem, name)])
    return name
