"""Diagnostics out of text for people, for the commands that know no other."""

from __future__ import annotations

import re
from typing import Final

from twin2multicloud.deployer.engine.events import Diagnostic, Severity

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_HEAD: Final = re.compile(r"^(Error|Warning): (.*)$")
_PLACE: Final = re.compile(r"^\s*on (?P<file>.+?) line (?P<line>\d+)(?:, in .*)?:$")


def without_colour(text: str) -> str:
    """A text without the terminal's escapes: some commands colour their errors whatever they are told."""
    return _COLOUR.sub("", text)


def parse_plain(text: str) -> list[Diagnostic]:
    """The errors and warnings in a text, in order, with the place in the code where it is told."""
    found: list[Diagnostic] = []
    block: list[str] | None = None
    for framed in text.splitlines():
        line = framed[1:].removeprefix(" ") if framed[:1] in "╷╵│" else framed
        head = _HEAD.match(line)
        if framed[:1] == "╵" or head:
            if block:
                found.append(_diagnostic(block))
            block = [line] if head else None
        elif block is not None:
            block.append(line)
    if block:
        found.append(_diagnostic(block))
    return found


def _diagnostic(block: list[str]) -> Diagnostic:
    head = _HEAD.match(block[0])
    assert head is not None
    detail: list[str] = []
    file, number, snippet = None, None, None
    for line in block[1:]:
        place = _PLACE.match(line)
        code = re.match(r"^\s+(\d+): (.*)$", line)
        if place:
            file, number = place["file"], int(place["line"])
        elif file is not None and code and int(code[1]) == number:
            snippet = code[2]
        else:
            detail.append(line)
    severity = Severity.ERROR if head[1] == "Error" else Severity.WARNING
    return Diagnostic(severity, head[2], "\n".join(detail).strip(), None, file, number, snippet)
