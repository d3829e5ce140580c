"""`check --against` and `check --policy`: what a change of a twin costs, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.revisions import Connect, asked, deployed_revision, is_deployed, revision_before
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.revisions.comparing import Comparison, Placing, Revision, compare
from twin2multicloud.app.revisions.policy import POLICY_FILE, Policy, Verdict, judged, read_policy
from twin2multicloud.model.documents import WorkloadDocument

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.book import PriceBook

Form = Literal["table", "markdown", "json"]
AGAINST_POLICY: Final = 9
"""The exit code of a change that breaks a rule."""


@dataclass(frozen=True)
class CheckRequest:
    """What was asked for. `placing` None: kept against what is deployed, else the cheapest."""

    twin: str
    against: str | None
    policy: str | None
    placing: Placing | None
    form: Form
    book: BookChoice


def check_against(request: CheckRequest, connect: Connect) -> int:
    """Compare, tell, and judge; the exit code says whether a rule is broken. Problems of either are raised."""
    definition = read_twin(request.twin)
    document = WorkloadDocument(request.twin, definition.workload, definition.constraints, definition.assumptions)
    after = Revision(request.twin, asked(document))
    placing: Placing = request.placing or "cheapest"
    before: Revision | None = None
    if request.against is None:
        book = request.book.read()
    elif is_deployed(request.against):
        placing = request.placing or "kept"
        with connect() as client:
            before = deployed_revision(client, request.against, definition.name)
            # What is deployed is billed by the prices of its backend, whichever that is.
            book = client.prices.book() if request.book.directory is None else request.book.read()
    else:
        book = request.book.read()
        before = revision_before(request.against)
    policy = _policy(request, book)
    found = compare(Solver(book), before, after, placing)
    verdicts = [] if policy is None else list(judged(policy, found))
    _tell(request.form, definition.name, found, verdicts, book)
    return 0 if all(each.ok for each in verdicts) else AGAINST_POLICY


def _policy(request: CheckRequest, book: PriceBook) -> Policy | None:
    if request.policy is not None:
        return read_policy(Path(request.policy), book)
    beside = Path(request.twin).parent / POLICY_FILE
    return read_policy(beside, book) if request.twin != "-" and beside.is_file() else None


def _tell(form: Form, title: str, found: Comparison, verdicts: list[Verdict], book: PriceBook) -> None:
    if form == "json":
        from twin2multicloud.app.revisions.telling import comparison_json

        print_json(comparison_json(title, found, verdicts, book))
    elif form == "markdown":
        import sys

        from twin2multicloud.app.revisions.telling import comparison_markdown

        sys.stdout.write(comparison_markdown(title, found, verdicts, book))
    else:
        from twin2multicloud.app.cli.check_view import print_comparison

        with output() as console:
            print_comparison(console, title, found, verdicts, book)
