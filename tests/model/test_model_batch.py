"""Batches: lazily, in order, with findings by line, and fast."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator

import pytest

from twin2multicloud.model.jsonl import MAX_LINE_BYTES, BatchItem, read_batch

GOOD = b'{"devices": 5, "message_interval_s": 60, "message_size_bytes": 100}'


def items(content: bytes) -> list[BatchItem]:
    return list(read_batch(io.BytesIO(content), "b"))


def test_lines_in_order_blank_ones_skipped() -> None:
    content = b"\xef\xbb\xbf" + GOOD + b"\r\n\n  \n" + GOOD.replace(b"5", b"6", 1)
    found = items(content)
    assert [item.line for item in found] == [1, 4]
    assert [item.document.workload.devices for item in found if item.document] == [5, 6]
    assert items(b"") == []


def test_sections_on_a_line() -> None:
    (item,) = items(
        b'{"workload": ' + GOOD + b', "constraints": {"max_clouds": 1}, "assumptions": {"planning_month": 3}}'
    )
    assert item.document is not None
    assert item.document.constraints is not None
    assert item.document.constraints.max_clouds == 1
    assert item.document.assumptions is not None
    assert item.document.assumptions.planning_month == 3


@pytest.mark.parametrize(
    ("line", "field", "says"),
    [
        (GOOD.replace(b"5", b"-5", 1), "devices", "-5 is out of range"),
        (GOOD.replace(b"5", b"NaN", 1), "devices", "NaN is not a finite number"),
        (GOOD.replace(b"5", b'"5"', 1), "devices", "'5' is text"),
        (GOOD.replace(b"devices", b"device"), "device", "did you mean 'devices'?"),
        (GOOD[:-1] + b', "devices": 6}', "devices", "given twice"),
        (GOOD[:-1] + b', "devices" : 6}', "devices", "given twice"),
        (GOOD[:-1] + b', "\\u0064evices": 6}', "devices", "given twice"),
        (GOOD[:-1] + b', "hot_months": 9}', "cool_months", "set cool_months to 9"),
        (
            b'{"workload": ' + GOOD + b', "constraints": {"max_clouds": 9}}',
            "constraints.max_clouds",
            "from 1 to 3",
        ),
        (b'{"workload": ' + GOOD + b', "workload": ' + GOOD + b"}", "workload", "given twice"),
        (b'{"workload": ' + GOOD + b', "constraint": {}}', "constraint", "did you mean 'constraints'?"),
        (b'{"workload": ' + GOOD + b', "constraints": {"pins": {"L1": "aws.\\ud800"}}}', "", "broken escape"),
        (b"[" * 60_000, "", "nested deeper"),
        (b'{"workload":' * 5_000, "", "nested deeper"),
        (b"{", "", "ends too early"),
        (b"[1]", "", "is a list"),
        (b'"workload"', "", "not a mapping"),
        (b"\xff\xfe", "", "UTF-16"),
        (b"{\xe4}", "", "not UTF-8"),
        (b"\0\0", "", "binary"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_line_gives_findings_and_the_batch_goes_on(line: bytes, field: str, says: str) -> None:
    first, bad, last = items(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    assert first.document == last.document
    assert bad.document is None
    assert {finding.line for finding in bad.findings} == {2}
    assert any(finding.field == field and says in finding.problem for finding in bad.findings)


def test_a_line_too_long_ends_the_batch() -> None:
    first, bad = items(GOOD + b"\n" + b"x" * 1_000_000 + b"\n" + GOOD)
    assert first.document is not None
    assert (bad.line, bad.document) == (2, None)
    assert "longer than 65536 bytes" in bad.findings[0].problem
    padded = GOOD + b" " * (MAX_LINE_BYTES - len(GOOD) - 1) + b"\n"
    assert [item.document is not None for item in items(padded * 2)] == [True, True]


class Endless(io.RawIOBase):
    """A stream that never ends, handing out one line at a time."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines
        self.taken = 0

    def readline(self, size: int | None = -1) -> bytes:
        self.taken += 1
        return next(self.lines)


def test_an_endless_batch_is_read_as_far_as_it_is_asked_for() -> None:
    stream = Endless(itertools.repeat(GOOD + b"\n"))
    found = list(itertools.islice(read_batch(stream, "b"), 10))  # type: ignore[arg-type]
    assert [item.line for item in found] == list(range(1, 11))
    assert stream.taken == 10


def test_ten_thousand_lines() -> None:
    found = items((GOOD + b"\n") * 10_000)
    assert sum(item.document is not None for item in found) == 10_000
