"""Reading a workload file in which numbers may be uncertain, and spreads from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, BinaryIO, Final

from twin2multicloud.model.documents import (
    SECTIONS,
    SUFFIXES,
    WorkloadDocument,
    decoded,
    document_of,
    nearest_mark,
    read_source,
)
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.names import unknown
from twin2multicloud.model.parsing import Mark, Path
from twin2multicloud.model.uncertain import FIELDS, Spread, Uncertain, uncertain
from twin2multicloud.model.validation import limited, validated
from twin2multicloud.model.workload import Workload

CORRELATIONS: Final = "correlations"


@dataclass(frozen=True)
class UncertainDocument:
    """A workload file: what it says of certain numbers, and raw what it says of uncertain ones."""

    document: WorkloadDocument
    spreads: Mapping[str, Any]
    correlations: Sequence[Any]
    marks: Mapping[Path, Mark]
    prefix: Path

    def uncertain(self, more: Mapping[str, Mapping[str, float]] | None = None) -> Uncertain:
        """Its uncertain workload, with spreads that go before its own. Raises `InvalidInputError` with all findings."""
        found, findings = uncertain(
            self.document.workload,
            {**self.spreads, **(more or {})},
            self.correlations,
            prefix=self.prefix,
            locate=lambda path: nearest_mark(dict(self.marks), path),
        )
        if found is None:
            raise InvalidInputError(self.document.source, limited(findings))
        return found


def read_uncertain_file(path: str | FilePath, *, stdin: BinaryIO | None = None) -> UncertainDocument:
    """The document in a file, as `read_workload_file` reads it, where any number may be a spread."""
    content, source = read_source(path, stdin=stdin)
    return parse_uncertain(content, source, SUFFIXES.get(FilePath(path).suffix.lower()))


def parse_uncertain(content: bytes | str, source: str, form: Format | None = None) -> UncertainDocument:
    """The document in `content`. Raises `InvalidInputError` with every finding about what is certain."""
    text = decoded(content, source)
    parsed = parse(text, form or sniff(text), source)
    value = parsed.value
    if not isinstance(value, dict):
        return UncertainDocument(document_of(parsed, source), {}, (), parsed.marks, ())
    value = dict(value)
    correlations = value.pop(CORRELATIONS, None) or []
    if not isinstance(correlations, list):
        problem = "is not a list of items such as {between: [devices, viewers], r: 0.8}"
        raise InvalidInputError(source, [Finding(CORRELATIONS, problem)])
    prefix: Path = ("workload",) if any(key in value for key in SECTIONS) else ()
    section = value.get("workload") if prefix else value
    spreads: dict[str, Any] = {}
    if isinstance(section, dict):
        spreads = {name: raw for name, raw in section.items() if name in FIELDS and isinstance(raw, dict)}
        certain = {**section, **_typical(spreads)}
        value = {**value, "workload": certain} if prefix else certain
    document = document_of(replace(parsed, value=value), source)
    return UncertainDocument(document, spreads, correlations, parsed.marks, prefix)


def _typical(spreads: Mapping[str, Any]) -> dict[str, float]:
    """A certain number for each; where a spread is wrong, one that the field takes: its findings come later."""
    out = {}
    for name, raw in spreads.items():
        field = FIELDS[name]
        spread, _ = validated(Spread, raw)
        number = field.low if field.low is not None else 1.0
        out[name] = number + (0.001 if field.low_open else 0.0) if spread is None else spread.typical(field)
    return out


def spreads_of(options: Sequence[str], base: Workload) -> dict[str, dict[str, float]]:
    """Spreads in the words of the command line: FIELD=LOW..HIGH, FIELD=LOW..MODE..HIGH or FIELD=20% around the base.

    Raises `UsageError` for anything else.
    """
    found: dict[str, dict[str, float]] = {}
    for option in options:
        name, _, text = option.partition("=")
        name = name.strip()
        if name not in FIELDS:
            raise UsageError(f"--vary {option}: {unknown('number of a workload', name, list(FIELDS))}")
        try:
            if text.strip().endswith("%"):
                share = float(text.strip().removesuffix("%").removeprefix("±")) / 100
                value = float(getattr(base, name))
                found[name] = _within(name, value * (1 - share), value * (1 + share))
                continue
            numbers = [float(part.replace(",", "").replace("_", "")) for part in text.split("..")]
        except ValueError as error:
            raise UsageError(f"--vary {option}: {error}; write {name}=500..2000, 500..900..2000 or 20%") from error
        if len(numbers) not in (2, 3):
            raise UsageError(f"--vary {option}: write {name}=500..2000, {name}=500..900..2000 or {name}=20%")
        found[name] = dict(zip(("low", "high") if len(numbers) == 2 else ("low", "mode", "high"), numbers, strict=True))
    return found


def _within(name: str, low: float, high: float) -> dict[str, float]:
    """A range around a number, no further than its field goes."""
    field = FIELDS[name]
    if field.low is not None:
        low = max(low, field.low)
    if field.high is not None:
        high = min(high, field.high)
    return {"low": low, "high": high}
