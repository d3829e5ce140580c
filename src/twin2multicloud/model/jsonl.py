"""Reading a batch: a stream of lines, one JSON document each, lazily and fast.

A line is what a JSON workload file is: a workload's fields, or sections. Blank lines are skipped. A bad line does
not end the batch; it becomes an item with findings. Only a line too long ends it, since what follows is then
unlikely to be a batch, and perhaps endless.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.documents import WorkloadDocument, parse_workload
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.workload import Workload

MAX_LINE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One line of a batch: its number, counted from 1, and either its document or what is wrong with it."""

    line: int
    document: WorkloadDocument | None
    findings: tuple[Finding, ...] = ()


def read_batch(stream: BinaryIO, source: str) -> Iterator[BatchItem]:
    """The items of a `.jsonl` stream, one by one, in order. Never holds more than one line."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            problem = f"the line is longer than {MAX_LINE_BYTES} bytes; the rest of the batch is not read"
            yield BatchItem(number, None, (Finding("", problem, line=number),))
            return
        if line.strip():
            yield _item(line, number, source)


def _item(line: bytes, number: int, source: str) -> BatchItem:
    document = _fast(line, source)
    if document is not None:
        return BatchItem(number, document)
    try:
        return BatchItem(number, parse_workload(line, source, "json"))
    except InvalidInputError as error:
        return BatchItem(number, None, tuple(replace(finding, line=number) for finding in error.findings))


def _fast(line: bytes, source: str) -> WorkloadDocument | None:
    """The document of a line without any problem; None sends the line to the reader that explains problems."""
    try:
        if b'"workload"' not in line:
            workload = Workload.model_validate_json(line)
            # The parser keeps the last of repeated keys in silence. A bare workload's only strings are its keys,
            # which have no colon, so there are as many colons as pairs.
            pairs = line.count(b":")
            distinct = len(workload.model_fields_set)
            return WorkloadDocument(source, workload) if pairs == distinct else None
        if b'"assumptions"' in line:
            return None
        sections = json.loads(line.decode(), object_pairs_hook=_distinct)
        if not sections.keys() <= {"workload", "constraints"}:
            return None
        constraints = sections.get("constraints")
        return WorkloadDocument(
            source,
            Workload.model_validate(sections["workload"]),
            None if constraints is None else Constraints.model_validate(constraints),
        )
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found
