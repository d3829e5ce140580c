"""YAML text to raw values with their places, from the parser's event stream.

Nothing is constructed but plain values. Scalars follow YAML 1.2's core schema, minus octal and hexadecimal: `yes`,
`1_0`, `010`, `1:30` and `2024-01-01` are text, never surprises. Anchors, aliases, tags and several documents are
refused: a workload needs none, and they are how a small file becomes a huge or a cyclic value.
"""

from __future__ import annotations

import re
from typing import Final

from twin2multicloud.model.parsing import Mark, Parsed, TreeBuilder, decimal, fail, spelled

_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_INFINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_WORDS: Final[dict[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def plain_scalar(text: str) -> object:
    """The value of an unquoted scalar: null, true, false, a decimal number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _LEADING_ZERO.fullmatch(text):  # 010 is ten in YAML 1.2 and eight in YAML 1.1, so it is neither
        return text
    if _FLOAT.fullmatch(text):
        return decimal(text)
    if _INFINITE.fullmatch(text):
        return float("-inf") if text.startswith("-") else float("inf")
    return text


def parse_yaml(text: str, source: str) -> Parsed:
    """The raw value of one YAML document. Raises `InvalidInputError` with line and column if it cannot be read."""
    import yaml  # 15 ms, not needed for the other formats

    tree = TreeBuilder(source)
    documents = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            start = event.start_mark
            mark = Mark(start.line + 1, start.column + 1) if start else Mark(1, 1)
            tag = getattr(event, "tag", None)
            if tag:
                raise fail(source, f"tags ({spelled(tag)}) are not supported; remove it", mark.line, mark.column)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                problem = "anchors and aliases (& and *) are not supported; write the value out"
                raise fail(source, problem, mark.line, mark.column)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise fail(source, "has several YAML documents (---); keep one", mark.line, mark.column)
            elif isinstance(event, yaml.MappingStartEvent):
                tree.open({}, mark)
            elif isinstance(event, yaml.SequenceStartEvent):
                tree.open([], mark)
            elif isinstance(event, yaml.ScalarEvent):
                plain = event.implicit[0]
                shown = spelled(event.value) if plain else f"'{spelled(event.value)}'"
                value = plain_scalar(event.value) if plain else event.value
                tree.scalar(value, event.value, Mark(mark.line, mark.column, shown or None))
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                tree.close()
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        where = (at.line + 1, at.column + 1) if at else (None, None)
        problem = f"is not valid YAML: {error.problem or error.context}"
        if at and text.split("\n")[at.line : at.line + 1] and "\t" in text.split("\n")[at.line][: at.column + 1]:
            problem += "; indent with spaces, not tabs"
        raise fail(source, problem, *where) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow; the parsers disagree on its place
        raise fail(source, "is not valid YAML: it has a control character or is binary") from error
    return tree.parsed
