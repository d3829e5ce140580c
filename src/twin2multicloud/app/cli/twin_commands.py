"""The command group `twins`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli import twin_operating_commands, watching_commands
from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import (
    DenyOption,
    JsonOption,
    ProvidersOption,
    ResidencyOption,
    complete_pin,
    complete_workload,
)

twins = plain_group("twins")

NameArgument = Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")]
WorkspaceOption = Annotated[
    str | None, typer.Option(metavar="ID", help="Needed by those who are in several workspaces.")
]
NoteOption = Annotated[str, typer.Option(metavar="TEXT", help="What this version is about.")]


@twins.command("list")
@needs_backend
def list_twins(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(metavar="TEXT", help="Only names with this in them.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD", help="name, created_at, updated_at, usd, devices or alerts; -FIELD for the other way."
        ),
    ] = None,
    cloud: Annotated[
        Literal["aws", "azure", "gcp"] | None,
        typer.Option(metavar="CLOUD", help="Only those that are placed there, at least in part."),
    ] = None,
    life: Annotated[
        Literal["draft", "deploying", "deployed", "partial", "moving", "destroying"] | None,
        typer.Option(metavar="LIFE", help="Only draft, deploying, deployed, partial, moving or destroying ones."),
    ] = None,
    health: Annotated[
        Literal["ok", "degraded", "down", "unknown"] | None,
        typer.Option(metavar="HEALTH", help="Only those that are ok, degraded, down or unknown."),
    ] = None,
    attention: Annotated[bool, typer.Option("--attention", help="Only those that need it.")] = False,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="At most so many.")] = None,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """List the twins that you may see.

    \b
    Examples:
      twin2multicloud twins list
      twin2multicloud twins list --search berlin --sort -updated_at
      twin2multicloud twins list --health down --sort -alerts
      twin2multicloud twins list --server https://twins.example.org --json
    """
    from twin2multicloud.app.cli import twins as commands

    chosen = commands.Chosen(workspace, search, cloud, life, health, attention, sort, limit)
    with_client(context, json_output, lambda client: commands.list_all(client, chosen, json_output))


@twins.command("show")
@needs_backend
def show(
    context: typer.Context,
    twin: NameArgument,
    version: Annotated[int | None, typer.Option(metavar="N", min=1, help="This version; left out: the newest.")] = None,
    source: Annotated[bool, typer.Option("--source", help="Only the definition, as it was written.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Show a twin, or write its definition.

    \b
    Examples:
      twin2multicloud twins show greenhouse
      twin2multicloud twins show greenhouse --version 3 --source > twin.yaml
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.show(client, twin, version, source, json_output))


@twins.command("create")
@needs_backend
def create(
    context: typer.Context,
    definition: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A twin's file, a built-in scenario's name, or - for standard input.",
            autocompletion=complete_workload,
        ),
    ],
    note: NoteOption = "",
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Keep a new twin: its definition and the files it names.

    \b
    Examples:
      twin2multicloud twins create twin.yaml
      twin2multicloud twins create smart-home --note "to try it"
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.create(client, definition, note, workspace, json_output))


@twins.command("edit")
@needs_backend
def edit(
    context: typer.Context,
    twin: NameArgument,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", help="The new definition; left out: $VISUAL or $EDITOR opens the newest version."
        ),
    ] = None,
    note: NoteOption = "",
    seen: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="The version that FILE was made from; refused if the twin is beyond it by now."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Keep a new version of a twin. What somebody else changed meanwhile is not overwritten but told.

    \b
    Examples:
      twin2multicloud twins edit greenhouse
      twin2multicloud twins edit greenhouse twin.yaml --note "a second house" --seen 3
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.edit(client, twin, file, note, seen, json_output))


@twins.command("versions")
@needs_backend
def versions(context: typer.Context, twin: NameArgument, json_output: JsonOption = False) -> None:
    """List a twin's versions, the newest first.

    \b
    Examples:
      twin2multicloud twins versions greenhouse
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.versions(client, twin, json_output))


@twins.command("diff")
@needs_backend
def diff(
    context: typer.Context,
    twin: NameArgument,
    before: Annotated[
        int | None, typer.Argument(metavar="[BEFORE]", min=1, help="A version; left out: the one before the newest.")
    ] = None,
    after: Annotated[int | None, typer.Argument(metavar="[AFTER]", min=1, help="Left out: the newest.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Show what changed from one version of a twin to another.

    \b
    Examples:
      twin2multicloud twins diff greenhouse
      twin2multicloud twins diff greenhouse 2 5
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.diff(client, twin, before, after, json_output))


@twins.command("restore")
@needs_backend
def restore(
    context: typer.Context,
    twin: NameArgument,
    number: Annotated[int, typer.Argument(metavar="VERSION", min=1, help="As `twins versions` numbers them.")],
    definition_only: Annotated[
        bool, typer.Option("--definition-only", help="Leave the slots where they are placed now.")
    ] = False,
    note: NoteOption = "",
    json_output: JsonOption = False,
) -> None:
    """Take an earlier version of a twin up again as the next one, with where its slots were placed then.

    \b
    Examples:
      twin2multicloud twins restore greenhouse 3
      twin2multicloud twins restore greenhouse 3 --definition-only
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(
        context,
        json_output,
        lambda client: commands.restore(client, twin, number, not definition_only, note, json_output),
    )


@twins.command("delete")
@needs_backend
def delete(
    context: typer.Context,
    twin: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Forget a twin with all its versions and runs. Refused while anything of it exists.

    \b
    Examples:
      twin2multicloud twins delete greenhouse
    """
    from twin2multicloud.app.cli import twins as commands

    with_client(context, json_output, lambda client: commands.delete(client, twin, yes, json_output))


@twins.command("optimize")
@needs_backend
def optimize(
    context: typer.Context,
    twin: NameArgument,
    providers: ProvidersOption = None,
    deny: DenyOption = None,
    residency: ResidencyOption = None,
    max_clouds: Annotated[int | None, typer.Option(metavar="N", min=1, max=3, help="At most so many clouds.")] = None,
    take: Annotated[bool, typer.Option("--take", help="Also place the twin as proposed.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Find the cheapest placement of a twin that can be deployed, and keep it as a proposal.

    \b
    Examples:
      twin2multicloud twins optimize greenhouse --take
      twin2multicloud twins optimize greenhouse --residency EU --max-clouds 2
    """
    from twin2multicloud.app.cli import placing as commands

    request = commands.ProposalRequest(
        twin, tuple(providers or ()), tuple(deny or ()), tuple(residency or ()), max_clouds, take, json_output
    )
    with_client(context, json_output, lambda client: commands.optimize(client, request))


@twins.command("place")
@needs_backend
def place(
    context: typer.Context,
    twin: NameArgument,
    choices: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SLOT=WHAT]…",
            help="What fills a slot: a cloud or an offer, either with @region. The others stay.",
            autocompletion=complete_pin,
        ),
    ] = None,
    proposal: Annotated[str | None, typer.Option(metavar="ID", help="As this proposal of `optimize` says.")] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="SLOT", help="What was decided for this slot holds no more. Repeatable."),
    ] = None,
    note: NoteOption = "",
    json_output: JsonOption = False,
) -> None:
    """Decide where a twin's slots go, and see what that costs against the cheapest.

    \b
    Examples:
      twin2multicloud twins place greenhouse L3.hot=azure
      twin2multicloud twins place greenhouse --proposal opt_4qz0m8k2v1x7c9b3n5d6
    """
    from twin2multicloud.app.cli import placing as commands

    request = commands.PlaceRequest(twin, tuple(choices or ()), proposal, tuple(drop or ()), note, json_output)
    with_client(context, json_output, lambda client: commands.place(client, request))


twin_operating_commands.add_to(twins)
watching_commands.add_to(twins)
