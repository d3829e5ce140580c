"""Bills as CSV, read row by row: in FOCUS, or as AWS's Cost and Usage Report 2.0 has them; the header tells which.

A row that cannot be read is a `BadLine`, and the next one is read all the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from twin2multicloud.costing import cur, focus
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.model.errors import Finding, InvalidInputError

MOST_LINES: Final = 2_000_000
"""Rows of one export; what is beyond belongs into several."""
_ReadRow = Callable[[Mapping[str, str], int], CostLine | BadLine]


def read_bill(text: Iterable[str], most: int = MOST_LINES) -> Iterator[CostLine | BadLine]:
    """The rows of an export, one at a time. `text` is a file, or the lines of one.

    Raises `InvalidInputError` where there is no header with the columns that are needed, and for more rows than `most`.
    """
    reader = csv.reader(text, strict=True)
    columns = _header(reader)
    read_row = _reader_of(columns)
    count = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield BadLine(reader.line_num, "", f"is no CSV: {error}")
            continue
        except UnicodeDecodeError as error:
            raise _wrong("", f"is not UTF-8: {error}") from error
        if row is None:
            return
        if not row:
            continue
        count += 1
        if count > most:
            raise _wrong("", f"has more than {most:,} rows; export less at a time, such as one month")
        if len(row) != len(columns):
            yield BadLine(reader.line_num, "", f"has {len(row)} cells, the header has {len(columns)}")
            continue
        yield read_row(dict(zip(columns, row, strict=True)), reader.line_num)


def _reader_of(columns: list[str]) -> _ReadRow:
    missing = focus.missing_columns(columns)
    if not missing:
        return focus.read_row
    if any(name.startswith("line_item_") for name in columns):
        lacking = cur.missing_columns(columns)
        if not lacking:
            return cur.read_row
        raise _wrong("header", f"is no Cost and Usage Report (2.0) that can be read: it has no {', '.join(lacking)}")
    raise _wrong("header", f"is no FOCUS export (1.0 to 1.2): it has no {', '.join(missing)}")


def _header(reader: Any) -> list[str]:
    try:
        columns = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
    except (csv.Error, UnicodeDecodeError) as error:
        raise _wrong("", f"is no CSV: {error}") from error
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise _wrong("header", f"has columns twice: {', '.join(sorted(twice))}")
    return columns


def _wrong(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError("bill", [Finding(field, problem)])
