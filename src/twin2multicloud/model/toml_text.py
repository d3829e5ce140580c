"""TOML text to raw values with their places: the standard library reads, a light look at the lines locates."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from twin2multicloud.model.parsing import MAX_DEPTH, MAX_NODES, Mark, Parsed, Path, fail, spelled, walk

_KEY: Final = re.compile(r"[\w.\"' \t-]+")
_KEY_PART: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")
_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_AT_END: Final = " (at end of document)"
_MAX_DOTS: Final = 16


def parse_toml(text: str, source: str) -> Parsed:
    """The raw value of a TOML document. Raises `InvalidInputError`, with line and column if it is not TOML."""
    lines = text.split("\n")
    # The standard parser takes quadratic time in the parts of a dotted key, so those are bounded beforehand.
    content = [(number, line) for number, line in enumerate(lines, start=1) if not _is_blank(line)]
    if len(content) > MAX_NODES:
        raise fail(source, f"has more than {MAX_NODES} lines")
    for number, line in content:
        if line.count(".") > _MAX_DOTS:
            raise fail(source, f"has more than {_MAX_DOTS} dots in one line", number)
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise fail(source, f"nested deeper than {MAX_DEPTH} levels") from error
    except ValueError as error:  # not TOML, or an integer too long, or a date that does not exist
        problem = str(error)
        at = _AT.search(problem)
        where = (int(at[1]), int(at[2])) if at else (len(lines), None) if problem.endswith(_AT_END) else (None, None)
        problem = _AT.sub("", problem).removesuffix(_AT_END).split(";")[0]
        raise fail(source, f"is not valid TOML: {problem[:1].lower()}{problem[1:]}", *where) from error
    for count, path in enumerate(walk(value)):
        if len(path) > MAX_DEPTH:
            raise fail(source, f"nested deeper than {MAX_DEPTH} levels")
        if count > MAX_NODES:
            raise fail(source, f"has more than {MAX_NODES} values")
    return Parsed(value, _marks(lines))


def looks_like_toml(line: str) -> bool:
    """Whether a first line of content is a TOML table header or a `key = value` pair."""
    return _header(line) is not None or _pair(line) is not None


def _marks(lines: list[str]) -> dict[Path, Mark]:
    """The places of `key = value` lines. A key inside an inline table is not found; its table's line serves."""
    marks: dict[Path, Mark] = {(): Mark(1, 1)}
    table: Path = ()
    for number, line in enumerate(lines, start=1):
        if _is_blank(line):
            continue
        column = len(line) - len(line.lstrip()) + 1
        header, pair = _header(line), _pair(line)
        if header is not None:
            table = header
            marks.setdefault(table, Mark(number, column))
        elif pair is not None:
            key, text = pair
            marks.setdefault((*table, *key), Mark(number, column, text))
    return marks


def _is_blank(line: str) -> bool:
    content = line.strip()
    return not content or content.startswith("#")


def _header(line: str) -> Path | None:
    """The path of a `[table]` line."""
    content = line.strip()
    if not content.startswith("[") or content.startswith("[["):
        return None
    name, bracket, rest = content[1:].partition("]")
    if not bracket or not _is_blank(rest) or not _KEY.fullmatch(name):
        return None
    return _parts(name)


def _pair(line: str) -> tuple[Path, str | None] | None:
    """The key of a `key = value` line, and the value as written where it is a plain one."""
    key, equals, rest = line.partition("=")
    if not equals or not _KEY.fullmatch(key):
        return None
    value = rest.strip()
    if not value.startswith(("'", '"')):
        value = value.partition("#")[0].strip()
    if not value or value[0] in "[{":
        return _parts(key), None
    return _parts(key), spelled(value.replace('"', "'"))


def _parts(key: str) -> Path:
    """A dotted key's parts; a quoted part (`"L3.hot"`) keeps its dots."""
    return tuple(next((part for part in found if part), "") for found in _KEY_PART.findall(key))
