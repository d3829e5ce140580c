"""`uncertainty` and `breakeven`: what they do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.terminal import Progress, output, print_json
from twin2multicloud.app.cli.workers import in_order
from twin2multicloud.app.processors import usable_processors
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.model.uncertain_documents import UncertainDocument
    from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray
    from twin2multicloud.optimizer.sampling.optima import Optima, Sampler

MOST_SAMPLES = 1_000_000


@dataclass(frozen=True)
class Request:
    """The arguments of `uncertainty` as they were given."""

    workload: str
    book: BookChoice
    vary: tuple[str, ...] = ()
    samples: int = 10_000
    seed: int = 1
    placement: str | None = None
    csv: str | None = None
    json_output: bool = False


@dataclass(frozen=True)
class Along:
    """The arguments of `breakeven`."""

    workload: str
    book: BookChoice
    field: str
    start: float
    end: float
    json_output: bool = False


def uncertainty(request: Request) -> int:
    """Run `uncertainty`; its exit code."""
    from twin2multicloud.optimizer.sampling.draw import draw
    from twin2multicloud.optimizer.sampling.study import study

    document, title = _document(request.workload)
    given = document.uncertain(_vary(document, request.vary))
    sampler = _sampler(request.book, document)
    deployed = None
    if request.placement is not None:
        from twin2multicloud.app.cli.sandbox import placement_in

        deployed = placement_in(request.placement)
        sampler.choice(deployed)
    table = draw(given, request.samples, request.seed)
    optima = _optima(sampler, table)
    found = study(sampler, given, table, optima, deployed, partial(_priced, sampler))
    if request.csv is not None:
        _write_csv(request.csv, list(given.spreads), table, optima)
    if request.json_output:
        from twin2multicloud.optimizer.sampling.as_json import study_json

        print_json(study_json(found, request.seed))
        return 0
    from twin2multicloud.app.cli.uncertainty_view import print_study

    with output() as console:
        print_study(console, found, title)
    return 0


def breakeven(request: Along) -> int:
    """Run `breakeven`; its exit code."""
    from twin2multicloud.optimizer.sampling.breakeven import course
    from twin2multicloud.optimizer.sampling.reach import check_range

    document, title = _document(request.workload)
    base = document.document.workload
    check_range(base, request.field, request.start, request.end)
    found = course(_sampler(request.book, document), base, request.field, request.start, request.end)
    if request.json_output:
        from twin2multicloud.optimizer.sampling.as_json import course_json

        print_json(course_json(found))
        return 0
    from twin2multicloud.app.cli.uncertainty_view import print_course

    with output() as console:
        print_course(console, found, title)
    return 0


def _document(name: str) -> tuple[UncertainDocument, str]:
    """The document that WORKLOAD names, as `optimize` reads it, and a title."""
    from twin2multicloud.model.uncertain_documents import UncertainDocument, read_uncertain_file

    path = PurePath(name)
    if name == "-" or path.suffix or len(path.parts) != 1 or name != path.name:
        return read_uncertain_file(name), "standard input" if name == "-" else path.name or name
    from twin2multicloud.app.cli.optimize import read_workload

    document, title = read_workload(name)
    return UncertainDocument(document, {}, (), {}, ()), title


def _vary(document: UncertainDocument, options: tuple[str, ...]) -> Mapping[str, Mapping[str, float]]:
    from twin2multicloud.model.uncertain_documents import spreads_of

    found = spreads_of(options, document.document.workload)
    if not found and not document.spreads:
        raise UsageError(
            f"{document.document.source}: no number is uncertain; give --vary devices=500..2000, or write "
            "devices: {low: 500, high: 2000} in the file"
        )
    return found


def _sampler(book: BookChoice, document: UncertainDocument) -> Sampler:
    from twin2multicloud.optimizer.bill.optimize import BillOptimizer
    from twin2multicloud.optimizer.sampling.optima import Sampler

    return Sampler(BillOptimizer(book.read(), document.document.constraints, document.document.assumptions))


def _optima(sampler: Sampler, table: FloatArray) -> Optima:
    """The optima of a table's rows, on all processors."""
    from twin2multicloud.optimizer.sampling.study import merged

    processes = usable_processors()
    # Two parts for each at least, so that something can be said on the way.
    size = min(max(-(-table.shape[0] // (2 * processes)), 2_000), 10_000)
    progress = Progress("workloads", clock=time.monotonic)
    parts = []
    done = 0
    for part in in_order(sampler.optimize, _parts(table, size), processes):
        parts.append(part)
        done += part.usd.size
        progress.at(done)
    progress.done()
    return merged(parts)


def _priced(sampler: Sampler, table: FloatArray, choices: IntArray) -> FloatArray:
    """Placements priced for a table's rows, on all processors."""
    import numpy as np

    processes = usable_processors()
    parts = _parts(table, max(-(-table.shape[0] // processes), 2_000))
    return np.concatenate(list(in_order(partial(_price, sampler, choices), parts, processes)), axis=1)


def _price(sampler: Sampler, choices: IntArray, table: FloatArray) -> FloatArray:
    return sampler.price(table, choices)


def _parts(table: FloatArray, size: int) -> Iterator[FloatArray]:
    for first in range(0, table.shape[0], size):
        yield table[first : first + size]


def _write_csv(path: str, fields: list[str], table: FloatArray, optima: Optima) -> None:
    """A line per sample: the uncertain numbers, the optimum's cost, the number of its placement."""
    import csv

    from twin2multicloud.blueprint.volumes import FIELDS

    columns = [FIELDS.index(name) for name in fields]
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow([*fields, "usd_per_month", "placement"])
            rows: Iterator[tuple[Any, ...]] = zip(
                *table[:, columns].T.tolist(), optima.usd.tolist(), optima.placement.tolist(), strict=True
            )
            writer.writerows(("" if value in (float("inf"), -1) else value for value in row) for row in rows)
    except (OSError, ValueError) as error:
        raise UsageError(f"--csv {path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    print(f"samples written to {path}", file=sys.stderr)
