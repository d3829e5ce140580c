"""`check`: options and help. What it does is imported when it runs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import connected, needs_backend
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.options import JsonOption, PricesOption, TwinArgument


@needs_backend
def check(
    context: typer.Context,
    twin: TwinArgument,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="BEFORE",
            help="What to compare with: a file, REV:path in git's history, a built-in twin, `deployed` or "
            "`deployed:NAME`.",
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rules for the change; default with --against: policy.yaml beside TWIN."),
    ] = None,
    place: Annotated[
        Literal["kept", "cheapest"] | None,
        typer.Option(help="Slots stay where they are, or go where it is cheapest; default: kept if deployed."),
    ] = None,
    form: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="How the comparison is written.")
    ] = "table",
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Check a twin's definition whole, without starting anything: types, references, names, rules, code, DTDL.

    With --against it also compares two revisions of the twin: what each costs, line by line, and where its slots go.
    With a policy, exit code 9 says that the change breaks one of its rules.

    \b
    Examples:
      twin2multicloud check twin.yaml
      twin2multicloud check smart-building --json
      twin2multicloud check twin.yaml --against main:twin.yaml
      twin2multicloud check twin.yaml --against HEAD~1:./twin.yaml --policy policy.yaml --format markdown
      twin2multicloud check twin.yaml --against deployed
    """
    form = "json" if json_output else form
    if against is None and policy is None:
        from twin2multicloud.app.cli.check import check_alone

        finish(context, form == "json", lambda: check_alone(twin, form, place, prices_directory))

    from twin2multicloud.app.cli.books import BookChoice

    session = Session.of(context)

    def act() -> int:
        from twin2multicloud.app.cli.check_against import CheckRequest, check_against

        request = CheckRequest(twin, against, policy, place, form, BookChoice.of(session, prices_directory))
        return check_against(request, lambda: connected(context))

    finish(context, form == "json", act)
