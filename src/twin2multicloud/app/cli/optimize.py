"""`optimize`: one workload or a batch, under either model, as table, JSON or report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from twin2multicloud.app.cli.books import NEWEST_BOOK, BookChoice
from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.model.errors import PriceError, UsageError

if TYPE_CHECKING:
    from twin2multicloud.model.constraints import Constraints
    from twin2multicloud.model.documents import WorkloadDocument
    from twin2multicloud.optimizer.bill.result import BillResult
    from twin2multicloud.optimizer.pricing.book import PriceBook

BATCH_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Request:
    """The command's arguments as they were given; empty or None where they were not."""

    workload: str
    model: Literal["bill", "edt25"] = "bill"
    regions: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    residency: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    managed_only: bool | None = None
    deployable_only: bool | None = None
    max_clouds: int | None = None
    egress: Literal["list", "eu-data-act"] | None = None
    top: int = 1
    explain: bool = False
    json_output: bool = False
    report: str | None = None
    book: BookChoice = NEWEST_BOOK
    max_price_age: int | None = None

    def constraints(self, base: Constraints | None) -> Constraints:
        """The constraints of the options on top of a document's."""
        from twin2multicloud.model.options import constraints_from_options

        return constraints_from_options(
            base=base,
            providers=self.providers,
            deny_providers=self.deny,
            regions=self.regions,
            residency=self.residency,
            pins=self.pins,
            require=self.require,
            managed_only=self.managed_only,
            deployable_only=self.deployable_only,
            max_clouds=self.max_clouds,
            egress_policy=self.egress,
        )

    def refuse(self, options: dict[str, object], why: str) -> None:
        """Raise `UsageError` naming those of `options` (spelling → value) that were given."""
        given = [name for name, value in options.items() if value not in (None, (), False)]
        if given:
            raise UsageError(f"{', '.join(given)}: {why}")


def optimize(request: Request, *, today: Callable[[], date]) -> int:
    """Run the command; its exit code. Errors with a cause and a remedy are raised."""
    if request.model == "edt25":
        from twin2multicloud.app.cli.edt25 import check_options

        check_options(request)
    if PurePath(request.workload).suffix.lower() in BATCH_SUFFIXES:
        from twin2multicloud.app.cli.batch import run_batch

        return run_batch(request, today=today)
    document, title = read_workload(request.workload)
    if request.model == "edt25":
        from twin2multicloud.app.cli.edt25 import optimize_published

        return optimize_published(request, document, title)
    return _optimize_bill(request, document, title, today)


def read_workload(name: str) -> tuple[WorkloadDocument, str]:
    """The document that WORKLOAD names, and a title for it.

    A bare word is a built-in scenario; a path has a separator or a suffix; `-` is standard input.
    """
    from twin2multicloud.model.documents import WorkloadDocument, read_workload_file

    if name == "-":
        return read_workload_file(name), "Workload from standard input"
    path = PurePath(name)
    if path.suffix or len(path.parts) != 1 or name != path.name:
        return read_workload_file(name), f"Workload {path.name or name}"
    from twin2multicloud.model.scenarios import scenario

    try:
        found = scenario(name)
    except UsageError as error:
        raise UsageError(f"{error}. A file without a suffix needs its directory: ./{printable(name)}") from error
    return WorkloadDocument(found.name, found.workload), found.title


def open_prices(request: Request, today: Callable[[], date]) -> PriceBook:
    """The price book to use; raises `PriceError` if it is older than the request allows."""
    book = request.book.read()
    if request.max_price_age is not None:
        seen = request.book.last_seen(book)
        age = (today() - date.fromisoformat(seen)).days
        if age > request.max_price_age:
            aged = f"{age} days old" if seen == book.date else f"last seen on {seen}, {age} days ago"
            raise PriceError(
                f"the price book {book.version} is of {book.date}, {aged}; --max-price-age allows "
                f"{request.max_price_age}. {request.book.newer}, or allow more days"
            )
    return book


def _optimize_bill(request: Request, document: WorkloadDocument, title: str, today: Callable[[], date]) -> int:
    from twin2multicloud.optimizer.bill.optimize import BillOptimizer

    constraints = request.constraints(document.constraints)
    book = open_prices(request, today)
    optimizer = BillOptimizer(book, constraints, document.assumptions)
    result = optimizer.optimize(document.workload, top=request.top, alternatives=True)
    if request.report is not None:
        _write_report(request.report, result, title, today(), book)
    if request.json_output:
        from twin2multicloud.optimizer.bill.as_json import full_json

        print_json(full_json(result))
        return 0
    from twin2multicloud.app.cli.tables import print_footer, print_proposal
    from twin2multicloud.app.report.view import View

    view = View(result, book)
    with output() as console:
        print_proposal(console, view, title, top=request.top > 1)
        if request.explain:
            from twin2multicloud.app.cli.explain import print_explanation

            print_explanation(console, view)
        print_footer(console, result)
    return 0


def _write_report(path: str, result: BillResult, title: str, day: date, book: PriceBook) -> None:
    from pathlib import Path

    from twin2multicloud.app.cli.failures import say
    from twin2multicloud.app.report.html import render_report

    text = render_report(result, title=title, generated_on=day, book=book)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"--report {path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    say(f"report written to {path}")
