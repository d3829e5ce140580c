"""`advise`: options and help. What it does is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.options import JsonOption

if TYPE_CHECKING:
    from twin2multicloud.app.client.client import Client


@needs_backend
def advise(
    context: typer.Context,
    twin: Annotated[str, typer.Argument(metavar="TWIN", help="A kept twin's name or id.")],
    horizon_months: Annotated[
        float | None,
        typer.Option(metavar="N", help="Within so many months a move must pay; default: the server's setting, 12."),
    ] = None,
    messages: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="As if so many messages came for each one that the definition says."),
    ] = None,
    target: Annotated[
        Literal["clouds", "sandbox"] | None, typer.Option(help="Where it is deployed, if in both.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Show which moves of a deployed twin pay: saving a month against what moving costs once.

    \b
    Examples:
      twin2multicloud advise greenhouse
      twin2multicloud advise greenhouse --horizon-months 24 --messages 3
    """

    def act(client: Client) -> int:
        from twin2multicloud.app.cli.advise import advise as run_advise

        return run_advise(client, twin, target, horizon_months, messages, json_output)

    with_client(context, json_output, act)
