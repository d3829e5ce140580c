"""`optimize FILE.jsonl`: a workload a line in, a result a line out, in order.

A bad line yields an error in its place and the rest goes on. Lines are read, priced and written in chunks, so a
batch may be longer than memory. Lines under equal constraints and assumptions are priced together.
"""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.failures import error_json
from twin2multicloud.app.cli.optimize import Request, open_prices
from twin2multicloud.app.cli.terminal import Progress
from twin2multicloud.app.cli.workers import in_order
from twin2multicloud.model.errors import Finding, InfeasibleError, InvalidInputError, Twin2MultiCloudError
from twin2multicloud.model.jsonl import BatchItem, read_batch

if TYPE_CHECKING:
    from twin2multicloud.model.assumptions import Assumptions
    from twin2multicloud.model.constraints import Constraints
    from twin2multicloud.model.documents import WorkloadDocument
    from twin2multicloud.optimizer.bill.market import Market
    from twin2multicloud.optimizer.bill.optimize import BillOptimizer

Outcome = str | Twin2MultiCloudError
"""A result as a line of JSON, or why there is none."""


def run_batch(request: Request, *, today: Callable[[], date]) -> int:
    """Optimize every line of the file; 0, or 4 if a line was bad, or 3 if some had no placement but none was bad."""
    request.refuse(
        {
            "--top": request.top if request.top > 1 else None,
            "--explain": request.explain,
            "--report": request.report,
        },
        "a batch has one compact result a line; optimize that workload alone for more",
    )
    solver: _Solver = _Published(request) if request.model == "edt25" else _Bill(request, today)
    worst = count = 0
    try:
        with Path(request.workload).open("rb") as stream:
            items = read_batch(stream, request.workload)
            progress = Progress("workloads", clock=time.monotonic)
            for lines, code in in_order(partial(_chunk, solver), _chunks(items, solver.chunk), solver.processes):
                sys.stdout.write("".join(lines))
                worst = max(worst, code)
                count += len(lines)
                progress.at(count)
            progress.done()
    except FileNotFoundError as error:
        raise InvalidInputError(request.workload, [Finding("", "no such file")]) from error
    except (IsADirectoryError, PermissionError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InvalidInputError(request.workload, [Finding("", problem)]) from error
    if not count:
        raise InvalidInputError(request.workload, [Finding("", "holds no workload; write one JSON document a line")])
    return worst


def _chunks(items: Iterator[BatchItem], size: int) -> Iterator[list[BatchItem]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _chunk(solver: _Solver, items: Sequence[BatchItem]) -> tuple[list[str], int]:
    """The output lines of some items, and the worst exit code among them."""
    outcomes: list[Outcome] = [InvalidInputError("", ())] * len(items)
    groups: dict[tuple[str, str], list[int]] = {}
    for number, item in enumerate(items):
        if item.document is None:
            outcomes[number] = InvalidInputError(f"line {item.line}", item.findings)
        else:
            groups.setdefault(_key(item.document), []).append(number)
    for numbers in groups.values():
        documents = [document for number in numbers if (document := items[number].document) is not None]
        for number, outcome in zip(numbers, solver.group(documents), strict=True):
            outcomes[number] = outcome
    lines = []
    worst = 0
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, str):
            lines.append(outcome + "\n")
        else:
            # Whatever is wrong with a line, it is the input that is bad, unless only its constraints conflict.
            worst = max(worst, InfeasibleError.exit_code if isinstance(outcome, InfeasibleError) else 4)
            lines.append(json.dumps({"line": item.line, "error": error_json(outcome)}) + "\n")
    return lines, worst


def _key(document: WorkloadDocument) -> tuple[str, str]:
    """Equal for documents with equal constraints and assumptions."""
    constraints, assumptions = document.constraints, document.assumptions
    return (
        "" if constraints is None else constraints.model_dump_json(),
        "" if assumptions is None else assumptions.model_dump_json(),
    )


class _Solver(ABC):
    """Solves documents that have the same constraints and assumptions."""

    chunk: int
    processes: int | None = None
    """How many processes share the work; None: as many as there are processors."""

    @abstractmethod
    def group(self, documents: Sequence[WorkloadDocument]) -> Iterator[Outcome]:
        """An outcome for each document, in order."""


class _Bill(_Solver):
    """The default model. Optimizers, and the markets they share, are kept from chunk to chunk."""

    chunk = 50

    def __init__(self, request: Request, today: Callable[[], date]) -> None:
        self.request = request
        self.book = open_prices(request, today)
        self._markets: dict[str, Market] = {}
        self._optimizers: dict[tuple[str, str], BillOptimizer] = {}
        # A mistake in the options is one error, not one on every line.
        self._optimizer(request.constraints(None), None).restrictions(needs_3d=False)

    def _optimizer(self, constraints: Constraints, assumptions: Assumptions | None) -> BillOptimizer:
        from twin2multicloud.optimizer.bill.optimize import BillOptimizer

        # All that a market depends on besides the book.
        key = constraints.model_dump_json(include={"egress_policy", "regions", "pins"})
        optimizer = BillOptimizer(self.book, constraints, assumptions, self._markets.get(key))
        self._markets[key] = optimizer.market
        return optimizer

    def group(self, documents: Sequence[WorkloadDocument]) -> Iterator[Outcome]:
        """An outcome for each document, in order."""
        from twin2multicloud.optimizer.bill.as_json import compact_json

        first = documents[0]
        key = _key(first)
        try:
            if key not in self._optimizers:
                optimizer = self._optimizer(self.request.constraints(first.constraints), first.assumptions)
                optimizer.restrictions(needs_3d=False)
                self._optimizers[key] = optimizer
        except Twin2MultiCloudError as error:
            yield from [error] * len(documents)
            return
        workloads = [document.workload for document in documents]
        for outcome in self._optimizers[key].outcomes(workloads):
            if isinstance(outcome, InfeasibleError):
                yield outcome
            else:
                yield json.dumps(compact_json(outcome), allow_nan=False)


class _Published(_Solver):
    """The published model, thousands of workloads at once."""

    chunk = 4096
    processes = 1  # arrays do it faster than a second process starts

    def __init__(self, request: Request) -> None:
        from twin2multicloud.app.optimizing.published import limits_of

        self.request = request
        limits_of(request.constraints(None))

    def group(self, documents: Sequence[WorkloadDocument]) -> Iterator[Outcome]:
        """An outcome for each document, in order."""
        from twin2multicloud.app.optimizing.published import IGNORED_ASSUMPTIONS, conflict, limits_of
        from twin2multicloud.optimizer.edt25.result import solve

        first = documents[0]
        try:
            constraints = self.request.constraints(first.constraints)
            limits = limits_of(constraints)
        except Twin2MultiCloudError as error:
            yield from [error] * len(documents)
            return
        batch = solve([document.workload for document in documents], limits)
        feasible = batch.feasible.tolist()
        for number, document in enumerate(documents):
            if not feasible[number]:
                yield conflict(document.workload, constraints)
            elif document.assumptions is None:
                yield batch.json_line(number)
            else:
                answer: dict[str, Any] = batch.document(number)
                answer["warnings"].append(IGNORED_ASSUMPTIONS)
                yield json.dumps(answer)
