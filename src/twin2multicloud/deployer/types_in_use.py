"""The types of resources that stacks are made of, read from the modules they call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Provider

_RESOURCE: Final = re.compile(r'^resource\s+"(\w+)"', re.MULTILINE)
_DATA: Final = re.compile(r'^data\s+"(\w+)"', re.MULTILINE)


def types_in_use(stacks: Iterable[Stack]) -> dict[Provider, frozenset[str]]:
    """Types by cloud, those of data sources with `data.` before them. All types of a module count, also of resources
    that a certain deployment has none of: what is allowed shall suffice for the next change, too.
    """
    renderer = Renderer(())
    found: dict[Provider, set[str]] = {}
    for stack in stacks:
        for path, content in renderer.modules(stack.module).items():
            if path.endswith(".tf"):
                text = content.decode()
                kinds = found.setdefault(stack.site.provider, set())
                kinds |= set(_RESOURCE.findall(text))
                kinds |= {f"data.{kind}" for kind in _DATA.findall(text)}
    return {provider: frozenset(kinds) for provider, kinds in found.items()}
